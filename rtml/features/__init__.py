"""Features: functions from a capture to one row per container and window.

A feature family turns a capture into a table with one row per ``container_id`` and ``window`` and
float columns named ``family.feature``. Windows without events do not exist. A feature at time t
does not change when later events are appended. Registration: one entry of `FAMILIES`, or an entry
point of ``rtml.features`` in somebody else's package.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import polars as pl

from rtml import baselines
from rtml.baselines import Baseline
from rtml.captures import Capture
from rtml.errors import UnknownNameError, UsageError, did_you_mean
from rtml.features.api_calls import audit_source
from rtml.features.audit import AUDIT_FAMILY
from rtml.features.contract import Family
from rtml.features.prequential import prequential_windows
from rtml.features.source import Events, Source, open_source
from rtml.features.surprise import EVENT_SURPRISES
from rtml.features.windows import assemble, assemble_with_surprises
from rtml.registry import Registry
from rtml.schema import feature_columns
from rtml.splits import Split
from rtml.times import MINUTE, Length

__all__ = [
    "AUDIT_FAMILIES",
    "EVENT_SURPRISES",
    "FAMILIES",
    "Events",
    "Family",
    "Source",
    "feature_columns",
    "learn",
    "observed",
    "open_source",
    "prequential",
    "split_windows",
    "surprises",
    "windows",
    "windows_and_surprises",
]

FAMILIES: Registry[Family] = Registry(
    "feature family",
    "rtml.features",
    {
        "lineage": "rtml.features.lineage:LINEAGE",
        "binaries": "rtml.features.binaries:BINARIES",
        "destinations": "rtml.features.destinations:DESTINATIONS",
        "files": "rtml.features.files:FILES",
        "calls": "rtml.features.calls:CALLS",
        "activity": "rtml.features.activity:ACTIVITY",
    },
    lambda thing: isinstance(thing, Family),
)
"""Every registered family of containers by name. ``families=None`` means ``FAMILIES.own``: a package that
is installed beside us must be named, so that it changes nobody's results by being there."""

AUDIT_FAMILIES: dict[str, Family] = {AUDIT_FAMILY.name: AUDIT_FAMILY}
"""Families of the Kubernetes audit log; their windows are of API users."""

Table = pl.LazyFrame | pl.DataFrame


def _chosen(names: Iterable[str] | None) -> dict[str, Family]:
    return {name: _family(name) for name in (FAMILIES.own if names is None else names)}


def _family(name: str) -> Family:
    if name in AUDIT_FAMILIES:
        return AUDIT_FAMILIES[name]
    if name not in FAMILIES:
        raise UnknownNameError(
            f"unknown feature family {name!r}; {did_you_mean(name, [*FAMILIES, *AUDIT_FAMILIES])}"
        )
    return FAMILIES[name]


def _source(events: Events, processes: Table | None, every: Length, families: Iterable[str] | None) -> Source:
    """Open what the families look at: containers, or the users of an audit log."""
    chosen = set(_chosen(families))
    if not chosen & set(AUDIT_FAMILIES):
        return open_source(events, processes, every)
    if chosen - set(AUDIT_FAMILIES):
        raise UsageError("family audit has windows of users: it goes with no family of containers")
    return audit_source(events, every)


def learn(
    events: Events,
    processes: Table | None = None,
    families: Iterable[str] | None = None,
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
) -> Baseline:
    """Learn the baseline of a capture, or of events with their processes.

    Parameters
    ----------
    events, processes
        A capture (then ``processes`` is its own), or two tables.
    families
        Names of `FAMILIES`; None takes all of ours.
    start, end
        Only events with ``start <= time < end``.
    """
    source = _source(events, processes, MINUTE, families).between(start, end)
    chosen = _chosen(families).values()
    conditionals = [each for family in chosen for each in family.conditionals]
    return baselines.learn(source.events, source.processes, conditionals, source.peers)


