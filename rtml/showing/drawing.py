"""Paper, ink and axes: what pictures share, in a notebook and on a page.

A picture brings its own paper, so it reads the same on a light page, on a dark one, and where it is
drawn as an image that knows nothing of the page around it.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple
from xml.etree import ElementTree as ET

from rtml.showing.shown import Content, element
from rtml.text import visible

__all__ = [
    "ALARM",
    "FAINT",
    "GRID",
    "INK",
    "LEFT",
    "PAPER",
    "QUIET",
    "RIGHT",
    "WIDTH",
    "Axis",
    "curve",
    "dot",
    "fitted",
    "line",
    "numbers",
    "paper",
    "rect",
    "room_of",
    "shortened",
    "text",
    "times",
]

INK, FAINT, GRID, ALARM, QUIET = "#1f2328", "#656d76", "#e3dfd6", "#c8361d", "#5b7fa6"
PAPER = "#fcfbf8"

WIDTH, LEFT, RIGHT = 880, 190, 850
"""Width of a picture; where its plot begins and ends."""

_STEPS = (1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14400, 86400, 604800, 2592000, 31536000)
_SHAPES = ((86401, "%Y-%m-%d"), (86400, "%m-%d"), (60, "%H:%M"), (0, "%H:%M:%S"))
_MOST_TICKS = 9
_GLYPH = 0.6
"""Width of an ordinary character, by the size of the font; wide ones (CJK) take two."""
_LONGEST, _TAIL = 400, 0.4
"""Characters of a label that are looked at; share of a room that the end of a name gets."""
_FONT = "ui-sans-serif, system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif"


class Axis(NamedTuple):
    """Values laid out from `LEFT` to `RIGHT`; what lies outside stays at the edge.

    Examples
    --------
    >>> Axis(0, 10).x(5), Axis(0, 10).x(99), Axis(3, 3).x(3)
    (520.0, 850.0, 190.0)
    """

    low: float
    high: float

    def x(self, value: float) -> float:
        """Return where a value stands."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.0
        return round(LEFT + min(max(share, 0.0), 1.0) * (RIGHT - LEFT), 1)


def paper(height: float, title: str, *content: Content) -> ET.Element:
    """Return a picture of this height with a title above its content."""
    return element(
        "svg",
        element("rect", width=WIDTH, height=height, rx=6, fill=PAPER, stroke=GRID),
        fitted(14, 24, title, WIDTH - 28, size=14, weight=600),
        *content,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {height:g}",
        width=WIDTH,
        height=height,
        role="img",
        font_family=_FONT,
        style="max-width: 100%; height: auto",
    )


def text(
    x: float, y: float, label: str, anchor: str = "start", fill: str = INK, size: int = 12, weight: int = 400
) -> ET.Element:
    r"""Write a string: escaped, control characters spelled out.

    Examples
    --------
    >>> text(0, 0, "<script>\x1b[2J").text
    '<script>\\x1b[2J'
    """
    return element("text", label, x=x, y=y, text_anchor=anchor, fill=fill, font_size=size, font_weight=weight)


def shortened(label: str, room: float, size: int = 12, name: bool = False) -> str:
    r"""Return what of a string fits into a room, made visible; an ellipsis stands for what does not.

    A sentence loses its end; of a ``name`` beginning and end are kept: versions and programs stand there.

    Examples
    --------
    >>> shortened("nothing of it is new", 80), shortened("web", 80), shortened("\u684c\u684c", 24)
    ('nothing of…', 'web', '\u684c…')
    >>> shortened("registry.example/shop/web:2", 80, name=True)
    'regist…eb:2'
    """
    said, most = visible(label, _LONGEST), room / (_GLYPH * size)
    if _width(said) <= most:
        return said
    tail = _head(said[::-1], (most - 1) * _TAIL)[::-1] if name else ""
    return f"{_head(said, most - 1 - _width(tail))}…{tail}"


