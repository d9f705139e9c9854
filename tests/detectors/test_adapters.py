"""Estimators of scikit-learn, PyOD and River as detectors: what is taken, what is refused, in which words."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pyod.models.ecod import ECOD
from river import anomaly, preprocessing
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, OneClassSVM

import rtml
from rtml.detectors import detector_class, load_detector, make_detector
from rtml.detectors.adapters import batch, refitting, stream
from rtml.errors import NotSaved, RtmlError, UsageError
from rtml.reading.state import write_files
from rtml.testing.windows import outlier, windows

STRANGE = outlier(windows(seed=2), 30)


def learnt(detector):
    detector.learn(windows())
    return detector


def scores(estimator, **options):
    return learnt(rtml.adapt(estimator, **options)).score(STRANGE)


@pytest.mark.parametrize(
    ("estimator", "kind", "parameters"),
    [
        (OneClassSVM(nu=0.2), "sklearn:OneClassSVM", {"nu": 0.2}),
        (LocalOutlierFactor(7), "sklearn:LocalOutlierFactor", {"n_neighbors": 7}),
        (ECOD(contamination=0.2), "pyod:ECOD", {"contamination": 0.2}),
        (anomaly.LODA(n_bins=7), "river:LODA", {"n_bins": 7}),
    ],
)
def test_an_object_and_its_kind_in_a_configuration_are_one_thing(estimator, kind, parameters):
    by_kind = learnt(make_detector("mine", {"kind": kind, **parameters}, seed=0)).score(STRANGE)
    adapted = rtml.adapt(estimator)
    assert adapted.name == kind
    np.testing.assert_array_equal(learnt(adapted).score(STRANGE), by_kind)
    assert np.argmax(by_kind) == 30


def test_an_estimator_is_copied_and_stays_unfitted():
    forest = IsolationForest(n_estimators=3)
    scores(forest)
    assert not hasattr(forest, "estimators_") and forest.random_state is None
    trees = anomaly.HalfSpaceTrees(window_size=5)
    scores(trees)
    assert trees.counter == 0 and not trees.trees and trees.seed is None


def test_an_open_seed_is_set_and_a_given_one_is_kept():
    forest = IsolationForest(n_estimators=5)
    assert np.array_equal(scores(forest, seed=1), scores(forest, seed=1))
    assert not np.array_equal(scores(forest, seed=1), scores(forest, seed=2))
    given = IsolationForest(n_estimators=5, random_state=4)
    assert np.array_equal(scores(given, seed=1), scores(given, seed=2))
    piped = make_pipeline(StandardScaler(), IsolationForest(n_estimators=5))
    assert np.array_equal(scores(piped, seed=1), scores(piped, seed=1))
    for trees in (anomaly.HalfSpaceTrees(window_size=5), preprocessing.MinMaxScaler() | anomaly.LODA()):
        assert np.array_equal(scores(trees, seed=1), scores(trees, seed=1))
        assert not np.array_equal(scores(trees, seed=1), scores(trees, seed=2))
    guarded = anomaly.QuantileFilter(anomaly.HalfSpaceTrees(window_size=5), q=0.9)
    assert np.array_equal(scores(guarded, seed=1), scores(guarded, seed=1))
    with pytest.raises(UsageError, match="random_state must be a whole number"):
        rtml.adapt(IsolationForest(random_state=np.random.RandomState(1)))


def test_a_silent_river_model_has_no_opinion_instead_of_a_zero():
    detector = rtml.adapt(anomaly.HalfSpaceTrees(window_size=10, seed=1))
    frame = windows(workloads=("web",))
    detector.learn(frame[:9])
    assert np.isnan(detector.score(frame)).all()
    detector.learn(frame[9:10])
    assert np.isfinite(detector.score(frame)).all()


class Mine:
    """Somebody's own estimator; it counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def fit(self, rows):
        self.centre = rows.mean(axis=0)
        return self

    def score_samples(self, rows):
        self.asked += 1
        return -np.abs(rows - self.centre).sum(axis=1)


