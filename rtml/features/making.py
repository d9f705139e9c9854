"""From a capture to windows, surprises and baselines: what a feature family is asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import polars as pl

from rtml import baselines
from rtml.baselines import Baseline
from rtml.captures import Capture
from rtml.errors import UsageError
from rtml.features.api_calls import audit_source
from rtml.features.families import AUDIT_FAMILIES, families_of
from rtml.features.prequential import prequential_windows
from rtml.features.source import Events, Source, Unit, open_source
from rtml.features.windows import assemble, assemble_with_surprises
from rtml.splits import Split
from rtml.times import MINUTE, Length

__all__ = [
    "learn",
    "observed",
    "prequential",
    "source_of",
    "split_windows",
    "surprises",
    "windows",
    "windows_and_surprises",
]

Table = pl.LazyFrame | pl.DataFrame


def source_of(
    events: Events,
    processes: Table | None = None,
    every: Length = MINUTE,
    families: Iterable[str] | None = None,
    unit: Unit = "container",
) -> Source:
    """Open what the families look at: containers and their trees, or the users of an audit log."""
    names = set(families_of(families))
    if not names & set(AUDIT_FAMILIES):
        return open_source(events, processes, every, unit)
    if names - set(AUDIT_FAMILIES):
        raise UsageError("family audit has windows of users: it goes with no family of containers")
    return audit_source(events, every, unit)


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
    source = source_of(events, processes, MINUTE, families).between(start, end)
    wanted = families_of(families).values()
    conditionals = [conditional for family in wanted for conditional in family.conditionals]
    return baselines.learn(source.events, source.processes, conditionals, source.peers)


def windows(
    events: Events,
    baseline: Baseline | None = None,
    families: Iterable[str] | None = None,
    every: Length = MINUTE,
    processes: Table | None = None,
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
    unit: Unit = "container",
) -> pl.DataFrame:
    """Turn a capture into one row per container and window, or per process tree and window.

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
    unit
        ``container``, or ``tree``: rows are then of lineage roots, and have their ``process_id``.

    Returns
    -------
    ``container_id``, ``window`` (start, UTC), the other identity columns, ``events`` (number),
    ``complete`` (no event was lost in it), then one Float64 column per feature. Sorted by container
    and window; windows without events have no row.
    """
    source = source_of(events, processes, every, families, unit).between(start, end)
    return assemble(source, baseline or Baseline(), families_of(families))


def windows_and_surprises(
    events: Events,
    baseline: Baseline,
    families: Iterable[str] | None = None,
    every: Length = MINUTE,
    processes: Table | None = None,
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
    unit: Unit = "container",
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return `windows` and `surprises` of the same time from one reading of the events.

    Notes
    -----
    Parameters are those of `windows`.
    """
    source = source_of(events, processes, every, families, unit).between(start, end)
    return assemble_with_surprises(source, baseline, families_of(families))


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
    unit: Unit = "container",
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
    source = source_of(events, processes, every, families, unit).between(start, end)
    return prequential_windows(source, families_of(families), blocks)


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

    Examples
    --------
    >>> from rtml.captures import open_capture
    >>> capture, split = open_capture("datasets/lab-v1/capture"), Split(calibrate=0.3, test=0.55)
    >>> table = split_windows(capture, split, ["binaries"])
    >>> table.select("part", "workload", "binaries.bits_max").top_k(2, by="binaries.bits_max")
    shape: (2, 3)
    ┌──────┬──────────┬───────────────────┐
    │ part ┆ workload ┆ binaries.bits_max │
    │ ---  ┆ ---      ┆ ---               │
    │ str  ┆ str      ┆ f64               │
    ╞══════╪══════════╪═══════════════════╡
    │ test ┆ job      ┆ 10.030273         │
    │ test ┆ job      ┆ 10.030273         │
    └──────┴──────────┴───────────────────┘
    """
    if split is None:
        return windows(capture, None, families, every)
    span = split.of(capture, every)
    learnt, baseline = prequential(
        capture, None, blocks, families, every, start=span.start, end=span.edges[1]
    )
    later = {
        part: windows(capture, baseline, families, every, None, *span.bounds(part))
        for part in ("calibrate", "test")
    }
    tables = {"train": learnt, **later}
    return pl.concat([table.with_columns(part=pl.lit(part)) for part, table in tables.items()])
