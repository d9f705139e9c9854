"""The life of one container: what it did when, who said something about it, and one finding enlarged."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import polars as pl

from rtml.notebook.activity import counted
from rtml.notebook.bars import bar, bounds, seconds_of
from rtml.showing.drawing import (
    ALARM,
    FAINT,
    INK,
    LEFT,
    QUIET,
    RIGHT,
    Axis,
    fitted,
    line,
    paper,
    rect,
    text,
    times,
)
from rtml.showing.shown import Content, Shown, svg

__all__ = ["timeline"]

_CELL, _LANE, _TOP, _BETWEEN = 17, 22, 66, 66
_MOST_LANES, _MOST_KINDS = 12, 24
_NEAR, _FINEST = 30.0, 120
"""Seconds beside a finding that are enlarged with it; cells of what is enlarged."""

_DAY = 86_400
_LABEL = LEFT - 14 - 10
_NUMBER = 62


class _Strip(NamedTuple):
    """A stretch of the container's life, on an axis of its own."""

    axis: Axis
    every: str
    kinds: Sequence[str]
    lanes: Sequence[str]
    top: float

    @property
    def clock(self) -> str:
        """How a time is written: with its day where there are several."""
        return "%H:%M:%S" if self.axis.high - self.axis.low < _DAY else "%m-%d %H:%M:%S"

    @property
    def grid(self) -> float:
        return self.top + len(self.lanes) * _LANE + 10

    @property
    def bottom(self) -> float:
        return self.grid + len(self.kinds) * _CELL


def timeline(
    events: pl.LazyFrame, findings: pl.DataFrame, finding_id: str, every: str | None = "10s"
) -> Shown:
    """Draw events per kind of one container, findings above; one finding is marked, and enlarged below.

    Parameters
    ----------
    events
        Events of the container: ``time``, ``kind``, ``count``, ``container_id``.
    findings
        `rtml.schema.FINDINGS` of the container, of every side; a lane per detector.
    finding_id
        The one to mark; it must be among them, or nothing is marked or enlarged.
    every
        Width of a cell, as a Polars duration; a wider one is taken where that is too fine to be seen, and
        None takes what fits. A cell is darker the more events it holds, in logarithms, each kind for itself.
    """
    ends = bounds(events)
    if ends is None:
        return svg(paper(48, "No events"), "no events")
    wide = bar(*ends, every)
    counts = counted(events, "container_id", wide)
    if counts.is_empty():
        return svg(paper(48, "No events"), "no events")
    order = counts.group_by("kind").agg(pl.col("events").sum())
    kinds = order.sort("events", "kind", descending=[True, False])["kind"].to_list()
    lanes = findings["detector"].drop_nulls().unique().sort().to_list()
    here = findings.filter(pl.col("finding_id") == finding_id)
    begin = min(counts["time"].to_list()).timestamp()
    whole = _Strip(
        Axis(begin, ends[1] + seconds_of(wide)), wide, kinds[:_MOST_KINDS], lanes[:_MOST_LANES], _TOP
    )
    content = [*_strip(whole, counts, findings, here), *_left_out(whole, kinds, lanes)]
    title, bottom = f"Events and findings, {wide} a cell", whole.bottom + 20
    near = _near(here, whole)
    if near is not None:
        low, high = map(_moment, near.axis)
        close = counted(events.filter(pl.col("time").is_between(low, high)), "container_id", near.every)
        near = near._replace(kinds=[kind for kind in whole.kinds if kind in set(close["kind"])])
        content += [*_strip(near, close, findings, here)]
        content.append(
            text(14, near.top - 30, f"Around this finding, {near.every} a cell", size=14, weight=600)
        )
        bottom = near.bottom + 20
    return svg(paper(bottom + 8, title, *content), f"{title}\n{_plain(counts, findings, here, near)}")


def _moment(seconds: float) -> pl.Expr:
    return pl.from_epoch(pl.lit(round(seconds * 1e9), pl.Int64), time_unit="ns").dt.replace_time_zone("UTC")


def _near(here: pl.DataFrame, whole: _Strip) -> _Strip | None:
    """Return the strip of the finding's own minutes; None where they are most of the picture already."""
    if here.is_empty():
        return None
    begin, end = (here[name][0].timestamp() for name in ("first_seen", "last_seen"))
    beside = max(_NEAR, (end - begin) / 4)
    low, high = max(begin - beside, whole.axis.low), min(end + beside, whole.axis.high)
    if not 0 < high - low < (whole.axis.high - whole.axis.low) / 2:
        return None
    every = bar(low, high, None, _FINEST)
    return whole._replace(axis=Axis(low, high), every=every, top=whole.bottom + _BETWEEN + 14)


