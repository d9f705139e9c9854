"""Tables of a notebook: frames and facts as plain HTML that needs no style sheet."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

import polars as pl

from rtml.showing.shown import NO_MATH, Shown, element, html
from rtml.text import visible

__all__ = ["MOST_ROWS", "facts", "table"]

MOST_ROWS = 40
"""Rows that are shown; what is left out is counted."""

_BAR = 12
_WIDEST = 60
_ROOM = "20em"
"""Room that long machine text has at least: on a narrow page a table is scrolled, its words stay whole."""
_LEFT, _RIGHT = "text-align: left", "text-align: right"


def table(
    frame: pl.DataFrame, shares: Sequence[str] = (), code: Sequence[str] = (), most: int = MOST_ROWS
) -> Shown:
    """Show a frame; its column names are the headings.

    Parameters
    ----------
    frame
        Any frame of numbers, times, strings, Booleans and lists of them; null shows as a dash, a
        time with its day unless all in its column have the same.
    shares
        Columns of shares (0 to 1), drawn as a bar with a percentage.
    code
        Columns of machine text (commands, titles), set in a fixed-width font.
    most
        Rows to show.

    Examples
    --------
    >>> table(pl.DataFrame({"who": ["app", "web"], "alarms": [1200, None], "of all": [1.0, 0.0]}),
    ...       shares=["of all"])
    who  alarms  of all
    app  1,200   ████████████ 100 %
    web  –       0 %
    """
    dated = _dated(frame)
    rows = [
        [_bar(cell) if name in shares else _text(cell, name in dated) for name, cell in row.items()]
        for row in frame.head(most).iter_rows(named=True)
    ]
    sides = [
        _RIGHT if kind.is_numeric() and name not in shares else _LEFT for name, kind in frame.schema.items()
    ]
    typed = [name in code for name in frame.columns]
    names = zip(frame.columns, sides, strict=True)
    head = element("tr", *(element("th", name, style=side) for name, side in names))
    body = [element("tr", *(_cell(*cell) for cell in zip(row, sides, typed, strict=True))) for row in rows]
    more = f"… {frame.height - most:,} more rows" if frame.height > most else ""
    if more:
        body.append(element("tr", element("td", more, colspan=max(frame.width, 1), style=_LEFT)))
    made = element("table", element("thead", head), element("tbody", *body), class_=NO_MATH)
    return html(made, _plain([frame.columns, *rows], more))


def facts(values: Mapping[str, object]) -> Shown:
    """Show names and values, one a line.

    Examples
    --------
    >>> facts({"events": 388788, "lost": 0})
    events  388,788
    lost    0
    """
    rows = [[name, _text(value, dated=True)] for name, value in values.items()]
    lines = [
        element("tr", element("th", name, style=_LEFT), _cell(value, _LEFT, False)) for name, value in rows
    ]
    made = element("table", element("tbody", *lines), class_=NO_MATH)
    return html(made, _plain(rows, ""))


def _cell(text: str, side: str, typed: bool) -> ET.Element:
    wide = f"; min-width: {_ROOM}" if typed and len(text) > _WIDEST // 2 else ""
    return element("td", element("code", text) if typed else text, style=f"{side}{wide}")


def _dated(frame: pl.DataFrame) -> set[str]:
    """Return the columns of times on more than one day."""
    times = frame.select(pl.selectors.datetime())
    return {column.name for column in times if column.drop_nulls().dt.date().n_unique() > 1}


def _text(value: object, dated: bool) -> str:
    """Return a value as people write it; strings stay as they are (the element makes them safe)."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if 1000 <= abs(value) < 1e15 else f"{value:.3g}"
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}" if dated else f"{value:%H:%M:%S}"
    if isinstance(value, list | tuple):
        return ", ".join(_text(part, dated) for part in value) or "–"
    return str(value)


def _bar(share: float | None) -> str:
    if share is None or math.isnan(share):
        return "–"
    bounded = min(max(share, 0.0), 1.0)
    percent = "<1%" if 0 < bounded < 0.01 else f"{bounded:.0%}"
    return f"{'█' * round(_BAR * bounded)} {percent}".replace("%", " %").strip()


def _plain(rows: Sequence[Sequence[str]], more: str) -> str:
    shown = [[visible(cell, _WIDEST) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    lines = [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in shown
    ]
    return "\n".join([*lines, more] if more else lines)
