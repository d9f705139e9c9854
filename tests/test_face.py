"""What `import rtml` offers: the loop in a few lines, short reprs, safe tables, errors by kind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import rtml
from rtml.captures import Capture
from rtml.captures.manifest import Manifest
from rtml.errors import RtmlError
from rtml.models import Model, Scored
from tests.conftest import LAB

LABELS = LAB / "labels.parquet"


@pytest.fixture(scope="module")
def capture() -> Capture:
    return rtml.open_capture(LAB / "capture")


@pytest.fixture(scope="module")
def split(capture: Capture) -> rtml.Split:
    return rtml.Split(calibrate=0.3, test=0.55).of(capture)


@pytest.fixture(scope="module")
def model(capture: Capture, split: rtml.Split) -> Model:
    return rtml.train(capture, {"surprise": {}, "half_space_trees": {"trees": 10}}, split, seed=7)


@pytest.fixture(scope="module")
def scored(model: Model, capture: Capture, split: rtml.Split) -> Scored:
    return model.score(capture, start=split.test)


def test_importing_loads_nothing_and_every_name_is_there():
    code = "import sys, rtml; sys.exit(' '.join({'polars', 'numpy', 'pydantic'} & set(sys.modules)) or None)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert set(rtml.__all__) <= set(dir(rtml))
    assert all(callable(getattr(rtml, name)) for name in rtml.__all__)
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        rtml.trian  # noqa: B018


def test_scoring_is_pure_also_with_detectors_that_learn_on_the_way(
    model: Model, capture: Capture, split: rtml.Split, scored: Scored
):
    again = model.score(capture, start=split.test)
    assert again.scores.equals(scored.scores) and again.findings.equals(scored.findings)
    assert scored.scores.filter(pl.col("detector") == "half_space_trees")["score"].null_count() == 0


def test_a_share_of_the_time_is_the_moment_that_the_split_means(
    model: Model, capture: Capture, scored: Scored
):
    assert model.score(capture, start=0.55).scores.equals(scored.scores)


def test_a_saved_model_is_whole(model: Model, capture: Capture, scored: Scored, tmp_path: Path):
    again = rtml.load_model(model.save(tmp_path / "m"))
    assert again.score(capture, start=0.55).scores.equals(scored.scores)
    assert again.trees is None and not again.baseline.empty


def test_a_stream_goes_on_learning_and_judges_nothing_twice(capture: Capture, split: rtml.Split):
    model = rtml.train(capture, {"half_space_trees": {"trees": 10}}, split, seed=7)
    once = model.score(capture, start=split.test)
    streamed = model.stream(capture, start=split.test)
    assert streamed.scores.equals(once.scores)
    after = model.score(capture, start=split.test)
    assert after.windows.is_empty() and after.skipped == once.windows.height


def test_features_of_a_split_are_of_the_times_that_the_model_learnt(
    capture: Capture, split: rtml.Split, model: Model
):
    """Of containers, where the model has their trees: a container did what its trees did."""
    table = rtml.features(capture, split)
    assert model.trees is not None
    key = ["part", "container_id", "window"]
    sums = model.trees.group_by(key).agg(pl.col("events").sum()).sort(key)
    assert table.filter(pl.col("part") != "test").select(*key, "events").sort(key).equals(sums)
    assert set(table["part"]) == {"train", "calibrate", "test"}


def test_models_and_rules_are_compared_on_the_same_windows(
    capture: Capture, split: rtml.Split, scored: Scored
):
    rules = rtml.run_rules(capture)
    ledger = rtml.compare(capture, LABELS, {"mine": scored, "ours": rules}, split)
    sides = ledger.summary["side"].to_list()
    models = ["mine: combined", "mine: half space trees", "mine: surprise"]
    assert sides[:5] == [*models, "ours, tuned", "ours, default"]
    assert ledger.facts["split"] is not None
    assert ledger.summary.filter(pl.col("side") == "ours, tuned")["found"].item() == 16
    alone = rtml.compare(capture, str(LABELS), [rules.findings()], all_time=True)
    assert alone.facts["split"] is None
    with pytest.raises(ValueError, match="nothing to compare"):
        rtml.compare(capture, LABELS, [], all_time=True)


def test_attacks_in_training_time_are_refused(capture: Capture, scored: Scored):
    late = rtml.Split(calibrate=0.5, test=0.9)
    with pytest.raises(RtmlError, match="benign data is not benign"):
        rtml.compare(capture, LABELS, [scored], late)


def test_reprs_are_a_line(capture: Capture, model: Model, scored: Scored, split: rtml.Split):
    ledger = rtml.compare(capture, LABELS, [scored], split)
    rules = rtml.run_rules(capture)
    for value in (capture, model, scored, scored.top(), rules, rules.rules[0], ledger):
        assert len(repr(value)) < 300 and "\n" not in repr(value), type(value)


HOSTILE = "<script>alert(1)</script>\x1b[2J‮"


def test_tables_of_a_cell_are_escaped(scored: Scored):
    manifest = Manifest(sensor=HOSTILE, hosts=[HOSTILE], containers=[], start=None, end=None)
    titled = scored.findings.with_columns(title=pl.lit(HOSTILE), workload=pl.lit(HOSTILE))
    for value in (Capture(HOSTILE, manifest), rtml.Findings(titled)):
        assert "<script" not in value._repr_html_() and "&lt;script" in value._repr_html_()
        assert "\x1b" not in repr(value) + value._repr_html_()
        assert "‮" not in repr(value) + value._repr_html_()


def test_wrong_use_is_also_a_value_error(capture: Capture, split: rtml.Split):
    with pytest.raises(ValueError, match="did you mean 'surprise'"):
        rtml.train(capture, ["surprize"], split)
    with pytest.raises(ValueError, match="two detectors are called"):
        rtml.train(capture, ["surprise", "surprise"], split)
    with pytest.raises(ValueError, match="window length"):
        rtml.train(capture, ["surprise"], split, every="1 minute")
    with pytest.raises(ValueError, match="unexpected keyword"):
        rtml.train(capture, {"surprise": {"depht": 3}}, split)
