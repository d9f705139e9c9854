"""Attacks found against false findings per container-day: where sides stood, and what scores could do."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from rtml.evaluation.ledger import Ledger
from rtml.numbers import number
from rtml.report.chosen import in_front
from rtml.report.drawing import Box, Element, line, path, picture, stairs, text, titled
from rtml.showing.shown import element

__all__ = ["budget_picture", "budget_series"]

Row = dict[str, Any]
_MARGINS = (46, 14, 16, 44)
"""Left, right, top, bottom."""
_OF_SIDE = "mark k-{kind} s-{place}"


def budget_series(ledger: Ledger) -> list[Row]:
    """Return what is drawn: ``side``, ``kind``, ``place`` among its kind, and whether it stands in front."""
    front, seen, rows = in_front(ledger), dict[str, int](), []
    sides = ledger.headline.select("side", "kind").unique(maintain_order=True)
    for side, kind in sides.iter_rows():
        ahead = side in front
        place = seen.get(kind, 0) if ahead else 0
        seen[kind] = seen.get(kind, 0) + ahead
        rows.append({"side": side, "kind": kind, "place": place % 4, "front": ahead})
    return rows


def budget_picture(ledger: Ledger, width: int = 520, height: int = 400) -> str:
    """Draw every side's operating points, joined, and dashed the curve of each side that stands in front.

    A point is a side at one asked budget: filled where the budget held, hollow where it was broken. Dashed is
    what a threshold chosen on the test finds: an upper bound, never a result. The x axis is logarithmic, with
    zero at its left edge; the shaded part lies below one false finding in the whole test time.
    """
    box = _box(ledger, width, height)
    marks = [*_axes(ledger, box)]
    for series in sorted(budget_series(ledger), key=lambda row: row["front"]):
        marks += [*_curve(ledger, series, box), *_points(ledger, series, box)]
    label = "Attacks found against false findings per container-day; the numbers are in the table beside it"
    return picture(width, height, label, *marks, kind="picture")


def _smallest(ledger: Ledger) -> float:
    return float(24 * ledger.facts["smallest_rate_per_hour"])


def _zero(ledger: Ledger) -> float:
    return min(_smallest(ledger), 0.5) / 3


def _box(ledger: Ledger, width: int, height: int) -> Box:
    left, right, top, bottom = _MARGINS
    most = ledger.headline["rate"].max()
    widest = max(float(most) if isinstance(most, float) else 0.0, _smallest(ledger), 30.0) * 1.4
    attacks = max(ledger.facts["counts"]["attacks"], 1)
    ends = (math.log10(_zero(ledger)), math.log10(widest))
    return Box(left, top, width - left - right, height - top - bottom, *ends, 0.0, attacks * 1.04)


def _x(rate: float, ledger: Ledger, box: Box) -> float:
    return box.x(math.log10(max(rate, _zero(ledger))))


def _axes(ledger: Ledger, box: Box) -> list[Element]:
    bottom, right = box.top + box.height, box.left + box.width
    attacks = ledger.facts["counts"]["attacks"]
    edge = _x(_smallest(ledger), ledger, box)
    shade = element(
        "rect", x=box.left, y=box.top, width=round(edge - box.left, 1), height=box.height, class_="shade"
    )
    marks = [titled(shade, "less than one false finding in this test time")]
    for value in range(0, attacks + 1, max(1, math.ceil(attacks / 6))):
        marks += [line(box.left, box.y(value), right, box.y(value), "grid")]
        marks += [text(box.left - 6, box.y(value) + 4, str(value), "end")]
    for power in range(math.ceil(box.begin), math.floor(box.end) + 1):
        x = box.x(power)
        if x - box.left > 24:
            marks.append(line(x, box.top, x, bottom, "grid"))
            marks.append(text(x, bottom + 15, f"{10.0**power:,g}", "middle"))
    marks.append(text(box.left, bottom + 15, "0", "middle"))
    marks.append(text(right, bottom + 34, "false findings per container-day", "end"))
    turned = text(14, box.top, f"attacks found, of {attacks}", "end")
    turned.set("transform", f"rotate(-90 14 {box.top:g})")
    return [*marks, turned]


def _curve(ledger: Ledger, series: Row, box: Box) -> list[Element]:
    rows = ledger.curve.filter(pl.col("side") == series["side"])
    if not series["front"] or rows.height < 2:
        return []
    xs = [_x(rate, ledger, box) for rate in rows["false_per_container_day"]]
    ys = [box.y(found) for found in rows["found"]]
    drawn = path(stairs([*xs, box.left + box.width], [*ys, ys[-1]]), f"curve k-{series['kind']}")
    return [titled(drawn, f"{series['side']}: chosen on the test")]


def _points(ledger: Ledger, series: Row, box: Box) -> list[Element]:
    rows = ledger.headline.filter(pl.col("side") == series["side"]).drop_nulls("rate")
    faint = "" if series["front"] else " faint"
    kind = _OF_SIDE.format(**series) + faint
    places = [(_x(row["rate"], ledger, box), box.y(row["found"])) for row in rows.iter_rows(named=True)]
    joined = path("M" + "L".join(f"{x:g} {y:g}" for x, y in places), f"joined {kind}") if places else None
    dots = [
        titled(
            element(
                "circle", cx=x, cy=y, r=4.5 if series["front"] else 2.5, class_=f"{kind} {row['budget']}"
            ),
            f"{series['side']}, asked {row['asked']:g}: {row['found']} found, {row['false']} false "
            f"({number(row['rate'], '.2g')} a day), {row['budget']}",
        )
        for (x, y), row in zip(places, rows.iter_rows(named=True), strict=True)
    ]
    return [*([joined] if joined is not None else []), *dots]
