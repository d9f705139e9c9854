"""Every registered detector meets every law here; a new one needs no test file of its own."""

from __future__ import annotations

import inspect

import numpy as np
import polars as pl
import pytest

from rtml.detectors import CONTRIBUTIONS, DETECTORS
from rtml.testing.windows import FEATURES, outlier, windows, with_value

EVERY = sorted(DETECTORS)
SERIOUS = [name for name in EVERY if not DETECTORS[name].trivial]
BATCH = [name for name in EVERY if not DETECTORS[name].online]
ONLINE = [name for name in EVERY if DETECTORS[name].online]
every = pytest.mark.parametrize("name", EVERY)


def learnt(name: str, seed: int = 3):
    detector = DETECTORS[name](seed=seed)
    detector.learn(windows())
    return detector


def state(detector, folder) -> dict[str, bytes]:
    detector.save(folder)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@every
def test_is_named_as_it_is_registered_and_explained(name):
    kind = DETECTORS[name]
    text = inspect.getdoc(kind)
    assert kind.name == name
    assert "Examples" in text and "https://" in text and "Fails" in text and "NaN" in text


@pytest.mark.parametrize("name", SERIOUS)
def test_a_planted_outlier_ranks_first(name):
    scores = learnt(name).score(outlier(windows(seed=2), 30))
    assert int(np.argmax(scores)) == 30
    assert np.sum(scores == scores[30]) == 1


@pytest.mark.parametrize("name", SERIOUS)
def test_stranger_in_every_column_is_never_less_strange(name):
    """One sign for all: batch and online agree."""
    ladder = [learnt(name).score(outlier(windows(seed=2), 30, f))[30] for f in (0.0, 4.0, 400.0)]
    assert ladder == sorted(ladder)


@every
def test_scoring_changes_nothing(name, tmp_path):
    detector, frame = learnt(name), windows(seed=2)
    before = state(detector, tmp_path / "before")
    first = detector.score(frame)
    detector.explain(outlier(frame, 3))
    assert state(detector, tmp_path / "after") == before
    np.testing.assert_array_equal(detector.score(frame), first)


@every
def test_learning_changes_something(name, tmp_path):
    fresh = state(DETECTORS[name](seed=3), tmp_path / "fresh")
    assert state(learnt(name), tmp_path / "learnt") != fresh


@every
def test_unlearnt_has_no_opinion(name, tmp_path):
    detector = DETECTORS[name](seed=3)
    detector.learn(windows()[:0])
    detector.save(tmp_path / "model")
    for one in (detector, DETECTORS[name].load(tmp_path / "model")):
        scores = one.score(windows())
        assert scores.shape == (48,) and np.isnan(scores).all()
        assert one.explain(windows()).schema == CONTRIBUTIONS


@every
def test_same_seed_same_bits_whatever_the_order_of_rows(name, tmp_path):
    shuffled = windows().sample(fraction=1.0, shuffle=True, seed=9)
    one, two = learnt(name), DETECTORS[name](seed=3)
    two.learn(shuffled)
    assert state(one, tmp_path / "one") == state(two, tmp_path / "two")
    frame = windows(seed=2)
    np.testing.assert_array_equal(one.score(frame)[::-1], one.score(frame[::-1]))


@every
def test_a_row_scores_the_same_alone_as_in_company(name):
    detector, frame = learnt(name), outlier(windows(seed=2), 4)
    alone = [detector.score(frame[i])[0] for i in range(12)]
    np.testing.assert_array_equal(detector.score(frame)[:12], alone)


@every
def test_scores_are_finite_floats(name):
    scores = learnt(name).score(outlier(windows(seed=2), 3))
    assert scores.dtype == np.float64 and np.isfinite(scores).all()


@every
@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), 1e308, 3e20])
@pytest.mark.parametrize("column", FEATURES)
def test_missing_and_huge_values_never_look_normal(name, column, value):
    detector, frame = learnt(name), windows(seed=2)
    scores, usual = detector.score(with_value(frame, column, value)), detector.score(frame)
    assert not np.isinf(scores).any()
    known = ~np.isnan(scores)
    assert np.median(scores[known]) >= np.median(usual) if known.any() else True


