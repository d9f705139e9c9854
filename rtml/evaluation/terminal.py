"""The ledger's summary for a terminal, as one Rich table."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from rtml.evaluation.ledger import Ledger
from rtml.evaluation.strings import visible

__all__ = ["ledger_table", "ledger_view"]

FEW = 3
STYLES = {"rules": "yellow", "model": "blue", "union": "green", "trivial": "dim"}


def ledger_view(ledger: Ledger) -> Group:
    """Return what a command prints: the headline, the table, reasons for what is undefined.

    Strings that come from a capture are shown with their control characters spelled out and
    without Rich markup.
    """
    facts = ledger.facts
    head = Text.assemble(
        ("ledger", "bold"),
        f"  at <= {facts['budget_per_container_day']:g} false finding(s) per container-day (test "
        f"time: {facts['test_container_hours']:.1f} container-hours, so the smallest rate that can "
        f"be seen is {facts['smallest_rate_per_hour']:.2g} per hour)",
    )
    gain = Text(f"  models found what rules missed: {_gain(facts['gain'])}")
    return Group(
        head, ledger_table(ledger), gain, *(Text(line, "dim") for line in _reasons(ledger))
    )


def ledger_table(ledger: Ledger) -> Table:
    """Return the summary as a table: found, interval, false, AP, TPR at 1 % FPR, delay, only.

    ``-`` stands for undefined; the reasons follow the table in `ledger_view`.
    """
    attacks = ledger.facts["counts"]["attacks"]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    heads = (f"found of {attacks}", "[95 %]", "false", "per container-day", "AUROC", "AP",
             "TPR@1%", "median delay", "only this side")  # fmt: skip
    for head in heads:
        table.add_column(Text(head), justify="right", no_wrap=True)
    for row in ledger.summary.iter_rows(named=True):
        style = STYLES[row["kind"]]
        table.add_row(_title(row, style), *(Text(cell) for cell in _cells(row)))
    return table


def _title(row: dict[str, Any], style: str) -> Text:
    oracle = " ORACLE" if row["oracle"] else ""
    note = f" ({visible(row['note'], 60)})" if row["note"] and row["kind"] == "trivial" else ""
    return Text.assemble((visible(row["side"], 40), style), (oracle, "bold red"), (note, "dim"))


def _cells(row: dict[str, Any]) -> list[str]:
    return [
        f"{row['found']:.3g}",
        _interval(row, "recall", ".2f"),
        f"{row['false']:.3g}",
        f"{_number(row['rate'], '.3g')} {_interval(row, 'rate', '.3g')}".strip(),
        _number(row["auroc"], ".3f"),
        _number(row["average_precision"], ".3f"),
        _number(row["tpr"], ".2f"),
        "-" if row["delay"] is None else f"{row['delay']:.3g} s",
        "-" if row["only"] is None else str(row["only"]),
    ]


def _gain(gain: dict[str, Any]) -> str:
    if gain["value"] is None:
        return str(gain["reason"])
    return f"{gain['value']:.0%} of attacks [{gain['low']:.0%}, {gain['high']:.0%}]"


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _interval(row: dict[str, Any], name: str, form: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return "" if low is None else f"[{low:{form}}, {high:{form}}]"


def _reasons(ledger: Ledger) -> list[str]:
    columns = {"recall": "found", "auroc": "AUROC", "average_precision": "AP", "tpr": "TPR@1%"}
    said: dict[str, list[str]] = {}
    for row in ledger.summary.iter_rows(named=True):
        for name, title in columns.items():
            if reason := row[f"{name}_reason"]:
                said.setdefault(f"{title}: {reason}", []).append(row["side"])
    return [f"  - {reason} ({_who(who)})" for reason, who in said.items()]


def _who(names: list[str]) -> str:
    return visible("; ".join(names), 200) if len(names) <= FEW else f"{len(names)} sides"
