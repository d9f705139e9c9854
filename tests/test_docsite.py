"""The documentation: what is registered has its place, links lead somewhere, the picture has its numbers."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from docsite.catalogues import CATALOGUES
from docsite.catalogues.commands import named_commands
from docsite.headline import PAGE, PICTURE, drawn, headline_of, headline_of_run
from docsite.hook import made
from docsite.notebooks import filled, tutorial
from docsite.places import ROOT, outside, tutorials
from rtml import registered
from rtml.evaluation.measures import REGISTERED
from rtml.features import AUDIT_FAMILIES, FAMILIES
from rtml.findings.remediation import advised
from rtml.profiles.formats import FORMATS as PROFILES
from rtml.rules.correlations import CORRELATIONS
from rtml.rules.facts import pack_facts

PAGES = {page: (ROOT / file).read_text("utf-8") for file, page in outside().items()}
PAGES |= {
    file.relative_to(ROOT / "docs").as_posix(): file.read_text("utf-8")
    for file in (ROOT / "docs").rglob("*.md")
}
FILES = {f"docs/{page}": text for page, text in PAGES.items() if page not in outside().values()}
FILES |= {file: PAGES[page] for file, page in outside().items()}
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCED = re.compile(r"^( *)(`{3,}).*?^\1\2`*$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return made()


def wanted() -> dict[str, Iterable[str]]:
    families = [*FAMILIES.values(), *AUDIT_FAMILIES.values()]
    rules = [
        path.stem for folder in registered.PACKS.values() for path in (ROOT / "rtml/rules" / folder).iterdir()
    ]
    handed = [*registered.SINKS, *registered.EXPORTS, *registered.ALERTS, *registered.ENGINES, *PROFILES]
    return {
        "features": [name for family in families for name in family.columns],
        "detectors": registered.DETECTORS,
        "rules": [*rules, *(rule.name for rule in CORRELATIONS)],
        "finding-types": advised(),
        "sensors": registered.SENSORS,
        "measures": REGISTERED,
        "sinks-and-formats": handed,
        "datasets": registered.DATASETS,
        "commands": [name for name, _ in named_commands()],
    }


@pytest.mark.parametrize("name", CATALOGUES)
def test_every_registered_name_is_on_its_page(pages: dict[str, str], name: str):
    text = pages[f"catalogues/{name}.md"]
    names = list(wanted()[name])
    assert names and [each for each in names if f"`{each}`" not in text and f"## {each}\n" not in text] == []


def test_every_registered_thing_says_what_it_is(pages: dict[str, str]):
    for page, text in pages.items():
        rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
        assert [row for row in rows if len(row) > 1 and not row[1].strip(" |")] == [], page
    for line in pages["catalogues/rules.md"].splitlines():
        assert "{'" not in line, "a mapping where a sentence is meant: quote what has a colon"
    assert len(pack_facts(registered.PACKS)) == pages["catalogues/rules.md"].count("\n| ") - 3


@pytest.mark.parametrize("module", ["markdown", "places", "headline", "notebooks", "catalogues.rules"])
def test_examples_run(module: str):
    done = doctest.testmod(importlib.import_module(f"docsite.{module}"))
    assert done.attempted and not done.failed


def anchors(text: str) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", FENCED.sub("", text), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", head).lower()).strip().replace(" ", "-") for head in heads
    }


@pytest.mark.parametrize("file", FILES)
def test_links_between_files_lead_somewhere(file: str):
    for target in LINK.findall(FENCED.sub("", FILES[file])):
        path, _, anchor = target.partition("#")
        if "://" in path:
            continue
        found = os.path.normpath(os.path.join(os.path.dirname(file), path)) if path else file
        assert (ROOT / found).exists(), f"{file}: {target}; link a catalogue by what it is made of"
        assert not anchor or anchor in anchors(FILES[found]), f"{file}: no heading #{anchor} in {found}"


def test_a_link_that_leads_nowhere_is_seen():
    assert "how-good-is-it" in anchors("## How good is it?") and "none" not in anchors("```\n# none\n```")
    assert LINK.findall("[a](b.md#c) `x`") == ["b.md#c"]


def test_readme_is_one_screen_and_what_it_calls_is_there():
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(text.splitlines()) <= 75 and "../shared" not in text
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z-]+)", text)) <= targets
    assert [name for name in called(text) if not known(name)] == []
    for module in re.findall(r"python -m ([\w.]+)", text):
        assert importlib.util.find_spec(module), module


def called(text: str) -> list[str]:
    return re.findall(r"(?:\$ |`)rtml ((?:[a-z-]+ ?)+)", text)


def known(words: str) -> bool:
    return any(f"rtml {words} ".startswith(f"{name} ") for name, _ in named_commands())


def test_the_overview_of_commands_has_each():
    text = (ROOT / "docs/commands.md").read_text("utf-8")
    assert [name for name, _ in named_commands() if f"`{name}" not in text] == []
    assert [name for name in called(text) if not known(name)] == []


NAV = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]
CONCEPTS = next(part["Concepts"] for part in NAV if "Concepts" in part)


@pytest.mark.parametrize("page", sorted({*CONCEPTS} - {"how-it-works.md", "measures.md"}))
def test_every_concept_says_when_not_to_use_it(page: str):
    assert re.search(r"^\*\*When not to", PAGES[page], re.MULTILINE)


def test_the_picture_is_that_of_its_numbers(tmp_path: Path):
    headline = headline_of(PAGE.read_text("utf-8"))
    assert PICTURE.read_text("utf-8") == drawn(headline), "python -m docsite.headline draws it again"
    row = {"side": "<i>", "asked": 1.0, "found": 2, "false": 1200, "budget": "broken"}
    (tmp_path / "ledger.json").write_text(
        '{"facts": {"counts": {"attacks": 5}}, "headline": [' + str(row).replace("'", '"') + "]}"
    )
    picture = drawn(headline_of_run(tmp_path))
    assert "&lt;i&gt;" in picture and "1,200 !" in picture and 'class="broken"' in picture


HOSTILE = "<script>alert(1)</script>"


def test_a_notebook_is_a_page_with_its_outputs(tmp_path: Path):
    outputs = [
        {"output_type": "stream", "text": [HOSTILE]},
        {"output_type": "execute_result", "data": {"image/svg+xml": [HOSTILE], "text/plain": HOSTILE}},
    ]
    cells = [
        {"cell_type": "markdown", "source": ["# Hunt"]},
        {"cell_type": "code", "source": ["1 + 1"], "outputs": outputs},
    ]
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells}), "utf-8")
    text, shown = tutorial(tmp_path / "a.ipynb")
    assert text.startswith("# Hunt\n\n```python\n1 + 1\n```") and len(shown) == 2
    page = filled(text, shown)
    assert "<script" not in page and "&lt;script" in page and "data:image/svg+xml;base64," in page
    assert all(page in made() for page in tutorials().values())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for package in ("material", "mkdocstrings_handlers.python"):
        if importlib.util.find_spec(package.partition(".")[0]) is None:
            pytest.skip(
                "mkdocs is not installed here: `make docs` installs the extra 'docs' and builds the site"
            )
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(folder)]
    silent = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=silent, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "WARNING" not in done.stderr, done.stderr
    return folder


def test_the_site_has_every_name_and_fetches_nothing(site: Path):
    for name, names in wanted().items():
        text = (site / f"catalogues/{name}.html").read_text("utf-8").replace("&amp;", "&")
        assert [each for each in names if each not in text] == []
    for page in site.rglob("*.html"):
        assert not re.search(
            r'<(?:script|img|iframe|link)[^>]+(?:src|href)="(?:https?:)?//', page.read_text("utf-8")
        )


def test_a_link_to_what_a_catalogue_is_made_of_leads_to_the_catalogue(site: Path):
    assert 'href="../catalogues/features.html"' in (site / "concepts/surprise.html").read_text("utf-8")


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_search_works_from_the_disk(site: Path):
    """Browsers start no worker there; `docs/iframe-worker.js` runs it in a frame."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright here: `make browser`")
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("no Chromium here: `make browser`")
    with playwright.sync_playwright() as started:
        sandbox = [] if os.geteuid() else ["--no-sandbox"]
        browser = started.chromium.launch(executable_path=chromium, args=sandbox)
        page, asked = browser.new_page(), list[str]()
        page.on("request", lambda request: asked.append(request.url))
        page.goto((site / "concepts/rules.html").as_uri())
        page.click("input.md-search__input")
        page.type("input.md-search__input", "half-space")
        page.wait_for_selector(".md-search-result__item", state="attached", timeout=120_000)
        found = page.locator(".md-search-result__link").first.get_attribute("href")
        browser.close()
    assert found and found.startswith("file:") and [url for url in asked if not url.startswith("file:")] == []
