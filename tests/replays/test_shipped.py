"""What the shipped recording promises in its card, counted on its files."""

import json

import polars as pl
import pytest

from rtml.captures import Capture, check_capture, open_capture
from rtml.captures.leaving_out import CELLS, cells_of
from rtml.replays.catalogue import catalogue
from rtml.replays.quality import examine_recording
from rtml.times import MINUTE
from tests.conftest import REPOSITORY

FOLDER = REPOSITORY / "datasets" / "replays-v1"
SITTINGS = json.loads((FOLDER / "sittings.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def capture() -> Capture:
    return open_capture(FOLDER / "capture")


@pytest.fixture(scope="module")
def labels() -> pl.DataFrame:
    return pl.read_parquet(FOLDER / "labels.parquet")


@pytest.fixture(scope="module")
def windows(capture: Capture) -> pl.DataFrame:
    """Every minute of every workload container in which something happened."""
    outside = pl.col("container_id").cast(pl.String).is_in(capture.infrastructure())
    cell = pl.col("time").to_physical() // MINUTE.nanoseconds
    rows = capture.events(["container_id", "time"]).filter(pl.col("container_id").is_not_null() & ~outside)
    return rows.select(pl.col("container_id").cast(pl.String), _cell=cell).unique().collect()


def techniques(sitting: str, labels: pl.DataFrame) -> set[str]:
    names = [attack["id"] for attack in SITTINGS[sitting]["attacks"]]
    return set(labels.filter(pl.col("attack_id").is_in(names))["technique"])


def test_a_day_and_more_is_benign_and_48_attacks_are_labelled(windows: pl.DataFrame, labels: pl.DataFrame):
    benign = windows.join(cells_of(labels, MINUTE), on=CELLS.names(), how="anti")
    assert benign.height >= 24 * 60
    assert labels.height >= 48 and labels["provenance"].unique().to_list() == ["replay"]
    assert labels["technique"].n_unique() >= 24


def test_three_sittings_and_a_third_of_the_techniques_only_in_the_last(labels: pl.DataFrame):
    assert list(SITTINGS) == ["train", "calibrate", "test"]
    assert all(sitting["complete"] for sitting in SITTINGS.values())
    assert SITTINGS["train"]["attacks"] == []
    before, last = techniques("calibrate", labels), techniques("test", labels)
    assert len(last - before) >= len(last | before) / 3


def test_one_sitting_has_a_roll_out_and_one_has_losses(capture: Capture):
    assert any(change["what"] == "rollout" for change in _changes("test"))
    images = capture.containers()["image"].to_list()
    assert {"rtml/nginx:1", "rtml/nginx:2", "rtml/python:2"} <= set(images)
    assert capture.manifest.lost > 0
    assert capture.manifest.rejected == 0
    assert any(sensor["pages"] == 1 for sensor in SITTINGS["calibrate"]["sensors"])


def _changes(sitting: str) -> list[dict[str, object]]:
    """Return restarts and roll-outs; a roll-out raises the version."""
    return [
        {**change, "what": "rollout" if change["version"] == 2 else "restart"}
        for change in SITTINGS[sitting]["changes"]
    ]


def test_the_sensor_kept_its_promises(capture: Capture, labels: pl.DataFrame):
    findings = {f.name: f for f in examine_recording(capture, labels, catalogue())}
    del findings["nothing lost"]  # lost on purpose, see the calibration sitting
    assert [vars(finding) for finding in findings.values() if not finding.ok] == []


def test_the_capture_is_whole_and_small():
    capture = open_capture(FOLDER / "capture")
    assert [check for check in check_capture(capture) if check.grave and not check.ok] == []
    size = sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file())
    assert size < 60e6
