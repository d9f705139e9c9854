"""One container over time: events per kind, how strange its windows scored, findings; attacks are shaded."""

from __future__ import annotations

import datetime as dt

import polars as pl

from rtml.evaluation.timeline import Timeline
from rtml.report.drawing import Box, Element, line, path, picture, stairs, text, time_ticks, titled
from rtml.showing.drawing import room_of
from rtml.showing.shown import element
from rtml.text import visible

__all__ = ["timeline_picture"]

_WIDTH, _LEFT, _RIGHT = 1060, 170, 12
_LABEL = 110
"""Room that the longest name of an attack takes."""
_GAP = 6.5
"""Between the names of two attacks."""
_EVENTS, _SCORES, _LANE = (18, 120), (160, 80), 20
"""Top and height of the upper two parts; height of one lane of findings."""


def timeline_picture(timeline: Timeline) -> str:
    """Draw a timeline; a container without events has empty lanes."""
    lanes = timeline.findings["side"].unique(maintain_order=True).to_list()
    top = sum(_SCORES) + 24
    bottom = top + _LANE * max(len(lanes), 1)
    marks = [*_attacks(timeline, bottom), *_ticks(timeline, bottom), *_bars(timeline), *_ranks(timeline)]
    for place, side in enumerate(lanes):
        marks += _lane(timeline, side, top + _LANE * place)
    label = f"Events, scores, findings and attacks of {timeline.container}"
    return picture(_WIDTH, bottom + 24, label, *marks, kind="picture wide")


def _box(timeline: Timeline, top: float, height: float, high: float) -> Box:
    ends = (timeline.begin.timestamp(), timeline.end.timestamp())
    return Box(_LEFT, top, _WIDTH - _LEFT - _RIGHT, height, *ends, 0.0, high)


def _x(timeline: Timeline, at: dt.datetime) -> float:
    return _box(timeline, 0, 1, 1).x(at.timestamp())


def _attacks(timeline: Timeline, bottom: float) -> list[Element]:
    """Shade attacks; a name that would lie on the one before is left to the pointer."""
    marks, free = list[Element](), 0.0
    for row in timeline.attacks.sort("start").iter_rows(named=True):
        left, right = _x(timeline, row["start"]), _x(timeline, row["end"])
        width = max(round(right - left, 1), 2)
        shade = element("rect", x=left, y=14, width=width, height=bottom - 14, class_="attacked")
        marks.append(titled(shade, f"{row['attack_id']} {row['name'] or ''}"))
        late = left > _WIDTH - _RIGHT - _LABEL  # a name that begins there would leave the paper
        place, side = (min(right, _WIDTH - _RIGHT), "end") if late else (left, "start")
        name = visible(row["attack_id"], 12)
        room = room_of(name, 11) + _GAP
        begin = place - room if late else place
        if begin >= free:
            marks.append(text(place, 11, name, side, "soft tiny"))
            free = begin + room
    return marks


def _ticks(timeline: Timeline, bottom: float) -> list[Element]:
    short = timeline.end - timeline.begin < dt.timedelta(minutes=3)
    form = "%H:%M:%S" if short else "%H:%M"
    marks = []
    for tick in time_ticks(timeline.begin, timeline.end):
        x = _x(timeline, tick)
        marks += [
            line(x, 14, x, bottom, "grid"),
            text(x, bottom + 16, f"{tick:{form}}", "middle" if x < _WIDTH - 40 else "end"),
        ]
    return marks


def _bars(timeline: Timeline) -> list[Element]:
    """Stack the kinds of events: one path of thin rectangles per kind, the most frequent kind lowest."""
    totals = timeline.events.group_by("kind").agg(pl.col("events").sum())
    kinds = totals.sort(pl.col("kind") == "other", -pl.col("events"), "kind")["kind"].to_list()
    order = pl.col("kind").replace_strict(kinds, range(len(kinds)), return_dtype=pl.Int64)
    rows = timeline.events.sort("time", order).with_columns(above=pl.col("events").cum_sum().over("time"))
    most = rows["above"].max()
    high = float(most) if isinstance(most, int) else 1.0
    box = _box(timeline, *_EVENTS, high)
    marks = [text(_LEFT - 8, _EVENTS[0] + 10, f"{high:,.0f} events / {timeline.bin.seconds} s", "end")]
    for place, kind in enumerate(kinds):
        own = rows.filter(pl.col("kind") == kind)
        drawn = "".join(
            _bar(box, at.timestamp(), timeline.bin.total_seconds(), above - events, above)
            for at, events, above in own.select("time", "events", "above").iter_rows()
        )
        marks.append(titled(path(drawn, f"bar{place}"), kind))
        marks.append(
            text(_LEFT - 8, _EVENTS[0] + 26 + 13 * place, visible(kind, 20), "end", f"tiny name{place}")
        )
    return marks


def _bar(box: Box, begin: float, width: float, low: float, high: float) -> str:
    left, right, bottom, top = box.x(begin), box.x(begin + width), box.y(low), box.y(high)
    return f"M{left:g} {bottom:g}V{top:g}H{right:g}V{bottom:g}Z"


def _ranks(timeline: Timeline) -> list[Element]:
    box = _box(timeline, *_SCORES, 1.0)
    marks = [line(_LEFT, box.y(0), _WIDTH - _RIGHT, box.y(0), "grid")]
    marks.append(text(_LEFT - 8, _SCORES[0] + 12, "stranger than all", "end"))
    marks.append(text(_LEFT - 8, sum(_SCORES), "than none", "end"))
    for place, side in enumerate(timeline.scores["side"].unique(maintain_order=True)):
        rows = timeline.scores.filter(pl.col("side") == side).drop_nulls("share")
        if rows.is_empty():
            continue
        xs = [box.x(at.timestamp()) for at in rows["window"]] + [box.left + box.width]
        ys = [box.y(share) for share in rows["share"]]
        drawn = path(stairs(xs, [*ys, ys[-1]]), f"rank k-model{' faint' if place else ''}")
        marks.append(titled(drawn, f"{side}: share of test windows that scored lower"))
    return marks


def _lane(timeline: Timeline, side: str, top: float) -> list[Element]:
    rows = timeline.findings.filter(pl.col("side") == side)
    marks = [text(_LEFT - 8, top + 14, visible(side, 26), "end")]
    marks.append(line(_LEFT, top + _LANE, _WIDTH - _RIGHT, top + _LANE, "grid"))
    for at, title, kind in rows.select("first_seen", "title", "kind").iter_rows():
        x = _x(timeline, at)
        tick = line(x, top + 4, x, top + _LANE - 3, f"tick k-{kind}")
        marks.append(titled(tick, f"{at:%H:%M:%S} {title or 'finding'}"))
    return marks
