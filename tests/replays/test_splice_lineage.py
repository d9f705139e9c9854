"""Splicing where the parent is not the init, children are orphaned, and events were lost."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import Capture, open_capture
from rtml.captures.instances import identify
from rtml.captures.manifest import Container, LostInterval, Manifest
from rtml.captures.processes import process_images, with_images
from rtml.captures.write import write_capture
from rtml.errors import RtmlError
from rtml.evaluation.trees import attack_trees
from rtml.schema import LABELS, REJECTS, conform
from rtml.splicing.splice import Spliced, splice

BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
FIRST, PID = {"c1": 0, "c2": 100, "c3": 200}, {"c1": 100, "c2": 200, "c3": 300}


def service(name: str) -> list[tuple]:
    """Init, a service below it, and now and then a file that it opens."""
    at, pid = FIRST[name], PID[name]
    return [
        (at, name, "exec", pid, 1, None, "/sbin/init"),
        (at + 1, name, "fork", pid, 1, pid + 1, None),
        (at + 2, name, "exec", pid + 1, pid, None, "/usr/bin/serve"),
        *((at + n, name, "open", pid + 1, pid, None, None) for n in range(10, 90, 10)),
    ]


def attack() -> list[tuple]:
    """Child 110 of the service forks 111, ends, and 111 falls to the init."""
    return [
        (31, "c1", "fork", 101, 100, 110, None),
        (32, "c1", "exec", 110, 101, None, "/bin/sh"),
        (33, "c1", "fork", 110, 101, 111, None),
        (34, "c1", "exec", 111, 110, None, "/tmp/x"),
        (35, "c1", "exit", 110, 101, None, None),
        (36, "c1", "open", 111, 100, None, None),
        (37, "c1", "exit", 111, 100, None, None),
    ]


@pytest.fixture
def capture(tmp_path: Path) -> Capture:
    return made(tmp_path)


def made(folder: Path, lost: list[LostInterval] | None = None) -> Capture:
    rows = sorted([*service("c1"), *service("c2"), *service("c3"), *attack()])
    names = ["at", "container_id", "kind", "pid", "ppid", "target_pid", "exe"]
    frame = pl.DataFrame(rows, schema=names, orient="row").with_columns(
        time=pl.lit(BEGIN, pl.Datetime("ns", "UTC")) + pl.duration(seconds="at"),
        host=pl.lit("h"),
        workload=pl.lit("w"),
        seq=pl.int_range(pl.len(), dtype=pl.Int64),
        path=pl.lit("/f"),
    )
    events = identify(conform(frame))
    images = process_images(events)
    containers = [
        Container(
            container_id=name,
            workload="w",
            host="h",
            events=11,
            role="infrastructure" if name == "c3" else None,
            first_seen=BEGIN + dt.timedelta(seconds=at),
            last_seen=BEGIN + dt.timedelta(seconds=at + 90),
        )
        for name, at in FIRST.items()
    ]
    manifest = Manifest(
        sensor="made", hosts=["h"], containers=containers, events=events.height, lost_intervals=lost or []
    )
    write_capture(folder / "c", manifest, with_images(events, images), images, REJECTS.to_frame())
    return open_capture(folder / "c")


def spliced(capture: Capture) -> Spliced:
    images = capture.processes().collect()
    root = images.filter(pl.col("pid") == 110)["process_id"][0]
    label = {
        "attack_id": "a",
        "container_id": "c1",
        "host": "h",
        "process_id": root,
        "start": BEGIN + dt.timedelta(seconds=31),
        "end": BEGIN + dt.timedelta(seconds=37),
    }
    labels = conform(pl.DataFrame([label]), LABELS)
    return splice(capture, labels, attack_trees(labels, images), trials=1, seed=0, gap=0)


def test_the_parent_is_the_service_and_orphans_fall_to_the_init(capture: Capture):
    done = spliced(capture)
    top = capture.events().select(pl.col("seq").max()).collect().item()
    rows = done.events.filter(pl.col("seq") > top)
    assert rows["container_id"].cast(pl.String).unique().to_list() == ["c2"]
    child, orphan = 301 + 1, 301 + 2  # the highest pid that was in use is 301
    assert rows["pid"].to_list() == [child, child, orphan, child, orphan, orphan]
    assert rows["ppid"].to_list() == [201, 201, child, 201, 200, 200]
    assert rows["target_pid"].to_list() == [None, orphan, None, None, None, None]
    images = done.processes.filter(pl.col("pid").is_in([child, orphan]))
    serve = done.processes.filter(pl.col("pid") == 201)["process_id"][0]
    root = done.labels.filter(pl.col("provenance") == "spliced")["process_id"][0]
    assert set(images.filter(pl.col("pid") == child)["parent_id"]) == {serve}
    assert set(images.filter(pl.col("pid") == orphan)["parent_id"]) == {root}
    assert set(images["root_id"]) == {serve}


def test_the_service_must_be_running_for_the_attack_to_come_from_it(capture: Capture):
    label = spliced(capture).labels.filter(pl.col("provenance") == "spliced")
    assert label["start"][0] >= BEGIN + dt.timedelta(seconds=FIRST["c2"] + 1)


def test_time_with_lost_events_is_never_used(tmp_path: Path):
    lost = LostInterval(host="h", start=BEGIN, end=BEGIN + dt.timedelta(hours=1), count=5)
    with pytest.raises(RtmlError, match=r"no benign time is long enough .* takes 6\.0 s"):
        spliced(made(tmp_path, [lost]))


def test_manifest_counts_what_was_added(capture: Capture):
    done = spliced(capture)
    assert done.manifest.events == done.events.height == capture.manifest.events + 6
    events = {c.container_id: c.events for c in done.manifest.containers}
    assert events == {"c1": 11, "c2": 17, "c3": 11}
