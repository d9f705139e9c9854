"""The first look at a capture: events per kind over time, one strip per workload."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from rtml.notebook.bars import bar, bounds, seconds_of
from rtml.showing.drawing import FAINT, INK, LEFT, RIGHT, Axis, fitted, line, paper, rect, text, times
from rtml.showing.shown import Content, Shown, svg

__all__ = ["COLOURS", "MOST_STRIPS", "activity", "counted"]

COLOURS = ("#9fb3c8", "#3f72af", "#63b7d6", "#2f8f5b", "#d9a927", "#e0633f", "#8d5a97", "#b8b4aa")
"""One per kind, the most frequent first; the last stands for all other kinds."""

MOST_STRIPS = 20
"""Strips that are drawn, the busiest first; what is left out is counted."""

_STRIP, _GAP, _TOP = 44, 14, 66
_OTHER = "other"


def activity(
    events: pl.LazyFrame,
    by: str = "workload",
    every: str = "30s",
    marks: Mapping[str, dt.datetime] | None = None,
) -> Shown:
    """Draw events per kind over time.

    Parameters
    ----------
    events
        ``time``, ``kind``, ``count`` and ``by``; only these are read.
    by
        Column whose values get a strip each; each strip has its own scale, its top is written.
    every
        Width of a bar, as a Polars duration; a wider one is taken where that is too fine to be seen.
    marks
        Times to mark, by name.
    """
    ends = bounds(events)
    every = every if ends is None else bar(*ends, every)
    counts = counted(events, by, every)
    if counts.is_empty():
        return svg(paper(48, "No events"), "no events")
    width = seconds_of(every)
    axis = Axis(_seconds(counts["time"].min()), _seconds(counts["time"].max()) + width)
    kinds = _ordered(counts, "kind", len(COLOURS) - 1)
    strips = _ordered(counts, by, MOST_STRIPS)
    bottom = _TOP + len(strips) * (_STRIP + _GAP)
    content: list[Content] = [*times(axis, _TOP - 8, bottom - 4), *_legend(kinds)]
    for place, name in enumerate(sorted(strips)):
        strip = counts.filter(pl.col(by) == name)
        content += _strip(strip, name, _TOP + place * (_STRIP + _GAP), axis, kinds, width)
    content += _marks(marks or {}, axis, bottom)
    left_out = counts[by].n_unique() - len(strips)
    content += [text(14, bottom + 15, f"… {left_out:,} more", fill=FAINT)] if left_out else []
    title = f"Events per kind, {every} a bar"
    return svg(paper(bottom + 26, title, *content), f"{title}\n{_plain(counts, by, strips)}")


def counted(events: pl.LazyFrame, by: str, every: str) -> pl.DataFrame:
    """Return ``by, time, kind, events``; events outside any ``by`` are left out."""
    return (
        events.filter(pl.col(by).is_not_null())
        .group_by(pl.col(by, "kind").cast(pl.String), pl.col("time").dt.truncate(every))
        .agg(events=pl.col("count").fill_null(1).sum())
        .collect(engine="streaming")
        .sort(by, "time", "kind")
    )


def _seconds(at: object) -> float:
    return at.timestamp() if isinstance(at, dt.datetime) else 0.0


def _ordered(counts: pl.DataFrame, column: str, most: int) -> list[str]:
    total = counts.group_by(column).agg(pl.col("events").sum())
    order = total.sort("events", column, descending=[True, False])
    return [str(name) for name in order[column].head(most)]


def _strip(
    counts: pl.DataFrame, name: str, top: float, axis: Axis, kinds: Sequence[str], width: float
) -> Iterator[Content]:
    floor, base = top + _STRIP, dict.fromkeys(counts["time"], 0.0)
    tallest = max(counts.group_by("time").agg(pl.col("events").sum())["events"].to_list())
    shown_kind = pl.when(pl.col("kind").is_in(list(kinds))).then("kind").otherwise(pl.lit(_OTHER))
    bars = counts.group_by("time", kind=shown_kind).agg(pl.col("events").sum())
    bar = max(axis.x(axis.low + width) - LEFT - 0.8, 0.8)
    yield line(LEFT, floor, RIGHT, floor, FAINT)
    for rank, kind in enumerate([*kinds, _OTHER]):
        for row in bars.filter(pl.col("kind") == kind).sort("time").iter_rows(named=True):
            height = _STRIP * row["events"] / tallest
            base[row["time"]] += height
            hint = f"{row['time']:%H:%M:%S} {kind}: {row['events']:,}"
            colour = COLOURS[rank] if kind != _OTHER else COLOURS[-1]
            yield rect(axis.x(_seconds(row["time"])), floor - base[row["time"]], bar, height, colour, hint)
    yield fitted(14, top + 20, name, LEFT - 24, weight=600, name=True)
    yield text(14, top + 36, f"to {tallest:,} a bar", fill=FAINT, size=11)


def _legend(kinds: Sequence[str]) -> Iterator[Content]:
    for place, kind in enumerate([*kinds, _OTHER]):
        colour = COLOURS[place] if kind != _OTHER else COLOURS[-1]
        yield rect(LEFT + place * 76, 34, 10, 10, colour)
        yield fitted(LEFT + place * 76 + 14, 43, kind, 58, fill=FAINT, size=11)


def _marks(marks: Mapping[str, dt.datetime], axis: Axis, bottom: float) -> Iterator[Content]:
    for name, at in marks.items():
        x = axis.x(at.timestamp())
        yield line(x, _TOP - 8, x, bottom - 4, INK, "4 3")
        side, away = ("start", 4) if x < (LEFT + RIGHT) / 2 else ("end", -4)
        yield fitted(x + away, _TOP - 2, name, (RIGHT - LEFT) / 2, side, size=11)


def _plain(counts: pl.DataFrame, by: str, strips: Sequence[str]) -> str:
    total = dict(counts.group_by(by).agg(pl.col("events").sum()).iter_rows())
    return "\n".join(f"{text(0, 0, name).text}  {total[name]:,}" for name in sorted(strips))
