"""The headline table as a picture: what each side found at each budget, with its interval."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import polars as pl

from rtml.evaluation.ledger import Ledger
from rtml.report.chosen import best_held, in_front
from rtml.showing.drawing import FAINT, GRID, INK, PAPER, WIDTH, dot, fitted, line, paper, shortened, text
from rtml.showing.shown import Content, Shown, element, svg
from rtml.text import visible

__all__ = ["MOST", "dots", "headline"]

MOST = 24
"""Sides that are drawn, those in front first; the others are counted."""

_COLOURS = {"rules": "#b35900", "model": "#0b5fa5", "rival": "#5c5c5c", "union": "#00735c"}
_HALF = 3.3
"""Half the width of a character of a label."""
_NAMES, _ROW, _TOP, _GAP = 226, 34, 84, 18
_EXPLAINED = (
    "number: attacks found / false findings; bar: 95 % interval; hollow and !: the budget was broken",
    "tick: what the best threshold finds at that cost, chosen on the test: an upper bound",
)


class _Column(NamedTuple):
    """The cells of one budget: from none of the attacks to all of them."""

    left: float
    width: float
    attacks: int

    def x(self, found: float) -> float:
        return round(self.left + self.width * min(max(found / self.attacks, 0.0), 1.0), 1)


def headline(ledger: Ledger) -> Shown:
    """Draw what each side of a ledger found at each budget; sides that stand in front come first.

    Parameters
    ----------
    ledger
        What `rtml.compare` returned.
    """
    return dots(ledger.headline, int(ledger.facts["counts"]["attacks"]), in_front(ledger))


def dots(table: pl.DataFrame, attacks: int, front: Collection[str] = ()) -> Shown:
    """Draw a dot and its interval per side and budget.

    Parameters
    ----------
    table
        `rtml.evaluation.headline.HEADLINE`.
    attacks
        How many there were to find.
    front
        Sides to draw first; the others follow in the order of the table.

    Examples
    --------
    >>> row = {"side": "rules", "kind": "rules", "asked": 1.0, "found": 5, "found_low": 0.2,
    ...        "found_high": 0.8, "false": 2, "rate": 0.7, "rate_low": 0.1, "rate_high": 2.5,
    ...        "budget": "held", "oracle": 6}
    >>> dots(pl.DataFrame([row]), attacks=10)
    Found of 10 attacks, by false findings per container-day that were asked for
    rules, 1 a day: 5 found (20 % – 80 %), 2 false, held; 6 by the best threshold
    """
    title = f"Found of {attacks:,} attacks, by false findings per container-day that were asked for"
    if table.is_empty() or not attacks:
        return svg(paper(48, "No side or no attack to compare"), "no side or no attack to compare")
    names = table["side"].unique(maintain_order=True).to_list()
    ordered = [name for name in names if name in front] + [name for name in names if name not in front]
    shown, budgets = ordered[:MOST], table["asked"].unique().sort().to_list()
    width = (WIDTH - 14 - _NAMES) / len(budgets)
    columns = {
        asked: _Column(_NAMES + place * width + _GAP / 2, width - _GAP, attacks)
        for place, asked in enumerate(budgets)
    }
    bottom = _TOP + len(shown) * _ROW
    content, best = list(_frame(columns, len(shown), bottom)), best_held(table)
    for place, name in enumerate(shown):
        rows = table.filter(pl.col("side") == name).sort("asked")
        content += _side(rows, name, _TOP + place * _ROW, columns, best)
    if len(names) > len(shown):
        content.append(text(14, bottom + 14, f"… {len(names) - len(shown):,} more sides", fill=FAINT))
    content += [
        text(14, bottom + 34 + 15 * n, said, fill=FAINT, size=11) for n, said in enumerate(_EXPLAINED)
    ]
    plain = [_line(row) for name in shown for row in _rows(table, name)]
    return svg(paper(bottom + 60, title, *content), "\n".join([title, *plain]))


def _rows(table: pl.DataFrame, name: str) -> Iterator[dict[str, Any]]:
    yield from table.filter(pl.col("side") == name).sort("asked").iter_rows(named=True)


def _frame(columns: dict[float, _Column], sides: int, bottom: float) -> Iterator[Content]:
    for asked, column in columns.items():
        middle = column.left + column.width / 2
        yield text(middle, _TOP - 32, f"{asked:g} a day", "middle", INK, 12, 600)
        for share, side in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
            x = column.x(share * column.attacks)
            yield line(x, _TOP - 8, x, bottom, GRID)
            yield text(x, _TOP - 13, f"{share * column.attacks:.3g}", side, FAINT, 10)
    for place in range(sides):
        y = _TOP + (place + 1) * _ROW
        yield line(14, y, WIDTH - 14, y, GRID)


def _side(
    rows: pl.DataFrame, name: str, top: float, columns: dict[float, _Column], best: dict[float, int]
) -> Iterator[Content]:
    ink = _COLOURS.get(rows["kind"][0], INK)
    yield from _named(name, top + 22, ink)
    for row in rows.iter_rows(named=True):
        column, y = columns[row["asked"]], top + 23
        held, won = row["budget"] == "held", row["found"] == best.get(row["asked"])
        x = column.x(row["found"])
        if row["found_low"] is not None:
            ends = (column.x(row[f"found_{end}"] * column.attacks) for end in ("low", "high"))
            low, high = ends
            yield line(low, y, high, y, ink, width=2.5)
        if row["oracle"] is not None:
            mark = column.x(row["oracle"])
            yield line(mark, y - 5, mark, y + 5, FAINT, width=1.5)
        yield _point(x, y, ink, held, _line(row))
        label = f"{row['found']:,} / {row['false']:,}{'' if held else ' !'}"
        half = _HALF * len(label)
        middle = min(max(x, column.left + half - 8), column.left + column.width - half + 8)
        yield text(middle, y - 9, label, "middle", INK if held else FAINT, 11, 700 if held and won else 400)


def _named(name: str, y: float, ink: str) -> Iterator[Content]:
    """Write the name of a side; one of two sides that is too long for a line stands on two."""
    first, plus, second = name.rpartition(" + ")
    room = _NAMES - 24
    if not plus or shortened(name, room) == visible(name):
        yield fitted(14, y, name, room, fill=ink, weight=600, name=True)
        return
    yield fitted(14, y - 7, f"{first} +", room, fill=ink, weight=600, name=True)
    yield fitted(14, y + 7, second, room, fill=ink, weight=600, name=True)


def _point(x: float, y: float, ink: str, held: bool, hint: str) -> Content:
    if held:
        return dot(x, y, 5, ink, hint)
    return element(
        "circle", element("title", hint), cx=x, cy=y, r=4.2, fill=PAPER, stroke=ink, stroke_width=1.6
    )


def _line(row: dict[str, Any]) -> str:
    span = (
        ""
        if row["found_low"] is None
        else f" ({row['found_low']:.0%} – {row['found_high']:.0%})".replace("%", " %")
    )
    best = "" if row["oracle"] is None else f"; {row['oracle']:,} by the best threshold"
    side = visible(row["side"], 80)
    return (
        f"{side}, {row['asked']:g} a day: {row['found']:,} found{span}, {row['false']:,} false,"
        f" {row['budget']}{best}"
    )
