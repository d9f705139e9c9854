"""The forest against scikit-learn, its exact explanation, and crafted tree files."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import IsolationForest as SklearnForest

from rtml.detectors.forest_file import check_nodes, dump_forest, load_forest
from rtml.detectors.isolation_forest import IsolationForest
from rtml.errors import RtmlError
from tests.detectors.frames import outlier, windows, with_value


@pytest.fixture(scope="module")
def forest():
    rows = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    return SklearnForest(n_estimators=3, random_state=1).fit(rows)


def test_equals_scikit_learn_with_the_sign_flipped_on_what_training_showed():
    detector = IsolationForest(seed=3)
    detector.learn(windows())
    rows, gaps = detector._placed(windows())
    expected = -detector._forest.score_samples(rows)
    inside = gaps.max(axis=1) == 0
    assert inside.sum() > 30
    np.testing.assert_allclose(detector.score(windows())[inside], expected[inside], rtol=1e-12)


def test_what_never_varied_in_training_is_not_overlooked():
    """scikit-learn's forest is blind here: it cannot split on a constant column."""
    detector = IsolationForest(seed=3)
    detector.learn(windows())
    frame = windows()
    strange = with_value(frame, "binaries.never_seen", 50.0)
    assert (detector.score(strange) > detector.score(frame)).all()
    rows = [detector._placed(f)[0] for f in (frame, strange)]
    plain = [detector._forest.score_samples(r) for r in rows]
    np.testing.assert_array_equal(plain[0], plain[1])


def test_parts_add_up_to_the_path_length_saved():
    detector = IsolationForest(seed=3, trees=20)
    detector.learn(windows())
    frame = outlier(windows(seed=2), 7)
    parts = detector._parts(*detector._placed(frame))
    length = -np.log2(detector.score(frame)) * detector._normal
    usual = parts.sum(axis=1) + length
    np.testing.assert_allclose(usual, usual[0])


def test_the_number_of_threads_changes_nothing(tmp_path):
    files = []
    for jobs in (1, 2):
        detector = IsolationForest(seed=3, trees=8, jobs=jobs)
        detector.learn(windows())
        detector.save(tmp_path / str(jobs))
        files.append([p.read_bytes() for p in sorted((tmp_path / str(jobs)).iterdir())])
    assert files[0] == files[1]


def test_saved_bytes_hold_no_memory_addresses(forest):
    assert dump_forest(forest) == dump_forest(load_forest(dump_forest(forest), 3))


def test_only_the_canonical_form_is_read(forest):
    with pytest.raises(RtmlError, match="canonical"):
        load_forest(skops.io.dumps(forest), 3)


def test_another_number_of_columns_is_refused(forest):
    with pytest.raises(RtmlError, match="other columns"):
        load_forest(dump_forest(forest), 4)


def rewritten(data: bytes, change) -> bytes:
    """The same archive after ``change(schema, members)``."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    schema = json.loads(members.pop("schema.json"))
    change(schema, members)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
        text = json.dumps(schema, separators=(",", ":"))
        archive.writestr(zipfile.ZipInfo("schema.json"), text)
    return out.getvalue()


def tree_part(schema):
    return schema["content"]["content"]["estimators_"]["content"][0]["content"]["content"]["tree_"]


FIELDS = ("left_child", "right_child", "feature", "threshold", "n_node_samples")
WILD = st.sampled_from([-(2**62), -2, -1, 0, 1, 2, 7, 10**6, 2**62])


@settings(max_examples=80, deadline=None)
@given(field=st.sampled_from(FIELDS), place=st.integers(0, 10**6), value=WILD)
def test_crafted_nodes_are_refused_or_harmless(forest, field, place, value):
    def change(schema, members):
        name = tree_part(schema)["content"]["content"]["nodes"]["file"]
        nodes = np.load(io.BytesIO(members[name]))
        nodes[field][place % len(nodes)] = value
        head = members[name][: len(members[name]) - nodes.nbytes]
        members[name] = head + nodes.view(np.uint8).tobytes()

    data = rewritten(dump_forest(forest), change)
    rows = np.zeros((4, 3), dtype=np.float32)
    try:
        loaded = load_forest(data, 3)
    except RtmlError:
        return
    assert loaded.estimators_[0].tree_.apply(rows).shape == (4,)


@pytest.mark.parametrize(("key", "value"), [("node_count", 10**9), ("node_count", 1), ("max_depth", -1)])
def test_sizes_that_lie_are_refused(forest, key, value):
    def change(schema, members):
        tree_part(schema)["content"]["content"][key]["content"] = json.dumps(value)

    with pytest.raises(RtmlError, match="tree"):
        load_forest(rewritten(dump_forest(forest), change), 3)


def test_an_id_that_stands_for_another_part_is_refused(forest):
    def change(schema, members):
        tree_part(schema)["content"]["content"]["nodes"]["__id__"] = 0

    with pytest.raises(RtmlError, match="canonical"):
        load_forest(rewritten(dump_forest(forest), change), 3)


def test_other_types_are_not_trusted(forest):
    def change(schema, members):
        part = schema["content"]["content"]["contamination"]
        part.update({"__class__": "Popen", "__module__": "subprocess", "__loader__": "TypeNode"})
        part.pop("content")
        part.pop("is_json")

    with pytest.raises(RtmlError, match="Untrusted"):
        load_forest(rewritten(dump_forest(forest), change), 3)


def test_sound_nodes_pass(forest):
    for tree in forest.estimators_:
        check_nodes(tree.tree_.__getstate__()["nodes"], 3)
