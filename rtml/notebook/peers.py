"""One feature of one window among its peers: whether this value is strange, or always so."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from rtml.numbers import number
from rtml.showing.drawing import (
    ALARM,
    FAINT,
    LEFT,
    QUIET,
    RIGHT,
    Axis,
    dot,
    fitted,
    line,
    numbers,
    paper,
    text,
)
from rtml.showing.shown import Content, Shown, svg

__all__ = ["MOST_LINES", "peers"]

MOST_LINES = 24
"""Lines that are drawn; what is left out is counted."""

_LINE, _TOP = 26, 44
_PLACES = 330
"""Places side by side at which dots are told apart."""


def peers(values: pl.DataFrame, feature: str, title: str = "", remark: str = "") -> Shown:
    """Draw a dot per window, a line per group of windows; the window in question stands out.

    Parameters
    ----------
    values
        ``who`` (name of the line; lines come in order of appearance), ``window``, ``here``
        (Boolean: the window in question) and the column ``feature``; null has no dot.
    feature
        Column of numbers.
    title
        Default: the feature's name.
    remark
        What a reader has to know of the comparison; written under the lines.

    Examples
    --------
    >>> import datetime as dt
    >>> at = [dt.datetime(2026, 1, 1, 10, n) for n in range(3)]
    >>> peers(pl.DataFrame({"who": ["past", "past", "now"], "window": at,
    ...                     "here": [False, False, True], "a.b": [0.0, 2.0, 9.0]}), "a.b")
    a.b
    past  2 windows, 0 to 2
    now   1 window, 9 to 9  ◀ 9
    """
    finite = values.filter(pl.col(feature).is_finite())
    names = values["who"].unique(maintain_order=True).to_list()
    shown, heading = names[:MOST_LINES], title or feature
    ends = [0.0, *(float(value) for value in finite[feature])]
    axis = Axis(min(ends), max(ends))
    bottom = _TOP + len(shown) * _LINE
    content: list[Content] = list(numbers(axis, _TOP, bottom))
    plain = [heading]
    for place, name in enumerate(shown):
        windows = finite.filter(pl.col("who") == name)
        content += _line(windows, name, feature, _TOP + (place + 0.5) * _LINE, axis)
        plain.append(_summary(windows, name, feature, max(map(len, shown))))
    if not names:
        content, plain = [], [f"{heading}: no window to compare"]
        content.append(text(14, bottom, "no window to compare", fill=FAINT))
    if len(names) > len(shown):
        plain.append(f"… {len(names) - len(shown):,} more")
        content.append(text(14, bottom + 15, plain[-1], fill=FAINT))
    if remark:
        plain.append(remark)
        content.append(fitted(14, bottom + 34, remark, RIGHT - 14, fill=FAINT))
    return svg(paper(bottom + (44 if remark else 26), heading, *content), "\n".join(plain))


def _line(windows: pl.DataFrame, name: str, feature: str, y: float, axis: Axis) -> Iterator[Content]:
    alarmed = bool(windows["here"].any())
    yield line(LEFT, y, RIGHT, y)
    yield fitted(14, y + 4, name, LEFT - 26, weight=600 if alarmed else 400, name=True)
    for row in _dots(windows, feature, axis).iter_rows(named=True):
        more = f" and {row['more']:,} like it" if row["more"] else ""
        hint = f"{row['window']:%H:%M}  {row[feature]:.4g}{more}"
        x = axis.x(row[feature])
        if row["here"]:
            yield dot(x, y, 6.5, ALARM, hint)
            side, away = ("end", -12) if x > (LEFT + RIGHT) / 2 else ("start", 12)
            yield text(x + away, y - 5, hint, side, ALARM, 11, 600)
        else:
            yield dot(x, y, 4, QUIET, hint, 0.45)


def _dots(windows: pl.DataFrame, feature: str, axis: Axis) -> pl.DataFrame:
    """Return one window of those that a picture shows at one place, and how many ``more`` there are."""
    place = (pl.col(feature) - axis.low) / max(axis.high - axis.low, 1e-300) * _PLACES
    at_place = windows.sort("window").group_by("here", place.round().alias("_place"), maintain_order=True)
    dots = at_place.agg(pl.col("window", feature).first(), more=pl.len() - 1)
    return dots.sort("here", "window")


def _summary(windows: pl.DataFrame, name: str, feature: str, width: int) -> str:
    label = text(0, 0, f"{name:<{width}}").text or ""
    if windows.is_empty():
        return f"{label}  no value"
    values = windows[feature].to_list()
    ends = f"{number(min(values))} to {number(max(values))}"
    here = windows.filter("here")[feature].to_list()
    mark = f"  ◀ {number(here[0])}" if here else ""
    return f"{label}  {windows.height} window{'s' if windows.height != 1 else ''}, {ends}{mark}"
