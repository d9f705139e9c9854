"""The ledger's summary for a terminal, as Rich renderables that fit its width."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table
from rich.text import Text

from rtml.evaluation.ledger import Ledger
from rtml.numbers import number, plural
from rtml.report.by_grade import BY_GRADE_EXPLAINED, grade_table
from rtml.report.headline import EXPLAINED, headline_table
from rtml.report.sentences import three_sentences
from rtml.report.warnings import warnings
from rtml.text import visible

__all__ = ["ledger_table", "ledger_view"]

FEW = 3
STYLES = {"rules": "yellow", "model": "blue", "union": "green", "rival": "magenta", "trivial": "dim"}
Row = dict[str, Any]


class _Column(NamedTuple):
    head: str
    cell: Callable[[Row], str]
    needs: int
    """Width of the terminal below which the column is left out."""


def _value(name: str, form: str, unit: str = "") -> Callable[[Row], str]:
    return lambda row: "-" if row[name] is None else number(row[name], form) + unit


def _interval(name: str, form: str) -> Callable[[Row], str]:
    low, high = f"{name}_low", f"{name}_high"
    return lambda row: "" if row[low] is None else f"{number(row[low], form)} – {number(row[high], form)}"


def _budget(row: Row) -> str:
    """Return what was asked, and what calibration containers that the threshold had not seen gave."""
    if row["asked"] is None:
        return "-"
    seen = "?" if row["calibrated"] is None else number(row["calibrated"], ".2g")
    return f"{number(row['asked'], 'g')} → {seen}"


COLUMNS = (
    _Column("found\nof {attacks}", lambda row: number(row["found"]), 0),
    _Column("\n[95 %]", _interval("recall", ".0%"), 70),
    _Column("\nfalse", lambda row: number(row["false"]), 0),
    _Column("false per\ncontainer-day", _value("rate", ".3g"), 100),
    _Column("\n[95 %]", _interval("rate", ".3g"), 130),
    _Column("asked →\ncalibration", _budget, 110),
    _Column("\nbudget", lambda row: row["budget"] or "-", 56),
    _Column("\nchanges", lambda row: str(row["changes"]) if row["asked"] else "-", 64),
    _Column("\nAUROC", _value("auroc", ".3f"), 88),
    _Column("\nAP", _value("average_precision", ".3f"), 60),
    _Column("TPR\n@1%", _value("tpr", ".0%"), 80),
    _Column("median\ndelay", _value("delay", ".3g", " s"), 50),
    _Column("only\nthis side", lambda row: "-" if row["only"] is None else str(row["only"]), 72),
)


class LedgerView:
    """What a command prints: headline, table, gain, and the reason for each undefined number."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render for the width at hand."""
        yield _headline(self.ledger)
        if self.ledger.headline.height:
            yield headline_table(self.ledger, options.max_width)
            yield Text(f"  {EXPLAINED}\n", "dim")
        if self.ledger.by_grade.height:
            yield grade_table(self.ledger, options.max_width)
            yield Text(f"  {BY_GRADE_EXPLAINED}\n", "dim")
        yield ledger_table(self.ledger, options.max_width)
        yield Group(*(Text(f"  {visible(line, 1000)}") for line in _told(self.ledger)))
        yield Group(*(Text(f"  - {line}", "dim") for line in _reasons(self.ledger)))
        yield Group(*warnings(self.ledger))


def ledger_view(ledger: Ledger) -> LedgerView:
    """Return the view to print with ``rich.console.Console.print``.

    Strings that come from a capture are shown with their control characters spelled out and
    without Rich markup. Narrow terminals get fewer columns, never cut numbers.
    """
    return LedgerView(ledger)


def _headline(ledger: Ledger) -> Text:
    facts, told = ledger.facts, _asked(ledger)
    return Text.assemble(
        ("ledger", "bold"),
        f"  {plural(facts['counts']['attacks'], 'attack')} in {facts['test_container_hours']:.1f} "
        f"container-hours of test time, so the smallest rate of false findings that can be seen is "
        f"{number(facts['smallest_rate_per_hour'], '.2g')} per hour{told}",
    )


def _asked(ledger: Ledger) -> str:
    """Say which budgets were asked, and of how many sides; nothing of sides that were asked for none."""
    asked = ledger.summary["asked"].drop_nulls().value_counts().sort("asked").iter_rows()
    told = [f"<= {budget:g} of {plural(sides, 'side')}" for budget, sides in asked]
    return f"; asked false findings per container-day: {', '.join(told)}" if told else ""


def ledger_table(ledger: Ledger, width: int = 160) -> Table:
    """Return the summary as a table: found, interval, false, AP, TPR at 1 % FPR, delay, only.

    ``-`` stands for undefined; the reasons follow the table in `ledger_view`.
    """
    shown = [column for column in COLUMNS if column.needs <= width]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", min_width=20, overflow="fold")
    for column in shown:
        head = column.head.format(attacks=ledger.facts["counts"]["attacks"])
        table.add_column(Text(head), justify="right", no_wrap=True)
    for row in ledger.summary.iter_rows(named=True):
        table.add_row(_title(row, width), *(Text(column.cell(row)) for column in shown))
    return table


def _title(row: Row, width: int) -> Text:
    oracle = " ORACLE" if row["oracle"] else ""
    noted = row["note"] and row["kind"] == "trivial" and width >= 130
    note = f"\n  {visible(row['note'], 64)}" if noted else ""
    name = visible(row["side"], 40)
    return Text.assemble((name, STYLES[row["kind"]]), (oracle, "bold red"), (note, "dim"))


def _told(ledger: Ledger) -> list[str]:
    """Return the three sentences; where there is no model, why there is nothing to compare."""
    reason = ledger.facts["gain"]["reason"]
    return three_sentences(ledger) or ([f"No gain over rules is stated: {reason}."] if reason else [])


def _reasons(ledger: Ledger) -> list[str]:
    columns = {"recall": "found", "auroc": "AUROC", "average_precision": "AP", "tpr": "TPR@1%"}
    sides_by_reason: dict[str, list[str]] = {}
    for row in ledger.summary.iter_rows(named=True):
        for name, title in columns.items():
            if reason := row[f"{name}_reason"]:
                sides_by_reason.setdefault(f"{title}: {reason}", []).append(row["side"])
    return [f"{reason} ({_side_names(sides)})" for reason, sides in sides_by_reason.items()]


def _side_names(names: list[str]) -> str:
    return visible("; ".join(names), 200) if len(names) <= FEW else f"{len(names)} sides"
