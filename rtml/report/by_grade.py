"""Who finds attacks of each grade and each way in, at the same realised cost: for terminal and page."""

from __future__ import annotations

from typing import Any

import polars as pl
from rich.table import Table
from rich.text import Text

from rtml.evaluation.by_grade import BY, MOST
from rtml.evaluation.ledger import Ledger
from rtml.numbers import number, shortly
from rtml.report.chosen import in_front
from rtml.text import visible

__all__ = ["BY_GRADE_EXPLAINED", "grade_cell", "grade_rows", "grade_table"]

BY_GRADE_EXPLAINED = (
    f"each side at the widest setting that really cost at most {MOST:g} false finding per container-day in "
    "the test (! = it costs more at its narrowest); parts of one attack count once; seconds: median until "
    "first seen"
)
_NAME, _CELL = 46, 12
Row = dict[str, Any]


def grade_table(ledger: Ledger, width: int = 160) -> Table:
    """Return found and median delay by grade and, where there is room, by entry."""
    rows = grade_rows(ledger)
    room = max(1, (width - _NAME) // _CELL)
    heads = rows["heads"][: max(room, sum(head["by"] == "grade" for head in rows["heads"]))]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(Text("found of"), overflow="fold")
    for head in heads:
        table.add_column(
            Text(f"{visible(head['name'], 20)}\n{head['attacks']}"), justify="right", no_wrap=True
        )
    table.add_column(Text("false\na day"), justify="right", no_wrap=True)
    for row in rows["rows"]:
        style = "" if row["within"] else "dim"
        cells = [Text(cell["text"], style) for cell in row["cells"][: len(heads)]]
        table.add_row(visible(row["side"], 60), *cells, Text(row["rate"], style))
    return table


def grade_rows(ledger: Ledger) -> dict[str, list[Row]]:
    """Return ``heads`` (``by, name, attacks``) and ``rows`` of cells, models and those in front; text.

    Both are empty where no label has a grade or an entry.
    """
    front = in_front(ledger)
    shown = pl.col("side").is_in(front) | (pl.col("kind") != "union")
    table = ledger.by_grade.filter(shown)
    heads = table.select("by", "of", "attacks").unique(maintain_order=True).rows(named=True)
    heads = sorted(heads, key=lambda head: (BY.index(head["by"]), head["of"]))
    rows = [_row(cells, heads) for _, cells in table.group_by("side", maintain_order=True)]
    named = [
        {**head, "name": f"grade {head['of']}" if head["by"] == "grade" else head["of"]} for head in heads
    ]
    return {"heads": named, "rows": rows}


def _row(cells: pl.DataFrame, heads: list[Row]) -> Row:
    first = cells.row(0, named=True)
    known = {(cell["by"], cell["of"]): cell for cell in cells.iter_rows(named=True)}
    asked = "it has no dial" if first["asked"] is None else f"asked {first['asked']:g} a day"
    return {
        "side": first["side"],
        "kind": first["kind"],
        "within": first["within"],
        "rate": f"{number(first['rate'], '.2g')}{'' if first['within'] else ' !'}",
        "said": f"{asked}, really {number(first['rate'], '.2g')}",
        "cells": [grade_cell(known[head["by"], head["of"]]) for head in heads],
    }


def grade_cell(cell: Row) -> Row:
    """Return ``found`` and, where any was found, how late.

    Examples
    --------
    >>> grade_cell({"found": 3, "delay_s": 41.2})["text"], grade_cell({"found": 0, "delay_s": None})["text"]
    ('3  41 s', '0')
    """
    late = "" if cell["delay_s"] is None else f"  {shortly(cell['delay_s'], '.2g')} s"
    return {"found": cell["found"], "delay": late.strip(), "text": f"{cell['found']}{late}"}
