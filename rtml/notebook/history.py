"""How strange a container or workload was over time, beside what calibration calls usual."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import polars as pl

from rtml.notebook.bars import bar, seconds_of
from rtml.showing.drawing import (
    ALARM,
    FAINT,
    GRID,
    INK,
    LEFT,
    QUIET,
    RIGHT,
    Axis,
    dot,
    fitted,
    line,
    paper,
    rect,
    text,
    times,
)
from rtml.showing.shown import Content, Shown, svg

__all__ = ["history"]

_TOP, _HEIGHT, _LABELS, _ROW = 62, 190, 8, 14
_BAND = "#e4ebf2"
_APART = 13.0


class _Scale(NamedTuple):
    """Margins from the floor of the plot to its top."""

    low: float
    high: float
    top: float

    def y(self, margin: float) -> float:
        share = (margin - self.low) / (self.high - self.low)
        return round(self.top + _HEIGHT * (1 - min(max(share, 0.0), 1.0)), 1)


def history(
    scores: pl.DataFrame,
    limit: float,
    usual: Mapping[str, float],
    changes: pl.DataFrame | None = None,
    title: str = "How strange, over time",
) -> Shown:
    """Draw margins over time, the band of calibration, where alarms begin, and what was rolled out.

    Parameters
    ----------
    scores
        ``container_id``, ``window``, ``margin`` (null: no opinion) and ``alarm``, of some containers.
    limit
        Margin above which there is an alarm; infinite: never.
    usual
        Margins of calibration by name, the lowest first: ``{"99 % of calibration": 2.1}``. What lies below
        the last is shaded.
    changes
        Roll-outs: ``time`` and ``what`` (what runs from then on). None: nobody knows.
    title
        Above the picture.

    Examples
    --------
    >>> import datetime as dt
    >>> at = [dt.datetime(2026, 1, 1, 10, n, tzinfo=dt.UTC) for n in range(3)]
    >>> scores = pl.DataFrame({"container_id": "c", "window": at, "margin": [0.1, None, 7.0],
    ...                        "alarm": [False, False, True]})
    >>> history(scores, 6.5, {"99 % of calibration": 2.0},
    ...     pl.DataFrame({"time": [at[1]], "what": ["web:2"]}))
    How strange, over time
    2026-01-01 10:00 to 10:02: 2 windows of 1 containers, 1 alarms, highest 7 at 10:02
    1 windows without an opinion
    alarm above 6.5; 99 % of calibration: below 2
    10:01:00 web:2
    """
    known = scores.filter(pl.col("margin").is_not_null() & pl.col("margin").is_not_nan())
    if known.is_empty():
        words = f"{title}: no window has a score"
        return svg(paper(48, words), words)
    begin, end = (at.timestamp() for at in known["window"].sort().gather([0, -1]))
    every = bar(begin, end, "1m")
    axis = Axis(begin, end + seconds_of(every))
    rolled = _rolled(changes, axis)
    top = _TOP + min(rolled.height, _LABELS) * _ROW
    marks = _marks(known, every)
    finite = [m for m in (*marks["high"], *usual.values(), limit) if math.isfinite(m)]
    scale = _Scale(
        min([*finite, *marks["low"].filter(marks["low"].is_finite())]), max(finite) * 1.05 + 0.1, top
    )
    content = [*_band(usual, limit, scale), *times(axis, top, top + _HEIGHT), *_changes(rolled, axis, top)]
    content += [*_bars(marks, axis, scale), *_levels(usual, limit, scale)]
    content.append(text(LEFT - 8, top - 6, "margin ▲", "end", FAINT, 11))
    plain = "\n".join([title, *_plain(scores, known, limit, usual), *_said(rolled)])
    return svg(paper(top + _HEIGHT + 28, title, *content), plain)


def _marks(known: pl.DataFrame, every: str) -> pl.DataFrame:
    """Return per bar the lowest and highest margin, which container that was, and how many alarms."""
    order = known.sort("margin", "container_id", descending=[True, False])
    return (
        order.group_by(pl.col("window").dt.truncate(every), maintain_order=True)
        .agg(
            high=pl.col("margin").max(),
            low=pl.col("margin").min(),
            who=pl.col("container_id").first(),
            alarms=pl.col("alarm").sum(),
        )
        .sort("window")
    )


def _rolled(changes: pl.DataFrame | None, axis: Axis) -> pl.DataFrame:
    empty = pl.DataFrame(schema={"time": pl.Datetime("ns", "UTC"), "what": pl.String})
    if changes is None:
        return empty
    seconds = pl.col("time").dt.epoch("ns") / 1e9
    return changes.filter(seconds.is_between(axis.low, axis.high)).sort("time", "what")


def _band(usual: Mapping[str, float], limit: float, scale: _Scale) -> Iterator[Content]:
    highest = max((level for level in usual.values() if math.isfinite(level)), default=None)
    if highest is not None:
        y = scale.y(highest)
        hint = f"below {highest:.3g}: {list(usual)[-1]}"
        yield rect(LEFT, y, RIGHT - LEFT, scale.top + _HEIGHT - y, _BAND, hint)
    if math.isfinite(limit):
        yield line(LEFT, scale.y(limit), RIGHT, scale.y(limit), ALARM, "6 3", 1.5)
    yield line(LEFT, scale.top + _HEIGHT, RIGHT, scale.top + _HEIGHT, GRID)


def _levels(usual: Mapping[str, float], limit: float, scale: _Scale) -> Iterator[Content]:
    """Yield what the heights are called, never one on top of another."""
    levels = [*((level, name, FAINT) for name, level in usual.items()), (limit, "alarm above", ALARM)]
    finite = [(level, name, ink) for level, name, ink in levels if math.isfinite(level)]
    named = [(level, f"{name} {round(level, 2):g}", ink) for level, name, ink in finite]
    above = scale.top + _HEIGHT + _APART
    for level, label, ink in sorted(named):
        y = min(scale.y(level) + 4, above - _APART)
        above = y
        yield line(LEFT - 4, scale.y(level), LEFT, scale.y(level), ink)
        yield fitted(LEFT - 8, y, label, LEFT - 14, "end", ink, 11, 600 if ink == ALARM else 400)


def _bars(marks: pl.DataFrame, axis: Axis, scale: _Scale) -> Iterator[Content]:
    for row in marks.sort("alarms", "window").iter_rows(named=True):
        x, y = axis.x(row["window"].timestamp()), scale.y(row["high"])
        ink = ALARM if row["alarms"] else QUIET
        alarms = f", {row['alarms']:,} alarms" if row["alarms"] else ""
        hint = f"{row['window']:%Y-%m-%d %H:%M}  {row['high']:.3g} {row['who'][:12]}{alarms}"
        yield line(x, y, x, scale.y(row["low"]), ink, width=1)
        yield dot(x, y, 5 if row["alarms"] else 3, ink, hint, 1.0 if row["alarms"] else 0.7)


def _changes(rolled: pl.DataFrame, axis: Axis, top: float) -> Iterator[Content]:
    for place, row in enumerate(rolled.head(_LABELS).iter_rows(named=True)):
        x, y = axis.x(row["time"].timestamp()), _TOP - 14 + place * _ROW
        side, away = ("start", 5) if x < (LEFT + RIGHT) / 2 else ("end", -5)
        yield line(x, y, x, top + _HEIGHT, INK, "2 3")
        yield fitted(x + away, y + 4, f"▸ {row['what']}", (RIGHT - LEFT) / 2, side, INK, 11, name=True)
    if rolled.height > _LABELS:
        yield text(14, 44, f"… {rolled.height - _LABELS:,} more roll-outs", fill=FAINT, size=11)


def _plain(
    scores: pl.DataFrame, known: pl.DataFrame, limit: float, usual: Mapping[str, float]
) -> Iterator[str]:
    highest = known.sort("margin", "window", descending=[True, False]).row(0, named=True)
    begin, end = known["window"].sort().gather([0, -1])
    day = "" if begin.date() == end.date() else f"{end:%Y-%m-%d} "
    yield (
        f"{begin:%Y-%m-%d %H:%M} to {day}{end:%H:%M}: {known.height:,} windows of"
        f" {known['container_id'].n_unique():,} containers, {known['alarm'].sum():,} alarms, highest"
        f" {highest['margin']:.3g} at {highest['window']:%H:%M}"
    )
    if scores.height > known.height:
        yield f"{scores.height - known.height:,} windows without an opinion"
    levels = [f"{name}: below {level:.3g}" for name, level in usual.items() if math.isfinite(level)]
    yield "; ".join([f"alarm above {limit:.3g}" if math.isfinite(limit) else "no alarms", *levels])


def _said(rolled: pl.DataFrame) -> list[str]:
    said = [f"{row['time']:%H:%M:%S} {row['what']}" for row in rolled.head(_LABELS).iter_rows(named=True)]
    return [*said, f"… {rolled.height - _LABELS:,} more"] if rolled.height > _LABELS else said