def windows(
    events: Events,
    baseline: Baseline | None = None,
    families: Iterable[str] | None = None,
    every: Length = MINUTE,
    processes: Table | None = None,
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
) -> pl.DataFrame:
    """Turn a capture into one row per container and window.

    Parameters
    ----------
    events, processes
        A capture (then ``processes`` is its own), or two tables.
    baseline
        History to compare with; without one, features that need it are null.
    families
        Names of `FAMILIES`; None takes all of ours.
    every
        Length of a window: a whole number and ``s``, ``m`` or ``h``.
    start, end
        Only events with ``start <= time < end``.

    Returns
    -------
    ``container_id``, ``window`` (start, UTC), the other identity columns, ``events`` (number),
    ``complete`` (no event was lost in it), then one Float64 column per feature. Sorted by container
    and window; windows without events have no row.
    """
    source = _source(events, processes, every, families).between(start, end)
    return assemble(source, baseline or Baseline(), _chosen(families))


def windows_and_surprises(
    events: Events,
    baseline: Baseline,
    families: Iterable[str] | None = None,
    every: Length = MINUTE,
    processes: Table | None = None,
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return `windows` and `surprises` of the same time from one reading of the events.

    Notes
    -----
    Parameters are those of `windows`.
    """
    source = _source(events, processes, every, families).between(start, end)
    return assemble_with_surprises(source, baseline, _chosen(families))


def surprises(
    events: Events,
    processes: Table | None,
    baseline: Baseline,
    families: Iterable[str] | None = None,
    every: Length = MINUTE,
) -> pl.DataFrame:
    """Score single events: the source of window sums and of explanations.

    Returns
    -------
    Columns of `EVENT_SURPRISES`, one row per window, process and distinct (context, key), standing
    for the first such event; sorted by time. Empty when the baseline is.
    """
    return windows_and_surprises(events, baseline, families, every, processes)[1]


def observed(
    capture: Events, every: Length = MINUTE, start: dt.datetime | None = None, end: dt.datetime | None = None
) -> pl.DataFrame:
    """Return which windows were observed: `windows` without any feature.

    Whatever judges findings needs no more: who was watched, when, and whether events were lost.
    """
    return windows(capture, None, (), every, start=start, end=end)


def prequential(
    events: Events,
    processes: Table | None = None,
    blocks: int = 8,
    families: Iterable[str] | None = None,
    every: Length = MINUTE,
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
) -> tuple[pl.DataFrame, Baseline]:
    """Return training windows, each scored by a baseline that had not seen it, and the full one.

    Parameters
    ----------
    blocks
        Spans that the training time is cut into; the first is only learnt from.

    Notes
    -----
    Other parameters are those of `windows`.
    """
    source = _source(events, processes, every, families).between(start, end)
    return prequential_windows(source, _chosen(families), blocks)


def split_windows(
    capture: Capture,
    split: Split | None = None,
    families: Iterable[str] | None = None,
    every: Length = MINUTE,
    blocks: int = 8,
) -> pl.DataFrame:
    """Feature a capture as training, calibration and judging will see it.

    Parameters
    ----------
    capture
        An opened capture.
    split
        Where calibration and the test begin; None features all time without a baseline.
    families, every, blocks
        As for `windows` and `prequential`.

    Returns
    -------
    `windows` with ``part``: ``train`` rows are compared with what came before them (the first block
    is only learnt from), ``calibrate`` and ``test`` rows with all of the training time.
    """
    if split is None:
        return windows(capture, None, families, every)
    whole = split.over(capture, every)
    learnt, baseline = prequential(
        capture, None, blocks, families, every, start=whole.start, end=whole.edges[1]
    )
    later = {
        part: windows(capture, baseline, families, every, None, *whole.bounds(part))
        for part in ("calibrate", "test")
    }
    tables = {"train": learnt, **later}
    return pl.concat([table.with_columns(part=pl.lit(part)) for part, table in tables.items()])


class _Room(ModuleType):
    """A module that may also be called: ``rtml.features(capture, split)``."""

    def __call__(self, *values: Any, **options: Any) -> pl.DataFrame:
        return split_windows(*values, **options)


sys.modules[__name__].__class__ = _Room
