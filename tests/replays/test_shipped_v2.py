"""What the second recording promises in its card, counted on its files."""

from __future__ import annotations

import json

import polars as pl
import pytest

from rtml.captures import Capture, check_capture, open_capture
from rtml.captures.leaving_out import CELLS, cells_of
from rtml.experiment.config import load_experiment
from rtml.experiment.labelled import labels_of
from rtml.replays.borders import edges_of
from rtml.replays.card import BEGINS, card_of
from rtml.replays.catalogue import HELD_OUT, catalogue
from rtml.replays.parts import attack_of
from rtml.times import MINUTE, moment
from tests.conftest import REPOSITORY

FOLDER = REPOSITORY / "datasets" / "replays-v2"
pytestmark = pytest.mark.skipif(
    not (FOLDER / "capture").is_dir(), reason=f"the recording is not made yet: {FOLDER / 'build.py'} makes it"
)


@pytest.fixture(scope="module")
def capture() -> Capture:
    return open_capture(FOLDER / "capture")


@pytest.fixture(scope="module")
def labels(capture: Capture) -> pl.DataFrame:
    """Labels as an experiment takes them: each fits the capture."""
    return labels_of(capture, FOLDER / "labels.parquet")[0]


@pytest.fixture(scope="module")
def sittings() -> dict[str, dict[str, object]]:
    return json.loads((FOLDER / "sittings.json").read_text("utf-8"))


def attacks(sittings: dict[str, dict[str, object]], *names: str) -> set[str]:
    return {attack_of(attack["id"]) for name in names for attack in sittings[name]["attacks"]}


def test_attacks_of_every_grade_a_third_of_them_hard(sittings):
    known = catalogue()
    names = attacks(sittings, "calibrate", "test")
    assert len(names) >= 90 and attacks(sittings, "train") == set()
    assert sum(known[name].grade >= 3 for name in names) >= 30
    assert {known[name].grade for name in names} == {1, 2, 3, 4, 5}


def test_a_third_of_the_techniques_is_only_in_the_test(sittings):
    known = catalogue()
    before, last = (
        {known[name].technique for name in attacks(sittings, part)} for part in ("calibrate", "test")
    )
    assert not before & HELD_OUT and len(last - before) >= len(last | before) / 3


def test_every_label_is_of_a_sitting_fits_the_capture_and_says_grade_and_entry(labels, sittings):
    done = {attack["id"] for sitting in sittings.values() for attack in sitting["attacks"]}
    assert set(labels["attack_id"]) == done
    assert labels["grade"].null_count() == labels["entry"].null_count() == 0
    assert set(labels["entry"]) == {"exec", "rce", "service", "rollout"}


def test_benign_time_is_longer_than_that_of_the_first(capture, labels):
    outside = pl.col("container_id").cast(pl.String).is_in(capture.infrastructure())
    cell = pl.col("time").to_physical() // MINUTE.nanoseconds
    rows = capture.events(["container_id", "time"]).filter(pl.col("container_id").is_not_null() & ~outside)
    cells = rows.select(pl.col("container_id").cast(pl.String), _cell=cell).unique().collect()
    assert cells.join(cells_of(labels, MINUTE), on=CELLS.names(), how="anti").height >= 96 * 60


def test_the_experiment_begins_its_parts_where_the_sittings_begin(sittings):
    split = load_experiment(REPOSITORY / "experiments" / "demo-v2.yml").split
    assert {name: moment(edge) for name, edge in edges_of(sittings).items()} == {
        "calibrate": split.calibrate,
        "test": split.test,
    }


def test_the_card_has_the_numbers_of_the_data():
    text = (FOLDER / "README.md").read_text("utf-8")
    assert BEGINS in text and card_of(FOLDER).strip() in text


def test_the_capture_is_whole_and_small(capture):
    assert [check for check in check_capture(capture) if check.grave and not check.ok] == []
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 90e6
