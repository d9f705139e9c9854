"""Shards of a day: containers that are compared with each other lie in one.

What replicas of a workload take up together is known by looking at all of them, so a shard holds whole peer
groups (`rtml.peers`). One that is too large for memory is read in pieces of time, by the same function
(`rtml.features.in_blocks`): the result is the same, bit for bit, however a day is cut.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import heapq
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import polars as pl

from rtml.captures import Capture
from rtml.features import AUDIT_FAMILIES
from rtml.job.plan import Asked, Day
from rtml.models import Model
from rtml.peers import peer_group

__all__ = ["BYTES", "FEWEST", "HISTORY", "LEAST", "Member", "Task", "groups_of", "shards_of", "tasks_of"]

BYTES = 500
"""Memory that an event takes while features are made of it: `python -m benchmarks.scoring_job` measures 210
for the lab's and 340 for synthetic ones, of which one in three is a pair of its own."""

LEAST = 300_000_000
"""Bytes that a worker takes before it has read an event: libraries and the model."""

HISTORY = 3
"""How often a worker holds the model's history: as it is read, drawn from, and looked up in."""

WORTH = 1.5
"""How many times as fast several workers must be to be worth it: threads alone make one so fast on two
processors (measured: docs/performance.md)."""

FEWEST = 50_000
"""Events that a shard may hold however little memory there is."""


@dataclass(frozen=True)
class Member:
    """A capture of a task."""

    url: str
    stamp: str
    content: str
    damaged: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """One shard, in words that any process understands.

    ``containers`` null: all of them. ``blocks``: pieces of time that it is read in. ``model`` and ``cache``
    are folders of this machine, which the result does not depend on.
    """

    day: str
    view: tuple[str, str]
    members: tuple[Member, ...]
    containers: tuple[str, ...] | None
    blocks: int
    events: int
    digest: str
    budget: float | None
    scope: Mapping[str, object]
    model: str = ""
    cache: str = ""

    @property
    def name(self) -> str:
        """A digest of what the result depends on."""
        same = asdict(replace(self, model="", cache="", blocks=0))
        del same["events"]
        return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()[:32]


def tasks_of(
    day: Day,
    capture: Capture,
    asked: Asked,
    model: Model,
    memory: int,
    workers: int,
    cache: Path,
    threaded: bool = False,
) -> list[Task]:
    """Cut a day into shards.

    Parameters
    ----------
    day, capture
        The day, and all its captures as one.
    asked
        What was asked for.
    model
        Its families (API calls are not cut), and its history, which every worker holds.
    memory, workers
        Bytes that all workers together may take, and how many there are.
    cache
        Folder for captures of stores.
    threaded
        A task that is alone has all threads: a day of which most is one peer group's is then one task.
    """
    members = tuple(
        Member(url, known.stamp, known.content, tuple(sorted(known.damaged))) for url, known in day.members
    )
    begin, end = (at.isoformat() for at in day.view)
    whole = Task(day.name, (begin, end), members, None, 1, capture.manifest.events, asked.digest,
                 asked.budget, asdict(asked.scope), str(asked.model), str(cache))  # fmt: skip
    if set(model.description.families) & set(AUDIT_FAMILIES):
        return [whole]
    groups = groups_of(capture, *day.view)
    alone = workers == 1 or (threaded and _is_work_of_one(groups, workers))
    # Beside several workers the job's own process judges what they read. What a piece takes up again of
    # earlier ones grows with the day (of a hundred million events by half of what the piece itself holds),
    # and events of a million programs are larger than those that are reckoned with.
    share = memory * 5 // 8 if alone else memory // (workers + 1)
    least = LEAST + HISTORY * int(model.baseline.counts.estimated_size())
    most = max(FEWEST, (share - least) // BYTES)
    number = max(workers, -(-int(groups["events"].sum()) // most))
    if alone and workers > 1:
        number = 1
    return [
        replace(whole, containers=names, blocks=max(1, -(-events // most)), events=events)
        for names, events in shards_of(groups, number)
    ]


def _is_work_of_one(groups: pl.DataFrame, workers: int) -> bool:
    """Say whether one peer group has so many events that several workers would mostly wait for its own.

    Alone it has more of the memory, so fewer pieces, and all threads.
    """
    events = pl.col("events")
    total, largest = groups.select(events.sum(), events.max().alias("largest")).fill_null(0).row(0)
    return bool(total < WORTH * max(largest, total // workers))


def groups_of(capture: Capture, begin: dt.datetime, end: dt.datetime) -> pl.DataFrame:
    """Return peer groups with their containers and about how many events they have in a stretch of time."""
    facts = capture.judged()
    length = (pl.col("last_seen") - pl.col("first_seen")).dt.total_seconds() + 1
    inside = pl.min_horizontal("last_seen", pl.lit(end)) - pl.max_horizontal("first_seen", pl.lit(begin))
    share = ((inside.dt.total_seconds() + 1) / length).clip(0, 1)
    counted = facts.with_columns(
        peer_group(facts.columns).fill_null(""), events=(pl.col("events") * share).ceil().cast(pl.Int64)
    )
    return counted.group_by("peers").agg(pl.col("events").sum(), containers="container_id").sort("peers")


def shards_of(groups: pl.DataFrame, number: int) -> list[tuple[tuple[str, ...], int]]:
    """Lay peer groups (`groups_of`) into at most ``number`` shards of about as many events each.

    Returns
    -------
    Containers and events of each shard that has any: the largest group goes first, each to whoever has least.

    Examples
    --------
    >>> groups = pl.DataFrame({"peers": ["a", "b", "c"], "containers": [["a1", "a2"], ["b"], ["c"]],
    ...                        "events": [5, 9, 3]})
    >>> shards_of(groups, 2)
    [(('b',), 9), (('a1', 'a2', 'c'), 8)]
    """
    shards: list[tuple[int, int, list[str]]] = [(0, place, []) for place in range(number)]
    for names, events in groups.sort("events", "peers", descending=[True, False]).select(
        "containers", "events"
    ).iter_rows():  # fmt: skip
        held, place, own = heapq.heappop(shards)
        heapq.heappush(shards, (held + events, place, [*own, *names]))
    ordered = sorted(shards, key=lambda shard: shard[1])
    return [(tuple(sorted(names)), events) for events, _, names in ordered if names]
