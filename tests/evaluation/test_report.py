"""The report: self-contained, and no string from a capture can break out of it."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest

from rtml.evaluation.ledger import build_ledger
from rtml.evaluation.sides import Side
from rtml.evaluation.timeline import make_timeline, most_attacked
from rtml.evaluation.track import make_track
from rtml.experiment.report_input import false_causes
from rtml.experiment.robustness.judging import ROBUSTNESS
from rtml.report.input import Cost, ReportInput, Story, TreeRow
from rtml.report.page import render_report, write_report
from rtml.report.tree import DEEPEST, nested
from rtml.schema import FINDINGS, LABELS, empty
from tests.evaluation.frames import make_finding, score_frame, utc

EVIL = "<script>alert(1)</script>\"><img src=x onerror=alert(2)>'--><a href='javascript:x'>"
UNSEEN = "a\x1b[2Jb\u202egnp\u2066\x00\u200b"
HOSTILE = EVIL + UNSEEN
VOID = {"meta", "br", "wbr", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """Collects tags, attributes and the text of script elements; checks that tags are balanced."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.scripts, self.open = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "script":
            self.scripts.append([dict(attrs), ""])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1][1] += data


def robustness_of(text: str) -> pl.DataFrame:
    rows = [
        (change, level, text, side, asked, 3, 4, 1, 2.0, "held", None)
        for change, level in (("as recorded", 0.0), (text, 0.5))
        for side in ("rules", "models", "both")
        for asked in (1.0, 3.0)
    ]
    rows.append((f"{text} too", 1.0, text, "rules", None, None, None, None, None, None, text))
    return pl.DataFrame(rows, schema=ROBUSTNESS, orient="row")


def hostile_source(windows, labels, processes, text):
    labels = labels.with_columns(pl.lit(text).alias("name"), pl.lit(text).alias("technique"))
    track = make_track(windows, labels, processes)
    noise = np.random.default_rng(3).random(track.windows.height)
    finding = make_finding(
        first=41,
        process_id=20,
        title=text,
        type=text,
        detector=text,
        workload=text,
        container_name=text,
        techniques=[text],
        contributions=[{"feature": text, "value": 1.0, "usual": None, "share": 0.5}],
    )
    sides = [
        Side("rules", "rules", finding.with_columns(contributions=None)),
        Side(text, "model", finding, score_frame(track.windows, noise), note=text),
    ]
    ledger = build_ledger(sides, track, notes=[text])
    events = pl.DataFrame(
        {"time": utc([1.5, 2.5, 41.0]), "kind": [text, "exec", "open"], "container_id": ["c0"] * 3}
    )
    return ReportInput(
        title=text,
        ledger=ledger,
        capture={text: text},
        timelines={"c0": make_timeline("c0", events, sides, track, name=text)},
        stories=[
            Story(
                "a1",
                finding.with_columns(side=pl.lit(text), kind=pl.lit("model")),
                [TreeRow(0, text, text, 1, text, "both", text), TreeRow(9, text, None, mark=text)],
            )
        ],
        findings=pl.concat([finding, sides[0].findings]),
        causes=false_causes([(side, side.findings, track.match(side.findings)) for side in sides]),
        lost=text,
        looks=text,
        robustness=robustness_of(text),
        costs=[Cost(text, 1.0)],
        rejected=[(text, 2)],
        blind=[text],
        skipped_rules=[(text, text)],
        run=text,
    )


@pytest.fixture
def hostile(windows, labels, processes):
    return hostile_source(windows, labels, processes, HOSTILE)


@pytest.fixture
def page(hostile):
    return render_report(hostile)


def test_hostile_strings_make_no_element_and_no_attribute(page, windows, labels, processes):
    parsed = Page(page)
    tame = Page(render_report(hostile_source(windows, labels, processes, "tame")))
    assert parsed.open == [] and "img" not in parsed.tags
    assert set(parsed.tags) - {"wbr"} == set(tame.tags)  # ours: where a long name may break
    assert parsed.tags.count("script") == 1
    names = {name for _, name, _ in parsed.attributes}
    assert not [name for name in names if name.startswith("on")]
    assert "src" not in names
    assert all(
        re.fullmatch(r"#[a-z]+(-\d+)?", value) for _, name, value in parsed.attributes if name == "href"
    )


def test_what_cannot_be_seen_is_spelled_out(page):
    body = page[: page.rindex("<script>")]
    for character in "\x1b\u202e\u2066\x00\u200b":
        assert character not in page
    assert "\\x1b[2Jb\\u202egnp" in body and "&lt;script&gt;alert(1)" in body


def test_only_our_scripts_may_run(page):
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
    assert policy.replace("&#39;", "'").startswith("default-src 'none'; script-src 'sha256-")
    allowed = set(re.findall(r"sha256-[A-Za-z0-9+/=]+", policy.replace("&#43;", "+")))
    running = [text for attrs, text in Page(page).scripts if "type" not in attrs]
    digests = [hashlib.sha256(text.encode()).digest() for text in running]
    assert {f"sha256-{base64.b64encode(digest).decode()}" for digest in digests} == allowed
    assert len(allowed) == 1 and "img-src" not in policy


def test_links_lead_somewhere_on_the_page(page):
    attributes = Page(page).attributes
    places = [value for _, name, value in attributes if name == "id"]
    assert len(places) == len(set(places))
    assert {value[1:] for _, name, value in attributes if name == "href"} <= set(places)


def test_nothing_is_fetched(page):
    fetching = {"src", "srcset", "action", "data", "poster", "background"}
    assert not [item for item in Page(page).attributes if item[1] in fetching]
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style and "@import" not in style


def test_the_title_says_lab(page, hostile, tmp_path):
    assert "(lab data) - rtml</title>" in page and ">lab data</span>" in page
    path = write_report(hostile, tmp_path / "deep" / "report.html")
    assert path.read_text("utf-8") == page, "the same input gives the same page"


def test_a_page_without_attacks_split_or_pictures(windows):
    track = make_track(windows, empty(LABELS))
    ledger = build_ledger([Side("rules", "rules", empty(FINDINGS))], track)
    page = render_report(ReportInput("quiet", ledger, lab=False))
    assert "No attack in test time" in page and "no split was made here" in page
    assert Page(page).open == [] and page.count("<script") == 1 and len(page) < 60_000
    assert most_attacked(track) is None


def test_split_and_missing_values_are_shown(page):
    assert "undefined" not in page[: page.index("How to read")].split("<tbody>")[0]
    assert "usual ?" in page and "ORACLE" not in page


@pytest.mark.parametrize("depths", [[0, 50, 2, -4, 1], list(range(300)), [5], []])
def test_any_depth_makes_balanced_lists(depths):
    items = nested([TreeRow(depth, "x", None) for depth in depths])
    opened = sum(item["open"] for item in items)
    assert opened == sum(item["close"] for item in items) <= DEEPEST + 1
