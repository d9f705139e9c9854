"""Where features come from: the events and processes of workload containers, within a time span."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import polars as pl

from rtml.baselines.counting import HITS
from rtml.captures.processes import PROCESSES, process_images
from rtml.captures.store import Capture
from rtml.images import repository
from rtml.lineage import roots_of
from rtml.peers import peer_group
from rtml.schema import IDENTITY, INFRASTRUCTURE, conform, empty
from rtml.times import MINUTE, Length, Window

__all__ = ["LOST", "Events", "Source", "Unit", "open_source"]

Events = Capture | pl.LazyFrame | pl.DataFrame
"""What features are made of: a capture, or a table of events."""

Unit = Literal["container", "tree"]
"""What a row is about, per window: a container, or one process tree (lineage root) in it."""

_UTC = pl.Datetime("ns", "UTC")
LOST = pl.Schema({"host": pl.String(), "start": _UTC, "end": _UTC})
"""Intervals in which the sensor lost events; a null end is open."""

_IDENTITY = pl.Schema({name: pl.String() for name in IDENTITY})


@dataclass(frozen=True)
class Source:
    """Events of workload containers with what is known of those containers.

    Parameters
    ----------
    events
        `rtml.schema.EVENTS` without host processes and infrastructure containers.
    processes
        One row per process image.
    identity
        The columns `rtml.schema.IDENTITY` as strings, one row per container.
    lost
        Rows of `LOST`.
    every
        Length of a window.
    unit
        What a row of features is about.
    since
        Events before are there to be looked back to, and are in no row. None: all are looked at.
    """

    events: pl.LazyFrame
    processes: pl.LazyFrame
    identity: pl.DataFrame
    lost: pl.DataFrame
    every: Window = MINUTE
    unit: Unit = "container"
    since: dt.datetime | None = None

    @cached_property
    def peers(self) -> pl.DataFrame:
        """Per container its peer group (``peers``) and the columns that histories are kept by.

        ``image`` is the digest where it is known, else the name; ``repository`` is the name
        without tag and digest, null for an image that has no name but its digest.
        """
        return self.identity.select(
            "container_id",
            "workload",
            peer_group(self.identity.columns),
            image=pl.coalesce("image_digest", "image"),
            repository=repository(pl.col("image")),
        )

    @cached_property
    def groups(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The peer group of every container as a number, ``group``, and what the numbers stand for."""
        peers = self.peers.with_columns(pl.col("container_id").cast(pl.Categorical()))
        alike = [name for name in peers.columns if name != "container_id"]
        groups = peers.select(alike).unique().with_row_index("group")
        coded = peers.join(groups, on=alike, nulls_equal=True).select("container_id", "group")
        return coded, groups

    @property
    def window(self) -> pl.Expr:
        """The start of the window that an event is in; windows start at multiples since 1970."""
        return self.every.start("time")

    def looked_at(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Return events, with their ``window``, without those that are only looked back to."""
        own = events if self.since is None else events.filter(pl.col("time") >= pl.lit(self.since, _UTC))
        return own.with_columns(self.window)

    @cached_property
    def roots(self) -> pl.DataFrame:
        """The lineage root of every process: ``host``, ``process_id``, ``root_id``."""
        return roots_of(self.processes).collect()

    def rooted(self, cells: pl.DataFrame) -> pl.DataFrame:
        """Add ``root_id`` to rows that know their ``host`` and ``process_id``.

        A process whose root is unknown is its own; what names no process is of tree 0. Where rows are
        about containers, all is of tree 0.
        """
        if self.unit == "container":
            return cells.with_columns(root_id=pl.lit(0, pl.Int64))
        known = cells.with_columns(pl.col("host").cast(pl.String)).join(
            self.roots, on=["host", "process_id"], how="left", maintain_order="left"
        )
        return known.with_columns(pl.coalesce("root_id", "process_id").fill_null(0))

    @cached_property
    def volume(self) -> pl.DataFrame:
        """Events (``hits``, and how many ``failed``) per container, window, tree and kind.

        Read once: the windows themselves and the family ``activity`` are made of it.
        """
        process = [] if self.unit == "container" else ["host", "process_id"]
        failed = pl.when(pl.col("result") < 0).then(HITS).otherwise(0)
        cells = self.looked_at(self.events).group_by("container_id", "window", "kind", *process)
        counted = cells.agg(HITS.sum().alias("hits"), failed.sum().alias("failed"))
        strings = pl.col("container_id", "kind").cast(pl.String)
        rows = self.rooted(counted.collect(engine="streaming").with_columns(strings))
        return rows.group_by("container_id", "window", "root_id", "kind").agg(pl.col("hits", "failed").sum())

    @cached_property
    def lossy(self) -> pl.DataFrame:
        """The windows in which the container's host lost events: ``container_id``, ``window``."""
        cells = self.volume.select("container_id", "window").unique()
        hosts = self.identity.select("container_id", "host")
        gaps = self.lost.select("host", "start", "end")
        begun = pl.col("start").is_null() | (pl.col("start") < pl.col("window") + self.every.span)
        going = pl.col("end").is_null() | (pl.col("end") >= pl.col("window"))
        hit = cells.join(hosts, on="container_id").join(gaps, on="host").filter(begun & going)
        return hit.select("container_id", "window").unique()

    def without(self, trees: pl.DataFrame) -> Source:
        """Return the source without the events of some trees: ``host``, ``root_id``."""
        if trees.is_empty():
            return self
        known = self.processes.select("host", "process_id", "root_id")
        members = known.join(trees.lazy().select("host", "root_id"), on=["host", "root_id"], how="semi")
        roots = trees.lazy().select("host", process_id="root_id")
        left_out = pl.concat([members.select("host", "process_id"), roots]).unique()
        keyed = self.events.with_columns(pl.col("host").cast(pl.String).alias("_host"))
        kept = keyed.join(
            left_out.rename({"host": "_host"}), on=["_host", "process_id"], how="anti", maintain_order="left"
        )
        return replace(self, events=kept.drop("_host"))

    def between(self, start: dt.datetime | None, end: dt.datetime | None) -> Source:
        """Return the source with events of ``start <= time < end`` only; None is unbounded."""
        events = self.events
        if start is not None:
            events = events.filter(pl.col("time") >= pl.lit(start, _UTC))
        if end is not None:
            events = events.filter(pl.col("time") < pl.lit(end, _UTC))
        return replace(self, events=events)


def _from_capture(capture: Capture) -> Source:
    events = capture.events()
    containers = capture.containers()
    outside = containers.filter(pl.col("role") == INFRASTRUCTURE)["container_id"]
    inside = pl.col("container_id").is_not_null()
    if len(outside):
        inside &= ~pl.col("container_id").is_in(outside.to_list())
    workloads = containers.filter(~pl.col("container_id").is_in(outside.to_list()))
    contained = events.filter(inside)
    identity = conform(workloads, _IDENTITY)
    intervals = [interval.model_dump() for interval in capture.manifest.lost_intervals]
    lost = conform(pl.DataFrame(intervals, schema=[*LOST, "count"], infer_schema_length=None), LOST)
    return Source(contained, capture.processes(), identity, lost)


def _first_known(events: pl.LazyFrame, names: list[str]) -> pl.DataFrame:
    """Return per container the first non-null value of each column, in order of time."""
    distinct = events.group_by("container_id", *names).agg(pl.col("time", "seq").min())
    ordered = distinct.collect(engine="streaming").sort("time", "seq")
    containers = ordered.group_by("container_id", maintain_order=True)
    first = containers.agg(pl.col(names).drop_nulls().first())
    return first.with_columns(pl.col("container_id", *names).cast(pl.String))


def _from_events(events: pl.LazyFrame, processes: pl.LazyFrame | None) -> Source:
    contained = conform(events).filter(pl.col("container_id").is_not_null())
    if processes is None:
        processes = process_images(conform(events).collect()).lazy()
    names = [name for name in IDENTITY if name != "container_id"]
    identity = _first_known(contained, names).select(IDENTITY).sort("container_id")
    return Source(contained, conform(processes, PROCESSES), identity, empty(LOST))


def open_source(
    events: Events,
    processes: pl.LazyFrame | pl.DataFrame | None = None,
    every: Length = MINUTE,
    unit: Unit = "container",
) -> Source:
    """Turn a capture, or a table of events with its processes, into a `Source`.

    From a capture, infrastructure containers are left out, and lost intervals are known. From a
    bare table every container counts as a workload, and processes are worked out when not given.
    A container is what its first events say it is, so that later events change nothing earlier.
    """
    if isinstance(events, Capture):
        source = _from_capture(events)
    else:
        source = _from_events(events.lazy(), None if processes is None else processes.lazy())
    return replace(source, every=Window.of(every), unit=unit)