def test_an_object_that_only_quacks_is_taken():
    assert np.argmax(scores(Mine())) == 30


def test_an_explanation_asks_four_times_for_all_rows_of_a_workload():
    detector = learnt(rtml.adapt(Mine()))
    mine = detector._fitted._ask.__self__
    before = mine.asked
    reasons = detector.explain(STRANGE[29:31])
    assert mine.asked - before == 4 * STRANGE[29:31]["workload"].n_unique()
    assert set(reasons.filter(reasons["row"] == 1)["feature"]) >= {"a.x", "a.y", "a.bits_top3"}


class Restless(Mine):
    """Draws its scores anew each time."""

    def score_samples(self, rows):
        return np.random.default_rng().random(len(rows))


class Blind(Mine):
    """Never has an opinion."""

    def score_samples(self, rows):
        return np.full(len(rows), np.nan)


@pytest.mark.parametrize(
    ("estimator", "words"),
    [
        (Restless(), "adapted:Restless scores one row differently each time"),
        (Blind(), r"no finite score .* columns that never vary \(2 of 6\)"),
        (OneClassSVM(nu=7), "sklearn:OneClassSVM could not learn from 48 windows: InvalidParameterError"),
    ],
)
def test_what_cannot_learn_says_why(estimator, words):
    with pytest.raises(RtmlError, match=words):
        scores(estimator)


def test_a_river_model_that_changes_while_it_scores_is_refused():
    with pytest.raises(RtmlError, match="PredictiveAnomalyDetection changes while it scores"):
        scores(anomaly.PredictiveAnomalyDetection(), target="a.x")


def deaf():
    return anomaly.ThresholdFilter(anomaly.HalfSpaceTrees(), 0.9, protect_anomaly_detector=False)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: rtml.adapt(SVC()), "SVC scores no strangeness: it needs score_samples"),
        (lambda: rtml.adapt("OneClassSVM"), "str scores no strangeness"),
        (lambda: rtml.adapt(deaf()), "never learns; adapt its anomaly_detector itself"),
        (lambda: rtml.adapt(preprocessing.MinMaxScaler() | deaf()), "never learns"),
        (lambda: rtml.adapt(anomaly.GaussianScorer()), "say with `target` which feature it is"),
        (lambda: rtml.adapt(anomaly.LODA(), target="a.x"), "has no target"),
        (
            lambda: scores(anomaly.GaussianScorer(), target="a.z"),
            "no feature 'a.z' for target; did you mean 'a.y'",
        ),
        (lambda: detector_class("sklearn:OneClassSVM")(mu=1), "no parameter 'mu'; known: .*nu"),
        (lambda: detector_class("river:QuantileFilter")(q=0.9), "'anomaly_detector' must be given"),
        (lambda: detector_class("sklearn:OneClasSVM"), "did you mean 'OneClassSVM'"),
        (lambda: detector_class("sklearn:SVC"), "sklearn:SVC has no score_samples, so it is no detector"),
        (lambda: detector_class("pyod:EOCD"), "unknown estimator of pyod 'EOCD'; did you mean 'ECOD'"),
        (lambda: detector_class("river:HalfSpaceTree"), "did you mean 'HalfSpaceTrees'"),
        (
            lambda: detector_class("os:system"),
            "unknown package of estimators 'os'; known: pyod, river, sklearn",
        ),
        (lambda: detector_class("sklearn:utils.Bunch"), "unknown estimator of sklearn 'Bunch'"),
        (
            lambda: make_detector("mine", {"kind": "surprize"}),
            "unknown detector 'surprize'; did you mean 'surprise'",
        ),
    ],
)
def test_wrong_use_names_the_way_out(make, words):
    with pytest.raises(UsageError, match=words):
        make()


def test_an_estimator_whose_package_is_absent_says_so():
    with pytest.raises(RtmlError, match="pyod:AutoEncoder needs a package that is not installed .*torch"):
        detector_class("pyod:AutoEncoder")


