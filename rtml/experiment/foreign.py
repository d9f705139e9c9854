"""Trees of one workload put into another: something to find before the test, for which nobody needs labels.

What is ordinary in a build container is not in a database. So short process trees of the time before the test
are moved into containers of other workloads, as `rtml.splicing` moves recorded attacks. They are no attacks:
a choice that is made with them is one for what stands out, and many a foreign tree is as usual there as at
home, and never found. They serve to tell settings apart, not to say how good any is.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from rtml.captures import Capture
from rtml.captures.processes import BY_TIME, PROCESSES
from rtml.errors import RtmlError
from rtml.evaluation.trees import attack_trees
from rtml.peers import peer_group
from rtml.schema import LABELS, conform
from rtml.splicing.peers import extents
from rtml.splicing.placing import Place, choose
from rtml.splicing.recorded import read_recorded
from rtml.splicing.splice import Spliced, with_trials
from rtml.splicing.trial_table import trial_table
from rtml.times import instant

__all__ = ["LONGEST", "foreign"]

LONGEST = dt.timedelta(minutes=1)
"""Longest tree that is moved: services that run all the time are not."""

_MOST = 200
_GAP = 60_000_000_000
"""Nanoseconds between two trees in a container: one window of them each, as a rule."""


def foreign(capture: Capture, begin: dt.datetime, end: dt.datetime, seed: int) -> Spliced:
    """Put short trees of each workload into a container of each other workload, once by program.

    Parameters
    ----------
    capture
        What is copied; nothing of it is changed.
    begin, end
        The trees are taken from this time, and put into it.
    seed
        Where each goes.

    Returns
    -------
    The capture with at most 200 foreign trees in it, a minute apart in each container; labels are of these
    alone, ``spliced``.

    Raises
    ------
    RtmlError
        No tree is short enough, or there is no other workload.
    """
    trees = _trees(capture, begin, end)
    containers = capture.judged()
    labels = _labels(trees, containers)
    recorded = read_recorded(capture, labels, attack_trees(labels, capture.processes().collect()))
    ends = extents(recorded.labels, recorded.own_events)
    lengths: dict[str, int] = dict(ends.select("attack_id", "length").iter_rows())
    places = _places(labels, containers, begin, end)
    both = lengths.keys() & places.keys()
    chosen = choose({n: lengths[n] for n in both}, places, {}, min(_MOST, len(both)), _GAP, seed)
    if not chosen:
        raise RtmlError(
            f"nothing can be rehearsed: from {begin:%F %T} to {end:%F %T} no process tree that ends within "
            f"{LONGEST.seconds} s fits into a container of another workload; record a longer benign time"
        )
    table = trial_table(chosen, ends, recorded, capture.containers())
    made = with_trials(capture, recorded, table, recorded.labels, {})
    trials = made.labels.filter(pl.col("provenance") == "spliced")
    return Spliced(made.events, made.processes, trials, made.manifest, made.trials, made.left_out)


def _trees(capture: Capture, begin: dt.datetime, end: dt.datetime) -> pl.DataFrame:
    """Return ``container_id, root_id, start, end, program`` of short trees, the first of each program."""
    images = capture.processes().select(PROCESSES.names()).collect()
    roots = images.select("process_id", "root_id").unique("process_id", keep="first", maintain_order=True)
    last = (
        images.sort(BY_TIME)
        .group_by("process_id", maintain_order=True)
        .agg(program=pl.col("exe").last())
        .drop_nulls()
    )
    spans = (
        capture.events(["time", "process_id", "container_id"])
        .with_columns(pl.col("container_id").cast(pl.String))
        .join(roots.lazy(), on="process_id")
        .drop_nulls(["container_id", "root_id"])
        .group_by("container_id", "root_id")
        .agg(start=pl.col("time").min(), end=pl.col("time").max())
        .collect()
    )
    inside = (pl.col("start") >= instant(begin)) & (pl.col("end") < instant(end))
    short = spans.filter(inside & (pl.col("end") - pl.col("start") <= LONGEST))
    named = short.join(last, left_on="root_id", right_on="process_id").sort("start", "root_id")
    return named.unique("program", keep="first", maintain_order=True)


def _labels(trees: pl.DataFrame, containers: pl.DataFrame) -> pl.DataFrame:
    """Return one label per tree and other workload; ``name`` is the workload to which it goes."""
    facts = containers.select("container_id", "host", home=peer_group(containers.columns))
    others = facts.select(name="home").unique().drop_nulls().sort("name")
    pairs = (
        trees.join(facts, on="container_id")
        .join(others, how="cross")
        .filter(pl.col("home") != pl.col("name"))
    )
    number = pl.int_range(pl.len()).cast(pl.String).str.zfill(4)
    rows = pairs.sort("start", "root_id", "name").with_columns(
        attack_id="foreign-" + number, process_id="root_id", provenance=pl.lit("replay")
    )
    return conform(rows, LABELS)


def _places(
    labels: pl.DataFrame, containers: pl.DataFrame, begin: dt.datetime, end: dt.datetime
) -> dict[str, list[Place]]:
    """Return where each tree may go: containers of the workload that its label names, while they run."""
    bounds = [pl.max_horizontal("first_seen", instant(begin)), pl.min_horizontal("last_seen", instant(end))]
    rows = containers.select(
        "container_id",
        *(bound.dt.epoch("ns").alias(name) for name, bound in zip(("begin", "end"), bounds, strict=True)),
        name=peer_group(containers.columns),
    ).filter(pl.col("begin") < pl.col("end"))
    by_name: dict[str, list[Place]] = {}
    for container, start, stop, name in rows.sort("container_id").iter_rows():
        by_name.setdefault(name, []).append(Place(container, (start, stop)))
    return {
        attack: by_name[name]
        for attack, name in labels.select("attack_id", "name").iter_rows()
        if name in by_name
    }
