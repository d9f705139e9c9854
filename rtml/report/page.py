"""One self-contained ``report.html``: no network, no script but its own, every string escaped.

The page works without scripts (tables carry every number), in light and dark, and on paper.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rtml.reading.whole import write_text
from rtml.report.figures import budget_figure, timeline_figure
from rtml.report.input import ReportInput
from rtml.report.rows import attack_rows, finding_rows, point_rows, split_bars, summary_rows
from rtml.report.sentences import three_sentences
from rtml.report.strings import script_json, visible
from rtml.report.tree import nested

__all__ = ["render_report", "write_report"]

TEMPLATES = Path(__file__).parent / "templates"
_LONGEST = 2000  # characters of one string on the page


def write_report(source: ReportInput, path: Path | str) -> Path:
    """Write the page to ``path`` (whole or not at all) and return the path."""
    path = Path(path)
    write_text(path, render_report(source))
    return path


def render_report(source: ReportInput) -> str:
    """Return the page as one string of about 5 MB, most of it the inlined Plotly.

    Security: a Content-Security-Policy allows exactly the two scripts of this page by their hash
    and nothing from any network; templates autoescape; control characters and direction overrides
    are spelled out; JSON for pictures cannot end its script element.
    """
    from plotly.offline import get_plotlyjs

    scripts = [Markup(get_plotlyjs()), Markup((TEMPLATES / "draw.js").read_text("utf-8"))]
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            source=source,
            facts=source.ledger.facts,
            sentences=three_sentences(source.ledger),
            scripts=scripts,
            hashes=[Markup(_hash(script)) for script in scripts],
            css=Markup((TEMPLATES / "report.css").read_text("utf-8")),
            figures={name: Markup(script_json(figure)) for name, figure in _figures(source).items()},
            sides=summary_rows(source.ledger),
            split=split_bars(source.ledger.facts["split"]),
            attacks=attack_rows(source.ledger),
            points=point_rows(source.ledger),
            names=_columns(source),
            findings=finding_rows(source.findings),
            tree=nested(source.tree),
        )
    )


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )


def _harmless(value: Any) -> Any:
    """Spell out what cannot be seen, before the autoescape; our own markup stays."""
    if value is None:
        return ""
    ours = isinstance(value, Markup) or not isinstance(value, str)
    return value if ours else visible(value, _LONGEST)


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _figures(source: ReportInput) -> dict[str, dict[str, Any]]:
    ledger = source.ledger
    figures = {}
    if ledger.curve.height and ledger.facts["counts"]["attacks"]:
        figures["budget"] = budget_figure(ledger.curve, ledger.facts, ledger.points)
    if source.timeline is not None:
        figures["timeline"] = timeline_figure(source.timeline)
    return figures


def _columns(source: ReportInput) -> list[dict[str, str]]:
    """Return the sides that have a column in the table of attacks: rules, models and rivals."""
    rows = source.ledger.summary.select("side", "kind").iter_rows(named=True)
    return [row for row in rows if row["kind"] in ("rules", "model", "rival")]