@every
def test_minus_infinity_is_survived(name):
    scores = learnt(name).score(with_value(windows(seed=2), "a.x", -float("inf")))
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("name", SERIOUS)
def test_everything_missing_is_not_normal(name):
    detector, frame = learnt(name), windows(seed=2)
    gone = frame.drop(FEATURES).with_columns(events=pl.lit(None, pl.Int64))
    scores = detector.score(gone)
    assert np.isnan(scores).all() or scores.min() > np.median(detector.score(frame))


@every
def test_a_column_that_appears_never_looks_normal(name):
    detector, frame = learnt(name), windows(seed=2)
    usual, more = detector.score(frame), detector.score(with_value(frame, "z.bits_max", 50.0))
    assert np.isfinite(more).all() and (more >= usual).all()
    np.testing.assert_array_equal(detector.score(with_value(frame, "z.bits_max", 0.0)), usual)


@every
def test_training_on_hostile_values_is_survived(name):
    detector, frame = DETECTORS[name](), windows()
    for column, value in (("a.x", None), ("a.y", float("inf")), ("b.bits_max", float("nan"))):
        frame = with_value(frame, column, value)
    detector.learn(frame)
    assert np.isfinite(detector.score(windows(seed=2))).all()


@every
def test_constant_columns_are_survived(name):
    frame = windows().with_columns(pl.lit(1.0).alias(n) for n in FEATURES)
    detector = DETECTORS[name]()
    detector.learn(frame)
    assert np.isfinite(detector.score(frame)).all()


@pytest.mark.parametrize("name", SERIOUS)
def test_a_workload_never_met_is_not_normal_in_silence(name):
    detector = learnt(name)
    new = outlier(windows(workloads=("new",), seed=4), 5)
    scores = detector.score(new)
    assert np.isnan(scores).all() or scores[5] == scores.max()


@pytest.mark.parametrize("name", BATCH)
def test_prequential_of_a_batch_detector_is_its_score(name):
    detector, frame = learnt(name), windows(seed=2)
    np.testing.assert_array_equal(detector.prequential(frame), detector.score(frame))


@pytest.mark.parametrize("name", ONLINE)
@pytest.mark.parametrize("trained", [True, False])
def test_prequential_is_score_then_learn_in_time_order(name, trained, tmp_path):
    one, two = (learnt(name) if trained else DETECTORS[name](seed=3) for _ in range(2))
    frame = pl.concat([windows(seed=2), windows(seed=5).with_columns(container_id=pl.lit("web-2"))])
    by_hand = np.full(frame.height, np.nan)
    for moment in frame["window"].unique().sort():
        here = (frame["window"] == moment).to_numpy()
        by_hand[here] = two.score(frame.filter(here))
        two.learn(frame.filter(here))
    np.testing.assert_array_equal(one.prequential(frame), by_hand)
    assert state(one, tmp_path / "one") == state(two, tmp_path / "two")
    assert np.isfinite(by_hand).any()


@pytest.mark.parametrize("name", ONLINE)
def test_a_group_is_silent_until_it_has_its_first_window(name):
    detector = DETECTORS[name](least=8)
    detector.learn(windows(rows=7, workloads=("web",)))
    assert np.isnan(detector.score(windows())).all()
    detector.learn(windows(workloads=("web",))[7:8])
    scores = detector.score(windows())
    mine = (windows()["workload"] == "web").to_numpy()
    assert np.isfinite(scores[mine]).all() and np.isnan(scores[~mine]).all()


@every
def test_explanation_names_what_was_planted(name):
    detector, frame = learnt(name), windows(seed=2)
    strange = with_value(frame, "a.bits_top3", 90.0)[:1]
    reasons = detector.explain(strange)
    assert reasons.schema == CONTRIBUTIONS
    if name in ("isolation_forest", "half_space_trees", "local_outlier_factor", "surprise"):
        assert reasons["feature"][0] == "a.bits_top3" and reasons["value"][0] == 90.0
    if reasons.height:
        assert reasons["share"].sum() == pytest.approx(1.0)
        assert reasons["share"].min() > 0
