"""The life of one container: what it did when, and which side said something about it."""

from __future__ import annotations

import math
from collections.abc import Iterator

import polars as pl

from rtml.notebook.activity import counted
from rtml.notebook.drawing import ALARM, FAINT, INK, LEFT, QUIET, Axis, line, paper, rect, text, times
from rtml.showing.shown import Content, Shown, svg

__all__ = ["timeline"]

_CELL, _LANE, _TOP = 17, 22, 52
_MOST_LANES = 12


def timeline(events: pl.LazyFrame, findings: pl.DataFrame, finding_id: str, every: str = "10s") -> Shown:
    """Draw events per kind of one container, findings above, one finding marked.

    Parameters
    ----------
    events
        Events of the container: ``time``, ``kind``, ``count``, ``container_id``.
    findings
        `rtml.schema.FINDINGS` of the container, of every side; a lane per detector.
    finding_id
        The one to mark; it must be among them, or nothing is marked.
    every
        Width of a cell, as a Polars duration. A cell is darker the more events it holds, in
        logarithms, each kind for itself.
    """
    counts = counted(events, "container_id", every)
    if counts.is_empty():
        return svg(paper(48, "No events"), "no events")
    step = pl.select(pl.lit(0).cast(pl.Datetime("us")).dt.offset_by(every).dt.epoch("ms")).item()
    seen = [at.timestamp() for at in counts["time"]]
    axis = Axis(min(seen), max(seen) + step / 1000)
    lanes = findings["detector"].unique().sort().to_list()[:_MOST_LANES]
    order = counts.group_by("kind").agg(pl.col("events").sum())
    kinds = order.sort("events", "kind", descending=[True, False])["kind"].to_list()
    grid = _TOP + len(lanes) * _LANE + 10
    bottom = grid + len(kinds) * _CELL
    here = findings.filter(pl.col("finding_id") == finding_id)
    content: list[Content] = [*times(axis, _TOP - 6, bottom)]
    for place, lane in enumerate(lanes):
        lane_findings = findings.filter(pl.col("detector") == lane)
        content += _lane(lane_findings, str(lane), finding_id, _TOP + place * _LANE, axis)
    for place, kind in enumerate(kinds):
        kind_counts = counts.filter(pl.col("kind") == kind)
        content += _cells(kind_counts, str(kind), grid + place * _CELL, axis, step / 1000)
    content += _band(here, axis, bottom)
    title = f"Events and findings, {every} a cell"
    return svg(paper(bottom + 26, title, *content), f"{title}\n{_plain(counts, findings, here)}")


def _lane(findings: pl.DataFrame, name: str, finding_id: str, top: float, axis: Axis) -> Iterator[Content]:
    yield text(14, top + 13, name.replace("_", " "), weight=600)
    marked = (pl.col("finding_id") == finding_id).alias("here")
    for row in findings.with_columns(marked).sort("here", "first_seen", "title").iter_rows(named=True):
        begin, end = axis.x(row["first_seen"].timestamp()), axis.x(row["last_seen"].timestamp())
        hint = f"{row['first_seen']:%H:%M:%S} {row['title']}"
        yield rect(
            begin - 2,
            top + 2,
            max(end - begin, 5),
            _LANE - 8,
            ALARM if row["here"] else INK,
            hint,
            1.0 if row["here"] else 0.45,
        )


def _cells(counts: pl.DataFrame, kind: str, top: float, axis: Axis, step: float) -> Iterator[Content]:
    most = max(counts["events"].to_list())
    yield text(14, top + 12, kind)
    yield text(LEFT - 8, top + 12, f"{counts['events'].sum():,}", "end", FAINT, 11)
    for row in counts.iter_rows(named=True):
        begin = row["time"].timestamp()
        depth = 0.25 + 0.75 * math.log1p(row["events"]) / math.log1p(most)
        hint = f"{row['time']:%H:%M:%S} {kind}: {row['events']:,}"
        left = axis.x(begin)
        yield rect(left, top + 1, max(axis.x(begin + step) - left - 0.6, 1), _CELL - 3, QUIET, hint, depth)


def _band(here: pl.DataFrame, axis: Axis, bottom: float) -> Iterator[Content]:
    for row in here.head(1).iter_rows(named=True):
        begin, end = axis.x(row["first_seen"].timestamp()), axis.x(row["last_seen"].timestamp())
        yield rect(begin - 3, _TOP - 6, end - begin + 6, bottom - _TOP + 6, ALARM, "", 0.16)
        yield line(begin, _TOP - 6, begin, bottom, ALARM)
        yield text(begin, _TOP - 10, f"▼ {row['first_seen']:%H:%M:%S} this finding", "middle", ALARM, 11, 600)


def _plain(counts: pl.DataFrame, findings: pl.DataFrame, here: pl.DataFrame) -> str:
    clocks = [f"{at:%H:%M}" for at in counts["time"].sort()]
    marked = [f"{at:%H:%M:%S}" for at in here["first_seen"]]
    events = f"{counts['events'].sum():,} events, {findings.height:,} findings"
    return f"{clocks[0]} to {clocks[-1]}, {events}, this one at {marked[0] if marked else '–'}"
