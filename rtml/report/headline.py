"""The headline table: sides at the same budgets, alone and beside tuned rules, for terminal and page."""

from __future__ import annotations

from typing import Any

import polars as pl
from rich.table import Table
from rich.text import Text

from rtml.evaluation.ledger import Ledger
from rtml.numbers import number, shortly
from rtml.report.chosen import best_held, in_front
from rtml.text import visible

__all__ = ["EXPLAINED", "headline_rows", "headline_table"]

EXPLAINED = (
    "attacks found / false findings, each side set before the test to that many false findings per "
    "container-day (what cannot be set is the same in every column); ! = the budget was broken; [ ] = the "
    "best that a threshold chosen on the test finds there"
)
_FIRST = (1.0, 3.0, 10.0, 0.5, 30.0)
"""Which budgets are kept where the terminal is narrow."""

_CELL, _NAME = 14, 36
Row = dict[str, Any]


def headline_table(ledger: Ledger, width: int = 160) -> Table:
    """Return the table; the most that a side found without breaking its budget is bold in each column."""
    shown = sorted(_FIRST[: max(1, (width - _NAME) // _CELL)])
    rows = ledger.headline.filter(pl.col("asked").is_in(shown))
    best = best_held(rows)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(Text(f"found of {ledger.facts['counts']['attacks']} at"), overflow="fold")
    for budget in shown:
        table.add_column(Text(f"{budget:g} a day"), justify="right", no_wrap=True)
    for name in rows["side"].unique(maintain_order=True):
        cells = rows.filter(pl.col("side") == name).sort("asked").iter_rows(named=True)
        table.add_row(visible(name, 60), *(_cell(cell, best.get(cell["asked"])) for cell in cells))
    return table


def _cell(row: Row, best: int | None) -> Text:
    held = row["budget"] == "held"
    style = "dim" if not held else "bold" if row["found"] == best else ""
    oracle = "" if row["oracle"] is None else f" [{row['oracle']}]"
    return Text(f"{row['found']} / {number(row['false'])}{'' if held else ' !'}", style) + Text(oracle, "dim")


def headline_rows(ledger: Ledger) -> dict[str, Any]:
    """Return ``budgets`` and ``groups`` of rows: those in front, then single detectors; numbers as text."""
    front, best = in_front(ledger), best_held(ledger.headline)
    rows = [
        {
            "side": name,
            "kind": cells["kind"][0],
            "cells": [_told(cell, best) for cell in cells.iter_rows(named=True)],
        }
        for name in ledger.headline["side"].unique(maintain_order=True)
        for cells in [ledger.headline.filter(pl.col("side") == name).sort("asked")]
    ]
    groups = [
        {"title": title, "rows": [row for row in rows if (row["side"] in front) == ahead]}
        for title, ahead in (("", True), ("single detectors, and tuned rules with each", False))
    ]
    budgets = ledger.headline["asked"].unique().sort().to_list()
    return {"budgets": budgets, "groups": [group for group in groups if group["rows"]]}


def _told(row: Row, best: dict[float, int]) -> Row:
    held = row["budget"] == "held"
    kept = "held" if held else "broken"
    rate = "" if row["rate"] is None else f"{_span(row, 'rate', '.2g')} a day"
    share = _span(row, "found", ".0%")
    return {
        "found": row["found"],
        "false": number(row["false"]),
        "broken": not held,
        "best": held and row["found"] == best.get(row["asked"]),
        "oracle": row["oracle"],
        "said": f"asked {row['asked']:g}: {kept}; {rate}; found {share} of attacks",
        "rate": shortly(row["rate"], ".2g"),
    }


def _span(row: Row, name: str, form: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    value = "" if name == "found" else f"{shortly(row[name], form)} "
    return value + ("" if low is None else f"[{number(low, form)} – {number(high, form)}]")
