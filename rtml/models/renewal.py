"""A baseline that goes on learning in a stream: by the day what did not alarm, and old counts fade.

With a half-life, the baseline takes up each day what was settled and did not alarm. At the end of each
half-life all counts that are older than it are halved, and what falls below one is forgotten
(`Baseline.faded`). A name that came once is known for one to two half-lives, and the size of a baseline is
bounded by what happens in a few of them. Days and half-lives are times of events, counted from the first
event of the stream. At the end of a day nothing waits: what the hold still held is settled, and what replicas
took up is known from then on.

Events of trees that alarmed wait. They are learnt when somebody dismisses the finding, with or without a
half-life, or with one at the end of the first day after the release.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

import polars as pl

from rtml import baselines, features
from rtml.baselines import Baseline
from rtml.features.following import Sightings
from rtml.features.shared import TOGETHER
from rtml.features.source import Source
from rtml.models.explaining.changes import found
from rtml.models.ongoing import Ongoing
from rtml.times import Window, instant, span

__all__ = ["DAY", "days", "dismissed", "put_by", "renew"]

DAY = dt.timedelta(days=1)
_CELL = ["_container", "window", "_root"]
_TREE = ["container_id", "window", "process_id"]


def days(going: Ongoing, every: Window, fresh: Source) -> list[dt.datetime]:
    """Return the ends of the days of events that are over with what came; none where nothing is learnt."""
    first, latest = (
        fresh.events.select(first=pl.col("time").min(), last=pl.col("time").max()).collect().row(0)
    )
    if first is None or going.pace.halving is None:
        return []
    going.began = going.began or every.border_before(first)
    begun, since = going.began, going.renewed or going.began
    number = (pl.col("time") - instant(begun)).dt.total_days()
    # Days without events are passed over: a clock that jumps by years costs nothing.
    busy = set(fresh.events.select(number.unique()).collect().to_series().to_list())
    if going.watermark is not None:
        busy.add((going.watermark - begun) // DAY)
    ends = {every.border(begun + (day + 1) * DAY) for day in busy if day >= 0}
    return sorted(end for end in ends if since < end <= latest)


def put_by(
    going: Ongoing, source: Source, trees: pl.DataFrame, alarming: pl.DataFrame, families: Iterable[str]
) -> None:
    """Keep the settled events: those of trees that alarmed wait, the others are learnt at the end of the day.

    Parameters
    ----------
    going
        The stream, brought up to date.
    source
        Events that the trees were judged by.
    trees, alarming
        ``container_id``, ``window``, ``process_id``: what was settled, and what of it alarmed.
    families
        Whose conditionals the baseline counts.
    """
    cells = [trees.select(_TREE), alarming.select(_TREE).unique()]
    settled, waiting = (cell.lazy().rename(dict(zip(_TREE, _CELL, strict=True))) for cell in cells)
    semi = {"on": _CELL, "nulls_equal": True, "maintain_order": "left"}
    rooted = _rooted(source)
    if alarming.height:
        more = rooted.join(waiting, how="semi", **semi).collect()  # type: ignore[arg-type]
        going.waiting = pl.concat([going.waiting, more]) if going.waiting.width else more
    if going.pace.halving is not None and trees.height:
        usual = rooted.join(settled, how="semi", **semi).join(waiting, how="anti", **semi)  # type: ignore[arg-type]
        going.fresh = baselines.merge(going.fresh, _learnt(usual.drop(_CELL), source, families))


def renew(
    baseline: Baseline, going: Ongoing, source: Source, families: Iterable[str], end: dt.datetime
) -> Baseline:
    """Return the baseline at the end of a day, with what was put by; at the end of a half-life it fades."""
    halving = going.pace.halving
    assert halving is not None and going.began is not None
    released = dismissed(going, source, families, due(going, end))
    going.fresh = baselines.merge(going.fresh, released)
    old = going.old if going.renewed is not None else baseline
    since = going.renewed or going.began
    halved = (end - going.began) // halving - (since - going.began) // halving
    if halved:
        old, going.fresh = baselines.merge(old.faded(0.5**halved), going.fresh), Baseline()
    going.old, going.renewed = old, end
    active = pl.col("window") >= instant(end) - Window.of(TOGETHER).span
    going.sightings = Sightings(last=going.sightings.last.filter(active))
    if going.alarms.shared.height:  # these findings stand, and change no more
        told = set(found(going.alarms.shared)["finding_id"])
        going.shown = [one for one in going.shown if one not in told]
    going.alarms = replace(going.alarms, shared=pl.DataFrame())
    return baselines.merge(old, going.fresh)


def due(going: Ongoing, at: dt.datetime) -> pl.Expr:
    """Say which events have waited for as long as they are held back."""
    return pl.col("window") + span(going.pace.releasing) <= instant(at)


def dismissed(going: Ongoing, source: Source, families: Iterable[str], which: pl.Expr) -> Baseline:
    """Return a baseline of events that waited, and let them wait no more."""
    if not going.waiting.height:
        return Baseline()
    rows = going.waiting.filter(which)
    going.waiting = going.waiting.filter(~which)
    return _learnt(rows.drop(_CELL).lazy(), source, families) if rows.height else Baseline()


def _learnt(events: pl.LazyFrame, source: Source, families: Iterable[str]) -> Baseline:
    wanted = features.families_of(families).values()
    conditionals = [conditional for family in wanted for conditional in family.conditionals]
    return baselines.learn(events, source.processes, conditionals, source.peers)


def _rooted(source: Source) -> pl.LazyFrame:
    """Add the window and the tree of every event: `_CELL`."""
    roots = source.roots.lazy().select("process_id", _host="host", _root="root_id")
    named = source.events.with_columns(
        source.window, _container=pl.col("container_id").cast(pl.String), _host=pl.col("host").cast(pl.String)
    )
    joined = named.join(roots, on=["_host", "process_id"], how="left", maintain_order="left")
    return joined.with_columns(_root=pl.coalesce("_root", "process_id")).drop("_host")
