"""Tables of a notebook: frames and facts as plain HTML that needs no style sheet."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from xml.etree import ElementTree as ET

import polars as pl

from rtml.numbers import number
from rtml.showing.shown import NO_MATH, Content, Shown, element, html
from rtml.text import visible

__all__ = ["MOST_ROWS", "facts", "table"]

MOST_ROWS = 40
"""Rows that are shown; what is left out is counted."""

_BAR = 12
_WIDEST = 60
_ROOM = "20em"
"""Room that long machine text has at least: on a narrow page a table is scrolled, its words stay whole."""
_NOTHING = ("", "–")
_LONG_WORD, _MOMENT = re.compile(r"\S{21}"), re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_ID, _NAMED = re.compile(r"[0-9a-f]{64}"), 12
_SPACE = "padding: .3em .6em; vertical-align: top"
_LEFT, _RIGHT = f"text-align: left; {_SPACE}", f"text-align: right; {_SPACE}"
_BARRED = f"{_LEFT}; white-space: nowrap"


def table(
    frame: pl.DataFrame,
    shares: Sequence[str] = (),
    code: Sequence[str] = (),
    most: int = MOST_ROWS,
    above: Sequence[str] = (),
) -> Shown:
    """Show a frame; its column names are the headings.

    Parameters
    ----------
    frame
        Any frame of numbers, times, strings, Booleans and lists of them; null shows as a dash, a
        time with its day unless all in its column have the same, an id of 64 digits by its first twelve.
    shares
        Columns of shares (0 to 1), drawn as a bar with a percentage.
    code
        Columns of machine text (commands, titles), set in a fixed-width font.
    most
        Rows to show.
    above
        Columns of long text: on a page they stand on a line of their own above the rest of their row, where
        they say something, so that no width is too narrow for them. As plain text they are columns.

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
        {name: _bar(cell) if name in shares else _text(cell, name in dated) for name, cell in row.items()}
        for row in frame.head(most).iter_rows(named=True)
    ]
    beside = {name: _side(kind, name in shares) for name, kind in frame.schema.items() if name not in above}
    more = _more(frame, most)
    made = element("table", element("thead", *_head(beside, above)), class_=NO_MATH)
    made.extend(_bodies(rows, beside, above, code))
    if more:
        made[-1].append(element("tr", _across([more], beside)))
    return html(made, _plain([frame.columns, *(list(row.values()) for row in rows)], more))


def _more(frame: pl.DataFrame, most: int) -> str:
    if frame.is_empty():
        return "none" if frame.width else ""
    return f"… {frame.height - most:,} more rows" if frame.height > most else ""


def _side(kind: pl.DataType, bar: bool) -> str:
    return _BARRED if bar else _RIGHT if kind.is_numeric() else _LEFT


def _head(beside: Mapping[str, str], above: Sequence[str]) -> Iterator[ET.Element]:
    if above:
        yield element("tr", element("th", ", ".join(above), colspan=max(len(beside), 1), style=_LEFT))
    yield element("tr", *(element("th", name, style=side) for name, side in beside.items()))


def _bodies(
    rows: Sequence[Mapping[str, str]], beside: Mapping[str, str], above: Sequence[str], code: Sequence[str]
) -> list[ET.Element]:
    """Return the rows; what stands above begins a body of its own: its rows belong to it."""
    bodies = [element("tbody")]
    for row in rows:
        said = [(row[name], name in code) for name in above if row[name] not in _NOTHING]
        if said and len(bodies[-1]):
            bodies.append(element("tbody"))
        if said:
            lines = (element("div", element("code", text) if typed else text) for text, typed in said)
            bodies[-1].append(element("tr", _across(list(lines), beside)))
        cells = (_cell(row[name], side, name in code) for name, side in beside.items())
        bodies[-1].append(element("tr", *cells))
    return bodies


def _across(content: Sequence[Content], beside: Mapping[str, str]) -> ET.Element:
    return element("td", *content, colspan=max(len(beside), 1), style=_LEFT)


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
    if _ID.fullmatch(text):
        return element("td", element("code", _short(text), title=text), style=side)
    return element("td", element("code", text) if typed else text, style=f"{side}{_width(text, typed)}")


def _width(text: str, typed: bool) -> str:
    """Return what keeps a cell from being too narrow for its words, or too wide for the page."""
    if typed:
        return f"; min-width: {_ROOM}" if len(text) > _WIDEST // 2 else ""
    if _MOMENT.fullmatch(text):
        return "; min-width: 5.5em"
    return "; min-width: 8em; overflow-wrap: anywhere" if _LONG_WORD.search(text) else ""


def _short(text: str) -> str:
    """Return the beginning of the id of a container, as container tools show it; else the text."""
    return f"{text[:_NAMED]}…" if _ID.fullmatch(text) else text


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
        return number(value) if abs(value) < 1e15 else f"{value:.3g}"
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
    shown = [[visible(_short(cell), _WIDEST) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    lines = [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in shown
    ]
    return "\n".join([*lines, more] if more else lines)
