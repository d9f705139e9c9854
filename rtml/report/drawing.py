"""Pictures as SVG, drawn here: nothing runs or is fetched, and they are there on paper and without scripts.

Colours are classes that the page's style fills in, so light and dark follow. Text passes
`rtml.showing.shown.element`, whose serialiser escapes it. Hovering shows the ``title`` of a mark.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from rtml.showing.shown import element

__all__ = ["Box", "Element", "line", "path", "picture", "stairs", "text", "time_ticks", "titled"]

Element = ET.Element
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


@dataclass(frozen=True)
class Box:
    """A place in a picture, and what its edges stand for.

    Examples
    --------
    >>> box = Box(10, 0, 100, 50, 0.0, 2.0, 0.0, 4.0)
    >>> box.x(1.0), box.y(4.0)
    (60.0, 0.0)
    """

    left: float
    top: float
    width: float
    height: float
    begin: float
    end: float
    low: float
    high: float

    def x(self, value: float) -> float:
        """Return the place of a value on the horizontal axis, kept inside."""
        share = (value - self.begin) / ((self.end - self.begin) or 1.0)
        return round(self.left + self.width * min(max(share, 0.0), 1.0), 1)

    def y(self, value: float) -> float:
        """Return the place of a value on the vertical axis, kept inside."""
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return round(self.top + self.height * (1 - min(max(share, 0.0), 1.0)), 1)


def picture(width: float, height: float, label: str, *content: Element, kind: str = "") -> str:
    """Return an SVG element; ``label`` says what it shows to those who do not see it."""
    root = element(
        "svg", *content, viewBox=f"0 0 {width:g} {height:g}", role="img", aria_label=label, class_=kind
    )
    return ET.tostring(root, encoding="unicode")


def text(x: float, y: float, content: str, anchor: str = "start", kind: str = "soft") -> Element:
    """Return a line of text."""
    return element("text", content, x=f"{x:g}", y=f"{y:g}", text_anchor=anchor, class_=kind)


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Element:
    """Return a straight line."""
    return element("line", x1=f"{x1:g}", y1=f"{y1:g}", x2=f"{x2:g}", y2=f"{y2:g}", class_=kind)


def path(places: str, kind: str) -> Element:
    """Return a path; it may be longer than any text that is shown."""
    made = element("path", class_=kind)
    made.set("d", places)
    return made


def stairs(xs: Sequence[float], ys: Sequence[float]) -> str:
    """Return a path that holds each value until the next begins.

    Examples
    --------
    >>> stairs([0, 5], [9, 4])
    'M0 9H5V4'
    """
    first, *others = zip(xs, ys, strict=True)
    return f"M{first[0]:g} {first[1]:g}" + "".join(f"H{x:g}V{y:g}" for x, y in others)


def titled(mark: Element, said: str) -> Element:
    """Add what hovering and screen readers say of a mark."""
    mark.append(element("title", said))
    return mark


def time_ticks(begin: dt.datetime, end: dt.datetime, most: int = 8) -> list[dt.datetime]:
    """Return round times between two, at most so many.

    Examples
    --------
    >>> at = dt.datetime(2026, 1, 1, 10, 3)
    >>> [f"{tick:%H:%M}" for tick in time_ticks(at, at + dt.timedelta(minutes=14))]
    ['10:04', '10:06', '10:08', '10:10', '10:12', '10:14', '10:16']
    """
    seconds = max((end - begin).total_seconds(), 1.0)
    days = 86400 * math.ceil(seconds / most / 86400)
    step = next((step for step in _STEPS if seconds / step <= most), days)
    midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    number = math.ceil((begin - midnight).total_seconds() / step)
    ticks = []
    while (tick := midnight + dt.timedelta(seconds=number * step)) <= end:
        ticks.append(tick)
        number += 1
    return ticks