@pytest.mark.parametrize(
    ("estimator", "words"),
    [
        (Mine(), r"test_adapters\.Mine is no class that rtml looks up by name, so only pickle could keep it"),
        (OneClassSVM(kernel=np.dot), "its parameter 'kernel' is of type .*, which would need pickle"),
        (anomaly.LODA() | anomaly.LODA(), "Pipeline is no class that rtml looks up"),
        (anomaly.QuantileFilter(anomaly.LODA(), q=0.9), "parameter 'anomaly_detector' is of type tuple"),
    ],
)
def test_what_only_pickle_could_keep_is_not_saved(estimator, words, tmp_path):
    with pytest.raises(NotSaved, match=words):
        rtml.adapt(estimator).save(tmp_path / "detector")
    assert not (tmp_path / "detector").exists()


def test_too_much_to_keep_is_not_saved(tmp_path, monkeypatch):
    monkeypatch.setattr(refitting, "MOST_VALUES", 100)
    with pytest.raises(NotSaved, match="48 training windows of 6 columns are more than 100 values"):
        learnt(rtml.adapt(OneClassSVM())).save(tmp_path / "batch")
    monkeypatch.setattr(stream, "MOST_VALUES", 100)
    with pytest.raises(NotSaved, match="a workload's 24 windows are more than 100 values"):
        learnt(rtml.adapt(anomaly.LODA())).save(tmp_path / "stream")


def test_what_fits_otherwise_the_second_time_is_not_saved(tmp_path, monkeypatch):
    detector = learnt(rtml.adapt(OneClassSVM()))
    monkeypatch.setattr(batch, "made", lambda *_: OneClassSVM(nu=0.9))
    with pytest.raises(NotSaved, match="fitted again to the same windows it scores them otherwise"):
        detector.save(tmp_path / "detector")


@pytest.fixture
def saved(tmp_path):
    learnt(make_detector("mine", {"kind": "sklearn:OneClassSVM", "nu": 0.2})).save(tmp_path / "detector")
    return tmp_path / "detector"


def changed(folder, name, change):
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "sha256.json"}
    write_files(folder, {**files, name: change(files[name])})
    return folder


def test_a_model_that_another_version_fits_otherwise_is_refused(saved):
    def older(data):
        return json.dumps({**json.loads(data), "version": "scikit-learn 0.1"}).encode()

    folder = changed(changed(saved, "state.json", older), "scores.f64", lambda data: data[8:] + data[:8])
    with pytest.raises(
        RtmlError, match=r"of scikit-learn 1\..* fits otherwise than that of scikit-learn 0\.1"
    ):
        load_detector("sklearn:OneClassSVM", folder)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("rows.f64", lambda data: np.full(len(data) // 8, 7.0).tobytes(), r"not in \[0, 1\]"),
        ("rows.f64", lambda data: np.full(len(data) // 8, np.nan).tobytes(), r"not in \[0, 1\]"),
        ("rows.f64", lambda data: data[:-8], "wrong size"),
        ("state.json", lambda data: data.replace(b'"nu":0.2', b'"nu":[0.2]'), "bad state: parameters.nu"),
        ("state.json", lambda data: data.replace(b'"nu":0.2', b'"mu":0.2'), "no parameter 'mu'"),
        ("state.json", lambda data: data.replace(b'"nu":0.2', b'"like":0.2'), "detector"),
        ("state.json", lambda data: data.replace(b'"nu":0.2', b'"degree":1e308'), "detector"),
    ],
)
def test_crafted_files_are_refused(saved, name, change, words):
    with pytest.raises(RtmlError, match=words):
        load_detector("sklearn:OneClassSVM", changed(saved, name, change))


@pytest.mark.parametrize("kind", ["sklearn:Bunch", "os:system", "nothing", "adapted:Mine"])
def test_a_folder_of_an_unknown_kind_is_refused(saved, kind):
    with pytest.raises(RtmlError, match="detector: unknown"):
        load_detector(kind, saved)
