"""The report in a real headless Chromium (`make browser`): quiet, inert, by keyboard, at 400 px."""

import os
import shutil

import pytest

from rtml.report.page import write_report
from tests.evaluation.test_report import HOSTILE, hostile_source

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright here: `make browser`")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: `make browser`"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

OUTSIDE = """() => [...document.querySelectorAll("main *")].filter((one) => {
  const box = one.getBoundingClientRect();
  const scrolls = one.closest(".scroll, .scrolls, .tree");
  return box.width && box.right > innerWidth + 1 && (!scrolls || scrolls === one);
}).map((one) => one.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        sandbox = [] if os.geteuid() else ["--no-sandbox"]
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        yield chromium
        chromium.close()


class Seen:
    """A page, and all that it said, asked and fetched."""

    def __init__(self, browser, file, width=1280, scripts=True):
        context = browser.new_context(viewport={"width": width, "height": 800}, java_script_enabled=scripts)
        self.page, self.said, self.fetched = context.new_page(), [], []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append("dialog"), dialog.dismiss()))
        self.page.on("request", lambda request: self.fetched.append(request.url))
        self.page.goto(file.as_uri())


@pytest.fixture
def file(windows, labels, processes, tmp_path):
    return write_report(hostile_source(windows, labels, processes, "tame"), tmp_path / "report.html")


@pytest.fixture
def hostile(windows, labels, processes, tmp_path):
    return write_report(hostile_source(windows, labels, processes, HOSTILE), tmp_path / "hostile.html")


def test_hostile_strings_do_nothing_and_nothing_is_fetched(browser, hostile):
    seen = Seen(browser, hostile)
    for shown in seen.page.locator("details").all():
        shown.evaluate("one => { one.open = true; }")
    for button in seen.page.locator("th button").all():
        button.dispatch_event("click")
    assert seen.said == [] and seen.fetched == [hostile.as_uri()]
    assert seen.page.locator("img, iframe, main script").count() == 0
    assert "<script>alert(1)</script>" in seen.page.locator("main").inner_text()


def test_every_column_sorts_by_keyboard(browser, file):
    page = Seen(browser, file).page
    button = page.locator("#attacks ~ .scroll th button").first
    for _ in range(200):
        page.keyboard.press("Tab")
        if button.evaluate("one => one === document.activeElement"):
            break
    else:
        pytest.fail("no key reaches the sort button")
    rows = page.locator("#attacks ~ .scroll tbody tr th")
    before = rows.all_inner_texts()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert rows.all_inner_texts() == sorted(before, reverse=True) != before
    head = page.locator("#attacks ~ .scroll th[aria-sort]")
    assert head.get_attribute("aria-sort") == "descending"


def test_a_link_opens_the_story_that_it_leads_to(browser, file):
    page = Seen(browser, file).page
    story = page.locator("#attack-1")
    assert not story.is_visible()
    link = page.locator("a[href='#attack-1']")
    link.focus()
    page.keyboard.press("Enter")
    story.wait_for(state="visible", timeout=2000)
    assert story.locator(".tree .exe").first.is_visible()


def test_a_filter_hides_the_other_rows(browser, file):
    page = Seen(browser, file).page
    field = page.locator("#attacks ~ .filter input")
    rows = page.locator("#attacks ~ .scroll tbody tr")
    field.fill("a2 tame")
    assert [row.inner_text()[:2] for row in rows.all() if row.is_visible()] == ["a2"]
    field.fill("")
    assert all(row.is_visible() for row in rows.all())


def test_without_scripts_everything_is_there(browser, file):
    page = Seen(browser, file, scripts=False).page
    assert page.locator("th button, .filter").count() == 0
    assert page.locator(".first .picture:visible").count() == 1
    assert page.locator("#headline ~ .scroll td").count() >= 5
    page.locator("details.story summary").first.click()
    assert page.locator("#attack-1 .tree").is_visible()


@pytest.mark.parametrize("width", [400, 900, 1280])
def test_nothing_lies_off_screen(browser, hostile, width):
    page = Seen(browser, hostile, width).page
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OUTSIDE) == []


def test_every_scrolling_box_can_be_scrolled_by_keyboard(browser, file):
    page = Seen(browser, file, 400).page
    boxes = page.locator(".scroll, .scrolls, .tree")
    assert boxes.count() and page.locator(":is(.scroll, .scrolls, .tree):not([tabindex='0'])").count() == 0
