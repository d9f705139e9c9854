"""The headline table for a terminal: sides at the same budgets, alone and beside tuned rules."""

from __future__ import annotations

from typing import Any

import polars as pl
from rich.table import Table
from rich.text import Text

from rtml.evaluation.ledger import Ledger
from rtml.report.rows import number
from rtml.report.strings import visible

__all__ = ["EXPLAINED", "headline_table"]

EXPLAINED = (
    "attacks found / false findings, each side set before the test to that many false findings per "
    "container-day; ! = the budget was broken; [ ] = the best that a threshold chosen on the test finds there"
)
_FIRST = (1.0, 3.0, 10.0, 0.5, 30.0)
"""Which budgets are kept where the terminal is narrow."""

_CELL, _NAME = 14, 36


def headline_table(ledger: Ledger, width: int = 160) -> Table:
    """Return the table; the most that a side found without breaking its budget is bold in each column."""
    shown = sorted(_FIRST[: max(1, (width - _NAME) // _CELL)])
    rows = ledger.headline.filter(pl.col("asked").is_in(shown))
    best = dict(
        rows.filter(pl.col("budget") == "held").group_by("asked").agg(pl.col("found").max()).iter_rows()
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(Text(f"found of {ledger.facts['counts']['attacks']} at"), overflow="fold")
    for budget in shown:
        table.add_column(Text(f"{budget:g} a day"), justify="right", no_wrap=True)
    for name in rows["side"].unique(maintain_order=True):
        cells = rows.filter(pl.col("side") == name).sort("asked").iter_rows(named=True)
        table.add_row(visible(name, 60), *(_cell(cell, best.get(cell["asked"])) for cell in cells))
    return table


def _cell(row: dict[str, Any], best: int | None) -> Text:
    held = row["budget"] == "held"
    style = "dim" if not held else "bold" if row["found"] == best else ""
    oracle = "" if row["oracle"] is None else f" [{row['oracle']}]"
    return Text(f"{row['found']} / {number(row['false'])}{'' if held else ' !'}", style) + Text(oracle, "dim")
