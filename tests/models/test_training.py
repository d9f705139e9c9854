"""Training: what is learnt from, what never is, and what cannot be learnt."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from rtml import features
from rtml.baselines import merge
from rtml.captures import Capture
from rtml.detectors import DETECTORS as KINDS
from rtml.errors import RtmlError, UsageError
from rtml.models import Model
from rtml.models.judging import worst_of_trees
from rtml.schema import COMBINED
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
    assert model.trees is not None
    table = model.trees.group_by("part").agg(first=pl.col("window").min(), last=pl.col("window").max())
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


def test_detectors_learn_trees_that_the_baseline_had_not_seen(capture: Capture, model: Model):
    """Calibration trees are featured by the full baseline; what is judged later, by that and their own."""
    assert model.trees is not None
    blocks = {"blocks": 3, "families": FAMILIES, "end": minute(LEARN), "unit": "tree"}
    before, baseline = features.prequential(capture, **blocks)
    span = {"start": minute(LEARN), "end": minute(CALIBRATE)}
    after = features.windows(capture, baseline, FAMILIES, **span, unit="tree")
    for part, wanted in (("train", before), ("calibrate", after)):
        assert_frame_equal(model.trees.filter(pl.col("part") == part).drop("part"), wanted)
    whole = merge(baseline, features.learn(capture, families=FAMILIES, **span))
    assert_frame_equal(model.baseline.counts, whole.counts)


def test_calibration_holds_the_highest_score_of_each_tree(model: Model):
    assert model.trees is not None
    held = model.trees.filter(pl.col("part") == "calibrate")
    for name in model.detectors:
        calibration = model.calibrations[name]
        assert len(calibration.pooled) == held.select("container_id", "process_id").n_unique(), name
        assert calibration.unit == (1.0 if name == "surprise" else 0.0)
        assert calibration.days == {"app": 20 / 1440, "web": 20 / 1440}
    by_tree = held.with_columns(s=pl.Series(model.detectors["surprise"].score(held)))
    highest = by_tree.group_by("container_id", "process_id").agg(pl.col("s").max())["s"].sort()
    assert model.calibrations["surprise"].pooled.tolist() == highest.to_list()


def test_online_detectors_are_calibrated_as_they_judge_learning_on_the_way(capture: Capture):
    """Else their scores on calibration trees would be those of a detector that stands still."""
    name, parameters = "half_space_trees", DETECTORS["half_space_trees"]
    made = learnt(capture, detectors={name: parameters})
    assert made.trees is not None
    before, held = (made.trees.filter(pl.col("part") == p).drop("part") for p in ("train", "calibrate"))
    detector = KINDS[name](seed=7, **parameters)
    detector.learn(before)
    frozen, learning = (
        worst_of_trees(held, scores)["score"].sort().to_list()
        for scores in (detector.score(held), detector.prequential(held))
    )
    assert made.calibrations[name].pooled.tolist() == learning != frozen


def test_once_thresholds_are_set_online_detectors_know_the_calibration_time(capture: Capture):
    name, parameters = "half_space_trees", DETECTORS["half_space_trees"]
    made = learnt(capture, detectors={name: parameters})
    assert made.trees is not None
    detector = KINDS[name](seed=7, **parameters)
    for part in ("train", "calibrate"):
        detector.learn(made.trees.filter(pl.col("part") == part))
    expected = detector.score(made.trees).tolist()
    assert made.detectors[name].score(made.trees).tolist() == expected


@pytest.mark.parametrize(
    ("asked", "combined"),
    [
        (None, sorted(DETECTORS)),
        (["surprise", "half_space_trees"], ["half_space_trees", "surprise"]),
        ([], []),
    ],
)
def test_what_is_combined_is_what_was_asked_for(capture: Capture, asked: object, combined: list[str]):
    made = learnt(capture, combine=asked)
    assert made.description.combined == combined
    assert (COMBINED in made.calibrations) == bool(combined)


def test_a_combination_of_nobody_known_is_wrong_use(capture: Capture):
    with pytest.raises(UsageError, match="did you mean 'surprise'"):
        learnt(capture, combine=["surprize"])
    with pytest.raises(UsageError, match="no detector may be called 'combined'"):
        learnt(capture, detectors={COMBINED: {"kind": "surprise"}})


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
