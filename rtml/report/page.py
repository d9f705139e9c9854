"""One self-contained ``report.html``: no network, no script but its own, every string escaped.

The page works without scripts: tables carry every number, pictures are SVG. Scripts only sort and filter.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from rtml.errors import RtmlError
from rtml.numbers import number, percent, shortly
from rtml.reading.whole import write_text
from rtml.report.beside import beside_rules
from rtml.report.budget_picture import budget_picture, budget_series
from rtml.report.by_grade import BY_GRADE_EXPLAINED, grade_rows
from rtml.report.chosen import first_rules
from rtml.report.headline import headline_rows
from rtml.report.headline_picture import headline
from rtml.report.input import ReportInput
from rtml.report.pitfalls import pitfalls
from rtml.report.robustness import robustness_view
from rtml.report.rows import (
    attack_rows,
    cause_rows,
    finding_rows,
    matrix_rows,
    point_rows,
    split_bars,
    story_rows,
    summary_rows,
)
from rtml.report.sentences import three_sentences
from rtml.report.techniques import technique_matrix
from rtml.report.timeline_picture import timeline_picture
from rtml.text import visible

__all__ = ["add_robustness", "render_report", "write_report"]

TEMPLATES = Path(__file__).parent / "templates"
_BEGINS, _ENDS = "<!-- robustness begins -->", "<!-- robustness ends -->"
_MARKS = re.compile(r"(?<=[:/._])(?=\w)")
_LONGEST = 2000  # characters of one string on the page
_SIZES = ((520, 430), (340, 320))
"""Of the picture of budgets, on wide and on narrow screens."""


def write_report(source: ReportInput, path: Path | str) -> Path:
    """Write the page to ``path`` (whole or not at all) and return the path."""
    path = Path(path)
    write_text(path, render_report(source))
    return path


def render_report(source: ReportInput) -> str:
    """Return the page as one string.

    Security: a Content-Security-Policy allows exactly the one script of this page by its hash and nothing
    from any network; templates autoescape, pictures are built of elements; control characters and direction
    overrides are spelled out.
    """
    script = Markup((TEMPLATES / "tables.js").read_text("utf-8"))
    ledger = source.ledger
    drawn = ledger.headline.height and ledger.facts["counts"]["attacks"]
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            source=source,
            facts=ledger.facts,
            sentences=three_sentences(ledger),
            script=script,
            hash=Markup(_hash(script)),
            css=Markup((TEMPLATES / "report.css").read_text("utf-8")),
            headline=headline_rows(ledger),
            budget=[Markup(budget_picture(ledger, *size)) for size in _SIZES] if drawn else [],
            intervals=Markup(headline(ledger).markup) if drawn else "",
            series=[row for row in budget_series(ledger) if row["front"]],
            timelines=_timelines(source),
            **_tables(source),
        )
    )


def add_robustness(path: Path | str, table: pl.DataFrame) -> None:
    """Put what `rtml experiment robustness` found into the page of a run that is there already.

    Raises
    ------
    RtmlError
        The file is no page of a run, or one of another version.
    """
    path = Path(path)
    before, begins, rest = path.read_text("utf-8").partition(_BEGINS)
    _, ends, after = rest.partition(_ENDS)
    if not (begins and ends):
        raise RtmlError(f"{path}: no report of a run that could tell of robustness; run the experiment again")
    section = _environment().get_template("parts/robustness.html.j2")
    write_text(path, before + section.render(robustness=robustness_view(table)).strip() + after)


def _tables(source: ReportInput) -> dict[str, Any]:
    ledger = source.ledger
    return {
        "sides": summary_rows(ledger),
        "split": split_bars(ledger.facts["split"]),
        "attacks": attack_rows(ledger),
        "grades": grade_rows(ledger),
        "grades_explained": BY_GRADE_EXPLAINED,
        "points": point_rows(ledger),
        "names": _columns(source),
        "findings": finding_rows(source.findings),
        "stories": story_rows(source),
        "matrix": matrix_rows(technique_matrix(ledger)),
        "beside": beside_rules(ledger),
        "reference": first_rules(ledger),
        "causes": cause_rows(source),
        "pitfalls": pitfalls(source),
        "robustness": robustness_view(source.robustness),
    }


def _timelines(source: ReportInput) -> dict[str, dict[str, Any]]:
    return {
        container: {"place": place, "name": timeline.container, "picture": Markup(timeline_picture(timeline))}
        for place, (container, timeline) in enumerate(source.timelines.items(), 1)
    }


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    made.filters |= {"number": number, "shortly": shortly, "share": percent, "parted": _parted}
    return made


def _parted(name: Any) -> Markup:
    """Let a long name break behind its marks: `Execution:Runtime/AnomalousBehavior.Binaries`."""
    return Markup(_MARKS.sub("<wbr>", str(escape(_harmless(name)))))


def _harmless(value: Any) -> Any:
    """Spell out what cannot be seen, before the autoescape; our own markup stays."""
    if value is None:
        return ""
    ours = isinstance(value, Markup) or not isinstance(value, str)
    return value if ours else visible(value, _LONGEST)


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _columns(source: ReportInput) -> list[dict[str, str]]:
    """Return the sides that have a column in the table of attacks: rules, models and rivals."""
    rows = source.ledger.summary.select("side", "kind").iter_rows(named=True)
    return [row for row in rows if row["kind"] in ("rules", "model", "rival")]
