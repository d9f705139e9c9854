"""Containers of role ``infrastructure``, and processes of the host, change nothing that is learnt.

The lab's own intruder lives in such a container: what it does is no work of the shop.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from rtml.captures import Capture
from rtml.captures.manifest import Container, Manifest
from rtml.features import learn, prequential, surprises, windows
from rtml.features.source import open_source
from rtml.schema import conform
from rtml.testing.events import MINUTE, START, busy

SHIFT = 10_000
"""Added to sequence numbers and process ids, so that two tables can stand in one capture."""


def elsewhere(container: str | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return twelve busy minutes that begin four minutes before the workloads do."""
    events, processes = busy(12, ("lab-1",))
    number = SHIFT * (2 if container else 1)
    name = pl.lit(container, pl.String).cast(events.schema["container_id"])
    moved = events.with_columns(pl.col("time") - 4 * MINUTE, container_id=name)
    return (
        conform(moved.with_columns(pl.col("seq", "process_id") + number)),
        processes.with_columns(pl.col("image_seq", "process_id") + number),
    )


def written(folder: Path, *tables: tuple[pl.DataFrame, pl.DataFrame]) -> Capture:
    """Write tables of events and processes as one capture."""
    parts = folder / "events" / "date=2026-11-24" / "host=h"
    parts.mkdir(parents=True)
    events = pl.concat([table for table, _ in tables]).sort("time")
    events.write_parquet(parts / "part-0.parquet")
    pl.concat([images for _, images in tables]).write_parquet(folder / "processes.parquet")
    containers = [
        Container(container_id=name, workload=name[:3], image="shop/base:1", host="h",
                  role="infrastructure" if name == "lab-1" else "workload",
                  first_seen=START, last_seen=START, events=1)
        for name in events["container_id"].cast(pl.String).drop_nulls().unique().sort()
    ]  # fmt: skip
    manifest = Manifest(sensor="x", events=events.height, containers=containers)
    return Capture(str(folder), manifest)


@pytest.fixture(scope="module", params=[("lab-1",), (None,), ("lab-1", None)], ids=repr)
def captures(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Capture, Capture]:
    """The workloads alone, and with infrastructure, processes of the host, or both around."""
    folder, own = tmp_path_factory.mktemp("captures"), busy(6)
    around = [elsewhere(name) for name in request.param]
    return written(folder / "alone", own), written(folder / "all", own, *around)


def test_the_source_holds_events_of_workloads_only(captures: tuple[Capture, Capture]):
    alone, everything = (open_source(capture) for capture in captures)
    events = everything.events.collect()
    assert set(events["container_id"].cast(pl.String)) == {"web-1", "app-1"}
    assert_frame_equal(events, alone.events.collect(), check_row_order=False)
    assert_frame_equal(everything.volume, alone.volume, check_row_order=False)
    assert set(everything.identity["container_id"]) == {"web-1", "app-1"}


def test_the_baseline_counts_none_of_them(captures: tuple[Capture, Capture]):
    alone, everything = (learn(capture) for capture in captures)
    assert set(everything.population()["container"]) == {"web-1", "app-1"}
    assert_frame_equal(everything.counts, alone.counts)


def test_windows_and_surprises_are_the_same_without_them(captures: tuple[Capture, Capture]):
    baseline = learn(captures[0], end=START + 3 * MINUTE)
    for made in (windows, lambda c, b: surprises(c, None, b)):
        alone, everything = (made(capture, baseline) for capture in captures)
        assert alone.height > 0
        assert_frame_equal(everything, alone)


def test_training_blocks_are_cut_by_the_time_of_workloads(captures: tuple[Capture, Capture]):
    """The whole span would give other blocks, and each block another history."""
    alone, everything = (prequential(capture, blocks=3) for capture in captures)
    assert_frame_equal(everything[0], alone[0])
    assert_frame_equal(everything[1].counts, alone[1].counts)
