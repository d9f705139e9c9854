"""Windows of captures: identity, lost events, infrastructure, time spans."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from rtml.captures import Capture
from rtml.captures.manifest import Container, LostInterval, Manifest
from rtml.errors import UsageError
from rtml.features import FAMILIES, feature_columns, learn, prequential, windows
from rtml.features.prequential import blocks_of
from rtml.features.source import open_source
from rtml.testing.events import MINUTE, START, busy, events


@pytest.fixture
def capture(tmp_path) -> Capture:
    """A capture on disk: two workloads and one infrastructure container, a gap in minute 2."""
    table, processes = busy(containers=("web-1", "app-1", "lab-1"))
    folder = tmp_path / "events" / "date=2026-11-24" / "host=h"
    folder.mkdir(parents=True)
    table.write_parquet(folder / "part-0.parquet")
    processes.write_parquet(tmp_path / "processes.parquet")
    containers = [
        Container(
            container_id=f"{name}-1",
            workload=name,
            image="shop/base:1",
            host="h",
            image_digest="sha256:1",
            role="infrastructure" if name == "lab" else "workload",
            first_seen=START,
            last_seen=START,
            events=1,
        )
        for name in ("web", "app", "lab")
    ]
    gap = START + 2 * MINUTE + dt.timedelta(seconds=10)
    lost = LostInterval(host="h", start=gap, end=gap, count=3)
    manifest = Manifest(sensor="x", events=table.height, containers=containers, lost_intervals=[lost])
    return Capture(str(tmp_path), manifest)


def test_identity_comes_from_the_manifest(capture):
    row = windows(capture, families=["activity"]).row(0, named=True)
    assert (row["container_id"], row["workload"], row["image_digest"]) == ("app-1", "app", "sha256:1")
    assert row["cluster"] is None


def test_infrastructure_is_left_out_of_windows_and_baselines(capture):
    assert windows(capture)["container_id"].unique().sort().to_list() == ["app-1", "web-1"]
    assert "lab-1" not in learn(capture).counts["container"]


def test_a_capture_equals_its_tables(capture):
    kept = pl.col("container_id") != "lab-1"
    table, processes = busy(containers=("web-1", "app-1", "lab-1"))
    history = learn(capture)
    from_tables = windows(table.filter(kept), history, processes=processes)
    names = feature_columns(from_tables)
    plain = windows(capture, history).select(names)
    assert plain.select(feature_columns(plain)).shape == from_tables.select(names).shape
    assert plain["files.pairs"].to_list() == from_tables["files.pairs"].to_list()


def test_lost_events_make_a_window_incomplete(capture):
    table = windows(capture, families=["activity"])
    incomplete = table.filter(~pl.col("complete"))
    assert incomplete["window"].unique().to_list() == [START + 2 * MINUTE]
    assert incomplete.height == 2


def test_span_is_half_open(capture):
    part = windows(capture, families=["activity"], start=START + MINUTE, end=START + 3 * MINUTE)
    assert part["window"].unique().sort().to_list() == [START + MINUTE, START + 2 * MINUTE]


def test_unknown_family_and_window_length():
    with pytest.raises(UsageError, match="did you mean 'lineage'"):
        windows(events([]), families=["linage"])
    with pytest.raises(UsageError, match="window length '0s'"):
        windows(events([]), every="0s")


def test_repository_is_the_image_without_tag_and_digest():
    names = [
        "shop/web:1.2",
        "reg:5000/shop/web:1",
        "reg:5000/web",
        "web@sha256:abc",
        None,
        f"sha256:{'a1' * 32}",
    ]
    frame = events({"container_id": f"c{i}", "image": name} for i, name in enumerate(names))
    peers = open_source(frame).peers.sort("container_id")
    assert peers["repository"].to_list() == [
        "shop/web",
        "reg:5000/shop/web",
        "reg:5000/web",
        "web",
        None,
        None,
    ]


def test_blocks_cover_the_time_without_cutting_a_window():
    table, processes = busy(minutes=7)
    blocks = blocks_of(open_source(table, processes), 3)
    seen = [block.events.select("seq").collect()["seq"].to_list() for block in blocks]
    assert sorted(sum(seen, [])) == sorted(table["seq"].to_list())
    assert [len(part) for part in seen] == [36, 36, 54]


def test_prequential_refuses_one_block_and_survives_few_events():
    with pytest.raises(UsageError, match="at least 2"):
        prequential(*busy(), blocks=1)
    table, baseline = prequential(events([]))
    assert table.height == 0
    assert baseline.empty
    assert prequential(events([{"kind": "exec"}]))[0].height == 0


def test_the_shipped_capture_is_quiet_in_its_benign_sitting(lab):
    sitting = START.replace(hour=3, minute=14)
    table, baseline = prequential(lab, end=sitting)
    assert table.height > 50
    assert table["workload"].n_unique() == 5
    assert table["complete"].all()
    for name, family in FAMILIES.items():
        values = table.select(family.columns)
        assert not any(values.null_count().row(0)), name
        assert values.min_horizontal().min() >= 0
        if family.conditionals:
            assert table[f"{name}.bits_max"].median() < 8
    job = baseline.maturity().filter(pl.col("group") == "job")
    assert job["unseen"].max() < 0.04
