"""What a worse world does to rules, models and both: a picture per change, and one table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
from markupsafe import Markup

from rtml.report.drawing import Box, Element, line, path, picture, text, titled
from rtml.showing.shown import element
from rtml.text import visible

__all__ = ["robustness_view"]

_KINDS = {"rules": "rules", "models": "model", "both": "union"}
_WIDTH, _HEIGHT = 300, 190
_MARGINS = (34, 12, 26, 38)
"""Left, right, top, bottom."""
_KEY = ["change", "level", "unit"]


def robustness_view(table: pl.DataFrame | None, asked: float = 1.0) -> dict[str, Any]:
    """Return what the page shows: rows, budgets, and pictures at the one that is asked for.

    Parameters
    ----------
    table
        ``change, level, unit, side, asked, found, of, false, budget, reason`` (`rtml experiment robustness`);
        null: it was not tried.
    """
    if table is None or table.is_empty():
        return {"rows": []}
    budgets = table["asked"].drop_nulls().unique().sort().to_list()
    return {"rows": _rows(table), "budgets": budgets, "asked": asked, "pictures": _pictures(table, asked)}


def _rows(table: pl.DataFrame) -> list[dict[str, Any]]:
    """Return one row per change, level and side: at each budget found and false, or why it was not judged."""
    rows = []
    for (change, level, unit, side), part in table.group_by(*_KEY, "side", maintain_order=True):
        cells = [
            {
                "asked": row["asked"],
                "text": f"{row['found']} / {row['false']}",
                "broken": row["budget"] == "broken",
            }
            for row in part.drop_nulls("found").iter_rows(named=True)
        ]
        about = {"change": change, "level": f"{level:g} {unit}" if unit else "", "side": side}
        kind, reason = _KINDS.get(str(side), "union"), part["reason"].first()
        rows.append({**about, "kind": kind, "cells": cells, "reason": reason})
    return rows


def _pictures(table: pl.DataFrame, asked: float) -> list[Markup]:
    """Draw attacks found against how much of each change there is, at one budget.

    Levels stand at equal distances, the recording as it is (the first change of the table) at the left.
    """
    rows = table.filter(pl.col("asked") == asked).drop_nulls("found")
    if rows.is_empty():
        return []
    plain = rows.filter(pl.col("change") == rows["change"][0])
    changes = rows["change"].unique(maintain_order=True)[1:]
    return [Markup(_picture(name, plain, rows.filter(pl.col("change") == name))) for name in changes]


def _picture(name: str, plain: pl.DataFrame, changed: pl.DataFrame) -> str:
    levels = changed["level"].unique(maintain_order=True).to_list()
    left, right, top, bottom = _MARGINS
    most = max(int(plain["of"][0]), 1)
    box = Box(left, top, _WIDTH - left - right, _HEIGHT - top - bottom, -0.2, len(levels) + 0.2, 0, most)
    unit = str(changed["unit"][0])
    marks = [*_axes(box, most, levels, unit), text(left, 15, visible(name, 30), kind="")]
    for side, kind in _KINDS.items():
        marks += _side(box, pl.concat([plain, changed]).filter(pl.col("side") == side), side, kind)
    return picture(_WIDTH, _HEIGHT, f"{name}: attacks found of {most}, by {unit}", *marks, kind="picture")


def _axes(box: Box, most: int, levels: list[float], unit: str) -> Iterator[Element]:
    for value in (0, most):
        yield line(box.left, box.y(value), box.left + box.width, box.y(value), "grid")
        yield text(box.left - 6, box.y(value) + 4, str(value), "end")
    for place, level in enumerate(["none", *(f"{level:g}" for level in levels)]):
        yield text(box.x(place), box.top + box.height + 15, level, "middle")
    yield text(box.left + box.width, box.top + box.height + 31, unit, "end")


def _side(box: Box, rows: pl.DataFrame, side: str, kind: str) -> Iterator[Element]:
    places = [(box.x(place), box.y(found)) for place, found in enumerate(rows["found"])]
    yield path("M" + "L".join(f"{x:g} {y:g}" for x, y in places), f"joined mark k-{kind} s-0")
    for (x, y), row in zip(places, rows.iter_rows(named=True), strict=True):
        cost = f"{row['false']} false, {row['budget']}"
        said = f"{side}, {row['level']:g}: {row['found']} of {row['of']} found, {cost}"
        yield titled(element("circle", cx=x, cy=y, r=4, class_=f"mark k-{kind} s-0 {row['budget']}"), said)