def _strip(
    strip: _Strip, counts: pl.DataFrame, findings: pl.DataFrame, here: pl.DataFrame
) -> Iterator[Content]:
    yield from times(strip.axis, strip.top - 6, strip.bottom)
    low, high = (_moment(end) for end in strip.axis)
    seen = findings.filter((pl.col("last_seen") >= low) & (pl.col("first_seen") <= high))
    marked = seen.with_columns(here=pl.col("finding_id").is_in(here["finding_id"].to_list()))
    for place, lane in enumerate(strip.lanes):
        top = strip.top + place * _LANE
        yield fitted(14, top + 13, lane.replace("_", " "), _LABEL, weight=600)
        yield from _lane(marked.filter(pl.col("detector") == lane), top, strip)
    for place, kind in enumerate(strip.kinds):
        yield from _cells(counts.filter(pl.col("kind") == kind), kind, strip.grid + place * _CELL, strip)
    yield from _band(here, strip)


def _lane(findings: pl.DataFrame, top: float, strip: _Strip) -> Iterator[Content]:
    for row in findings.sort("here", "first_seen", "title").iter_rows(named=True):
        begin, end = (strip.axis.x(row[name].timestamp()) for name in ("first_seen", "last_seen"))
        fill, depth = (ALARM, 1.0) if row["here"] else (INK, 0.45)
        hint = f"{row['first_seen']:{strip.clock}} {row['title']}"
        yield rect(begin - 2, top + 2, max(end - begin, 5), _LANE - 8, fill, hint, depth)


def _cells(counts: pl.DataFrame, kind: str, top: float, strip: _Strip) -> Iterator[Content]:
    yield fitted(14, top + 12, kind, _LABEL - _NUMBER)
    yield text(LEFT - 8, top + 12, f"{counts['events'].sum():,}", "end", FAINT, 11)
    most, step = max(counts["events"].to_list(), default=1), seconds_of(strip.every)
    for row in counts.iter_rows(named=True):
        begin = row["time"].timestamp()
        depth = 0.25 + 0.75 * math.log1p(row["events"]) / math.log1p(most)
        hint = f"{row['time']:{strip.clock}} {kind}: {row['events']:,}"
        left = strip.axis.x(begin)
        yield rect(
            left, top + 1, max(strip.axis.x(begin + step) - left - 0.6, 1), _CELL - 3, QUIET, hint, depth
        )


def _band(here: pl.DataFrame, strip: _Strip) -> Iterator[Content]:
    top, bottom = strip.top - 6, strip.bottom
    for row in here.head(1).iter_rows(named=True):
        begin, end = (strip.axis.x(row[name].timestamp()) for name in ("first_seen", "last_seen"))
        over = rect(begin - 3, top, end - begin + 6, bottom - top, ALARM, "", 0.16)
        for mark in (over, line(begin, top, begin, bottom, ALARM)):
            mark.set("pointer-events", "none")  # what lies below it answers
            yield mark
        side = "start" if begin < LEFT + 90 else "end" if begin > RIGHT - 90 else "middle"
        yield text(begin, top - 4, f"▼ {row['first_seen']:{strip.clock}} this finding", side, ALARM, 11, 600)


def _left_out(strip: _Strip, kinds: Sequence[str], lanes: Sequence[str]) -> Iterator[Content]:
    lost = (len(lanes) - len(strip.lanes), "detectors"), (len(kinds) - len(strip.kinds), "kinds")
    said = ", ".join(f"{number} more {what}" for number, what in lost if number > 0)
    if said:
        yield fitted(14, strip.bottom + 15, f"… {said}", _LABEL, fill=FAINT, size=11)


def _plain(counts: pl.DataFrame, findings: pl.DataFrame, here: pl.DataFrame, near: _Strip | None) -> str:
    ends = counts["time"].sort().gather([0, -1]).to_list()
    clocks = [f"{at:%H:%M}" if ends[0].date() == ends[1].date() else f"{at:%Y-%m-%d %H:%M}" for at in ends]
    marked = [f"{at:%H:%M:%S}" for at in here["first_seen"]]
    events = f"{counts['events'].sum():,} events, {findings.height:,} findings"
    close = "" if near is None else f", enlarged in cells of {near.every}"
    return f"{clocks[0]} to {clocks[-1]}, {events}, this one at {marked[0] if marked else '–'}{close}"
