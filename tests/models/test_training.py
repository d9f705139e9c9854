"""Training: what is learnt from, what never is, and what cannot be learnt."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from rtml import features
from rtml.captures import Capture
from rtml.detectors import DETECTORS as KINDS
from rtml.errors import RtmlError, UsageError
from rtml.models import Model
from tests.models.conftest import (
    CALIBRATE,
    DETECTORS,
    FAMILIES,
    LEARN,
    MINUTE,
    judged,
    kept,
    learnt,
    minute,
    shop,
)


def spans(model: Model) -> dict[str, tuple[object, object]]:
    """Return first and last window of each part."""
    windows = model.windows
    assert windows is not None
    table = windows.group_by("part").agg(first=pl.col("window").min(), last=pl.col("window").max())
    return {part: (first, last) for part, first, last in table.rows()}


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the content of every file but the index, which names the capture."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "model.json"
    }


def test_parts_follow_each_other_and_the_model_knows_where_it_stopped(model: Model):
    parts = spans(model)
    assert parts["train"][1] == minute(LEARN - 1)
    assert parts["calibrate"] == (minute(LEARN), minute(CALIBRATE - 1))
    until = model.description.learned_until
    assert until == dict.fromkeys(("app-1", "app-2", "web-1", "web-2"), minute(CALIBRATE).isoformat())


def test_the_same_training_gives_the_same_bytes_and_another_seed_others(
    capture: Capture, folder: Path, tmp_path: Path
):
    same = kept(learnt(capture), tmp_path / "same")
    assert files_of(same) == files_of(folder)
    other = files_of(kept(learnt(capture, seed=8), tmp_path / "other"))
    changed = {name for name, content in files_of(folder).items() if other.get(name) != content}
    assert any(name.startswith("calibrations/isolation_forest") for name in changed)
    assert not any(name.startswith(("calibrations/surprise", "baseline")) for name in changed)


def test_nothing_later_is_read(capture: Capture, folder: Path, tmp_path: Path):
    short = shop(tmp_path / "short", until=CALIBRATE)
    assert files_of(kept(learnt(short), tmp_path / "m")) == files_of(folder)


def test_detectors_learn_windows_that_the_baseline_had_not_seen(capture: Capture, model: Model):
    """And calibration windows are featured by the full baseline, as every later one will be."""
    assert model.windows is not None
    before, baseline = features.prequential(capture, blocks=3, families=FAMILIES, end=minute(LEARN))
    after = features.windows(capture, baseline, FAMILIES, start=minute(LEARN), end=minute(CALIBRATE))
    for part, wanted in (("train", before), ("calibrate", after)):
        assert_frame_equal(model.windows.filter(pl.col("part") == part).drop("part"), wanted)
    assert_frame_equal(model.baseline.counts, baseline.counts)


def test_calibration_holds_the_scores_of_calibration_windows(model: Model):
    for name in model.detectors:
        assert len(model.calibrations[name].pooled) == 4 * (CALIBRATE - LEARN), name
        assert model.calibrations[name].unit == (1.0 if name == "surprise" else 0.0)


def test_online_detectors_are_calibrated_as_they_judge_learning_on_the_way(capture: Capture):
    """Else their scores on calibration windows would be those of a detector that stands still."""
    name, parameters = "half_space_trees", DETECTORS["half_space_trees"]
    made = learnt(capture, detectors={name: parameters})
    assert made.windows is not None
    before, held = (made.windows.filter(pl.col("part") == p).drop("part") for p in ("train", "calibrate"))
    detector = KINDS[name](seed=7, **parameters)
    detector.learn(before)
    frozen, learning = sorted(detector.score(held)), sorted(detector.prequential(held))
    assert made.calibrations[name].pooled.tolist() == learning != frozen


def test_no_window_is_cut_by_a_border_inside_it(capture: Capture):
    """Training gets the whole minute, calibration leaves out the half one at its end."""
    parts = spans(learnt(capture, LEARN - 0.5, CALIBRATE + 0.5, detectors={"surprise": {}}))
    assert parts["train"][1] == minute(LEARN - 1)
    assert parts["calibrate"] == (minute(LEARN), minute(CALIBRATE - 1))


@pytest.mark.parametrize(("begin", "until", "part"), [(0, 30, "training"), (50, 60, "calibration")])
def test_a_part_without_windows_is_a_clear_error(capture: Capture, begin: int, until: int, part: str):
    with pytest.raises(RtmlError, match=f"no window left for {part}; move the split"):
        learnt(capture, begin, until)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"detectors": {"surprize": {}}}, "did you mean 'surprise'"),
        ({"detectors": {"surprise": {"pul": 1}}}, "detector 'surprise'.*'pul'"),
        ({"detectors": {"surprise": {"pull": -1}}}, "pull must be 0 or more"),
        ({"families": ["linage"]}, "did you mean 'lineage'"),
    ],
)
def test_what_does_not_exist_is_a_usage_error(capture: Capture, change: dict[str, object], message: str):
    with pytest.raises(UsageError, match=message):
        learnt(capture, **change)


def test_one_family_gives_its_columns_alone(capture: Capture):
    small = learnt(capture, detectors={"surprise": {}}, families=["lineage"])
    assert {name.split(".")[0] for name in small.description.features} == {"lineage"}
    assert judged(small, capture).windows.height == 4 * 10
    assert small.description.window.length == MINUTE