def room_of(said: str, size: int = 12) -> float:
    r"""Return about how wide a string is, in units of its picture.

    Examples
    --------
    >>> room_of("web", 10), room_of("\u684c", 10)
    (18.0, 12.0)
    """
    return _GLYPH * size * _width(said)


def _head(said: str, most: float) -> str:
    ends = list(accumulate(map(_width, said)))
    return said[: bisect_right(ends, most)]


def _width(said: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in said)


def fitted(
    x: float,
    y: float,
    label: str,
    room: float,
    anchor: str = "start",
    fill: str = INK,
    size: int = 12,
    weight: int = 400,
    name: bool = False,
) -> ET.Element:
    """Write a string into the room that it has; one that is cut is whole under the pointer."""
    short = shortened(label, room, size, name)
    made = text(x, y, short, anchor, fill, size, weight)
    made.extend([element("title", label)] if short != label else [])
    return made


def rect(
    x: float, y: float, width: float, height: float, fill: str, hint: str = "", opacity: float = 1.0
) -> ET.Element:
    """Return a rectangle; ``hint`` shows under the pointer."""
    faded = {} if opacity >= 1 else {"fill_opacity": round(opacity, 2)}
    return element(
        "rect",
        *_hint(hint),
        x=round(x, 1),
        y=round(y, 1),
        width=round(width, 1),
        height=round(height, 1),
        fill=fill,
        **faded,
    )


def dot(x: float, y: float, radius: float, fill: str, hint: str = "", opacity: float = 1.0) -> ET.Element:
    """Return a dot; ``hint`` shows under the pointer."""
    return element("circle", *_hint(hint), cx=x, cy=y, r=radius, fill=fill, fill_opacity=opacity)


def line(
    x1: float, y1: float, x2: float, y2: float, stroke: str = GRID, dash: str = "none", width: float = 1
) -> ET.Element:
    """Return a straight line."""
    return element(
        "line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, stroke_dasharray=dash, stroke_width=width
    )


def curve(
    x1: float, y1: float, x2: float, y2: float, stroke: str, width: float, hint: str = "", dash: str = "none"
) -> ET.Element:
    """Return a curve that leaves and arrives level."""
    middle = (x1 + x2) / 2
    return element(
        "path",
        *_hint(hint),
        d=f"M{x1:.1f} {y1:.1f}C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2:.1f}",
        fill="none",
        stroke=stroke,
        stroke_width=round(width, 1),
        stroke_dasharray=dash,
    )


def _hint(hint: str) -> list[Content]:
    return [element("title", hint)] if hint else []


def times(axis: Axis, top: float, bottom: float) -> Iterator[Content]:
    """Yield a grid of clock times (UTC), of days where these are far apart; the axis is in seconds."""
    span = axis.high - axis.low
    step = next((seconds for seconds in _STEPS if span / seconds <= _MOST_TICKS), _STEPS[-1])
    shape = next(shape for least, shape in _SHAPES if step >= least)
    at = -(-axis.low // step) * step
    while at <= axis.high and span / step <= 10 * _MOST_TICKS:
        clock = f"{dt.datetime.fromtimestamp(at, dt.UTC):{shape}}"
        yield from _tick(axis.x(at), top, bottom, clock)
        at += step


def numbers(axis: Axis, top: float, bottom: float) -> Iterator[Content]:
    """Yield a grid of round numbers."""
    span = max(axis.high - axis.low, 1e-9)
    power = 10.0 ** (len(f"{span:.0f}") - 1) if span >= 1 else 0.1
    step = next(
        size
        for size in (power / 5, power / 2, power, 2 * power, 5 * power, span)
        if span / size <= _MOST_TICKS
    )
    for number in range(int(span / step + 1e-9) + 1):
        value = axis.low + number * step
        yield from _tick(axis.x(value), top, bottom, f"{value:,.4g}")


def _tick(x: float, top: float, bottom: float, label: str) -> Iterator[Content]:
    yield line(x, top, x, bottom)
    yield text(x, bottom + 15, label, "middle", FAINT, 11)
