"""The forest against scikit-learn, its exact explanation, and crafted tree files."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import IsolationForest as SklearnForest

from rtml.detectors.forest_paths import Paths, average_path
from rtml.detectors.forest_trees import Trees, load_trees
from rtml.detectors.isolation_forest import IsolationForest, _hastened
from rtml.errors import RtmlError
from rtml.testing.windows import outlier, windows, with_value

FILE = Path("model") / "forest.npz"


def awkward(rows: int, seed: int = 0) -> np.ndarray:
    """Rows of a usual column, a constant one, one of few values, a huge one and a tiny one."""
    rng = np.random.default_rng(seed)
    huge = rng.choice([-3e38, -1e30, -0.0, 0.0, 1e30, 3e38], rows)
    columns = [rng.normal(size=rows), np.ones(rows), rng.integers(0, 3, rows), huge, huge * 1e-70]
    return np.column_stack(columns).astype(np.float32)


@pytest.fixture(scope="module")
def forest():
    grown = SklearnForest(n_estimators=90, random_state=1, max_samples=200).fit(awkward(300))
    for tree in grown.estimators_:  # so that values can lie exactly on a threshold
        tree.tree_.threshold[::2] = tree.tree_.threshold[::2].astype(np.float32)
    return grown


@pytest.fixture(scope="module")
def small():
    return Trees.of(SklearnForest(n_estimators=3, random_state=1).fit(awkward(60)))


def load(data: bytes, columns: int = 5, trees: int = 3, samples: int = 60) -> Trees:
    return load_trees(data, FILE, columns=columns, trees=trees, samples=samples)


def placed(detector: IsolationForest, frame):
    return detector._placed(detector._chosen.matrix(frame), detector._chosen.groups(frame))


def scikit_learn_of(detector: IsolationForest, frame) -> SklearnForest:
    settings = {"n_estimators": detector.trees, "random_state": detector.seed}
    rows = placed(detector, frame)[0]
    return SklearnForest(max_samples=min(detector.samples, len(rows)), **settings).fit(rows)


@pytest.mark.parametrize("rows", [0, 1, 5, 3000])
def test_rows_end_in_the_leaf_where_scikit_learn_puts_them(forest, rows):
    sizes = np.array([tree.tree_.node_count for tree in forest.estimators_])
    thresholds = np.concatenate([tree.tree_.threshold for tree in forest.estimators_])
    frame = awkward(rows, seed=2)
    frame[: rows // 2] = np.random.default_rng(3).choice(thresholds, (rows // 2, 5))
    expected = [tree.tree_.apply(frame) for tree in forest.estimators_] if rows else [[]] * 90
    *_, leaves = Paths(Trees.of(forest)).descend(frame)
    np.testing.assert_array_equal(leaves, expected + (np.cumsum(sizes) - sizes)[:, None])


def test_scores_are_bit_for_bit_those_over_scikit_learns_own_trees():
    detector, frame = IsolationForest(seed=3), outlier(windows(rows=400, seed=2), 7)
    detector.learn(windows())
    rows, gaps = placed(detector, frame)
    total = np.zeros(len(rows))
    for grown in scikit_learn_of(detector, windows()).estimators_:
        tree = grown.tree_
        depth = np.asarray(tree.decision_path(rows).sum(axis=1)).ravel() - 1
        rest = average_path(tree.n_node_samples[tree.apply(rows)].astype(float))
        total += _hastened(depth + rest, gaps)
    expected = np.exp2(-total / detector.trees / average_path(np.array(48.0)))
    np.testing.assert_array_equal(detector.score(frame), expected)
    for row in (0, 7, 399):
        np.testing.assert_array_equal(detector.score(frame[row]), expected[row : row + 1])


def test_equals_scikit_learn_with_the_sign_flipped_on_what_training_showed():
    detector = IsolationForest(seed=3)
    detector.learn(windows())
    rows, gaps = placed(detector, windows())
    expected = -scikit_learn_of(detector, windows()).score_samples(rows)
    inside = gaps.max(axis=1) == 0
    assert inside.sum() > 30
    np.testing.assert_allclose(detector.score(windows())[inside], expected[inside], rtol=1e-12)


def test_what_never_varied_in_training_is_not_overlooked():
    """The trees are blind here: they cannot split on a constant column."""
    detector, frame = IsolationForest(seed=3), windows()
    detector.learn(frame)
    strange = with_value(frame, "binaries.never_seen", 50.0)
    assert (detector.score(strange) > detector.score(frame)).all()
    plain = [detector._paths.lengths(placed(detector, f)[0]) for f in (frame, strange)]
    np.testing.assert_array_equal(*plain)


def test_the_number_of_threads_changes_nothing(tmp_path):
    files = []
    for jobs in (1, 2):
        detector = IsolationForest(seed=3, trees=8, jobs=jobs)
        detector.learn(windows())
        detector.save(tmp_path / str(jobs))
        files.append([p.read_bytes() for p in sorted((tmp_path / str(jobs)).iterdir())])
    assert files[0] == files[1]


def test_saved_bytes_hold_no_clock(small):
    assert load(small.dump()).dump() == small.dump()
    dates = {member.date_time for member in zipfile.ZipFile(io.BytesIO(small.dump())).infolist()}
    assert dates == {(1980, 1, 1, 0, 0, 0)}


NAMES = st.sampled_from(Trees._fields)
WILD = st.sampled_from([-(2**62), -2, -1, 0, 1, 2, 7, 10**6, 2**62])


@settings(max_examples=80, deadline=None)
@given(name=NAMES, place=st.integers(0, 10**6), value=WILD)
def test_crafted_nodes_are_refused_or_harmless(small, name, place, value):
    array = getattr(small, name).copy()
    array[place % len(array)] = value
    try:
        trees = load(small._replace(**{name: array}).dump())
    except RtmlError:
        return
    assert np.isfinite(Paths(trees).lengths(awkward(4))).all()


STUMPS = Trees(
    np.array([1, -1, -1, 4, -1, -1]),
    np.array([2, -1, -1, 5, -1, -1]),
    np.array([0, -2, -2, 1, -2, -2]),
    np.array([0.5, -2, -2, 0.5, -2, -2]),
    np.array([4, 3, 1, 4, 2, 2]),
)
SOUND = {"columns": 2, "trees": 2, "samples": 4}


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("children_left", {0: -1}, "one child"),
        ("children_left", {0: 0}, "come after"),
        ("children_right", {3: 0}, "come after"),
        ("children_left", {0: -(2**62)}, "come after"),
        ("children_right", {3: 6}, "out of range"),
        ("children_right", {0: 4}, "child twice"),
        ("feature", {1: 0}, "leaf that splits"),
        ("threshold", {1: 0.5}, "leaf that splits"),
        ("feature", {0: 2}, "no known column"),
        ("feature", {0: -1}, "no known column"),
        ("threshold", {0: np.nan}, "no number"),
        ("threshold", {3: np.inf}, "no number"),
        ("n_node_samples", {1: 2}, "add up"),
        ("n_node_samples", {1: 4, 2: 0}, "add up"),
        ("n_node_samples", {3: 5, 4: 3}, "different numbers of rows"),
    ],
)
def test_what_is_wrong_with_the_trees_is_named(name, changes, message):
    array = getattr(STUMPS, name).copy()
    array[list(changes)] = list(changes.values())
    with pytest.raises(RtmlError, match=rf"forest\.npz.*{message}"):
        load(STUMPS._replace(**{name: array}).dump(), **SOUND)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"columns": 1}, "no known column"),
        ({"trees": 3}, "trees: 2 instead of 3"),
        ({"samples": 3}, "grown on 4 rows, not on 2 to 3"),
    ],
)
def test_a_forest_of_another_detector_is_refused(limits, message):
    assert load(STUMPS.dump(), **SOUND).dump() == STUMPS.dump()
    with pytest.raises(RtmlError, match=message):
        load(STUMPS.dump(), **SOUND | limits)


def test_a_chain_is_refused_before_anything_follows_it():
    node, leaves = np.arange(0, 2**12, 2), 2**11 + 1
    trees = Trees(*(np.full(2 * leaves - 1, fill) for fill in (-1, -1, -2, -2.0, 1)))
    links = (node + 1, node + 2, 0, 0.5, leaves - node // 2)
    for array, values in zip(trees, links, strict=True):
        array[node] = values
    with pytest.raises(RtmlError, match="deeper than 12 splits"):
        load(trees.dump(), trees=1, samples=leaves)


def changed(save=np.savez, **arrays) -> bytes:
    save(out := io.BytesIO(), **STUMPS._asdict() | arrays)
    return out.getvalue()


def larger_than_said() -> bytes:
    """Arrays of no bytes whose heads promise 8 exabytes."""
    said = {"descr": "<i8", "fortran_order": False, "shape": (10**18,)}
    np.lib.format.write_array_header_1_0(head := io.BytesIO(), said)
    with zipfile.ZipFile(out := io.BytesIO(), "w") as archive:
        for name in Trees._fields:
            archive.writestr(f"{name}.npy", head.getvalue())
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "zip"),
        (STUMPS.dump()[:-1], "zip"),
        (changed(np.savez_compressed), "compressed"),
        (larger_than_said(), "sound"),
        (changed(more=STUMPS.feature), "other arrays"),
        (changed(feature=STUMPS.feature.astype(object)), "allow_pickle"),
        (changed(feature=STUMPS.feature.astype(np.int32)), "other types"),
        (changed(feature=STUMPS.feature.astype(">i8")), "other types"),
        (changed(threshold=STUMPS.threshold[:, None]), "shapes"),
        (changed(threshold=STUMPS.threshold[1:]), "shapes"),
        (Trees(*(array[:0] for array in STUMPS)).dump(), "trees: 0"),
        (Trees(*[np.array(1)] * 5).dump(), "sound"),
    ],
)
def test_other_files_are_refused(data, message):
    with pytest.raises(RtmlError, match=rf"forest\.npz.*{message}"):
        load(data, **SOUND)
