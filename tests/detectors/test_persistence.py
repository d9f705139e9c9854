"""Saved models: exact, and refused with `RtmlError` when damaged or crafted, never a crash."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtml.detectors import DETECTORS, detector_class
from rtml.errors import RtmlError
from rtml.reading.state import write_files
from rtml.testing.windows import outlier, windows

ADAPTED = {
    "sklearn:OneClassSVM": {"nu": 0.2},
    "sklearn:IsolationForest": {"n_estimators": 3},
    "river:HalfSpaceTrees": {"n_trees": 3, "height": 3, "window_size": 5},
}
EVERY = [*DETECTORS.own, *ADAPTED]
every = pytest.mark.parametrize("name", EVERY)
hostile = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SMALL = {"isolation_forest": {"trees": 4}, "half_space_trees": {"trees": 3, "height": 3}, **ADAPTED}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """One small learnt model of each kind: its folder and its scores."""
    folder, scores = tmp_path_factory.mktemp("models"), {}
    for name in EVERY:
        detector = detector_class(name)(seed=3, **SMALL.get(name, {}))
        detector.learn(windows())
        detector.save(folder / name)
        scores[name] = detector.score(outlier(windows(seed=2), 7))
    return folder, scores


def files_of(folder) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "sha256.json"}


@every
def test_a_loaded_model_scores_bit_for_bit_and_saves_the_same_bytes(name, saved, tmp_path):
    folder, scores = saved
    loaded = detector_class(name).load(folder / name)
    np.testing.assert_array_equal(loaded.score(outlier(windows(seed=2), 7)), scores[name])
    loaded.save(tmp_path)
    assert files_of(tmp_path) == files_of(folder / name)


@every
def test_a_loaded_model_learns_on_as_the_original_would(name, saved, tmp_path):
    one = detector_class(name)(seed=3, **SMALL.get(name, {}))
    one.learn(windows())
    two = detector_class(name).load(saved[0] / name)
    more = windows(seed=8)
    np.testing.assert_array_equal(one.prequential(more), two.prequential(more))
    one.save(tmp_path / "one")
    two.save(tmp_path / "two")
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


@every
@hostile
@given(data=st.data())
def test_a_flipped_or_cut_file_is_refused(name, saved, tmp_path, data):
    folder = tmp_path / "tampered"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(saved[0] / name, folder)
    path = data.draw(st.sampled_from(sorted(folder.iterdir())))
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[place] ^= data.draw(st.integers(1, 255))
    else:
        del content[place:]
    path.write_bytes(bytes(content))
    with pytest.raises(RtmlError):
        detector_class(name).load(folder)


@every
@hostile
@given(data=st.data())
def test_what_passes_the_digest_is_refused_or_scores(name, saved, tmp_path, data):
    """Somebody who recomputes the digests still cannot crash us."""
    files = files_of(saved[0] / name)
    victim = data.draw(st.sampled_from(sorted(files)))
    content = bytearray(files[victim])
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    folder = tmp_path / "crafted"
    shutil.rmtree(folder, ignore_errors=True)
    write_files(folder, {**files, victim: bytes(content)})
    try:
        detector = detector_class(name).load(folder)
    except RtmlError:
        return
    assert detector.score(windows(seed=2)).shape == (48,)


@every
@hostile
@given(data=st.data())
def test_wrong_json_values_are_refused_or_score(name, saved, tmp_path, data):
    """Replace one value anywhere in the state by one of another type or size."""
    files = files_of(saved[0] / name)
    state = json.loads(files["state.json"])
    here = state
    while True:
        keys = sorted(here) if isinstance(here, dict) else list(range(len(here)))
        key = data.draw(st.sampled_from(keys))
        deeper = isinstance(here[key], dict | list) and len(here[key]) > 0
        if not deeper or data.draw(st.integers(0, 5)) == 0:
            break
        here = here[key]
    here[key] = data.draw(
        st.sampled_from([None, -1, 0, 2**70, 1e308, "x", [], {}, True, [[1.0]], {"a": [1]}])
    )
    folder = tmp_path / "crafted"
    shutil.rmtree(folder, ignore_errors=True)
    write_files(folder, {**files, "state.json": json.dumps(state).encode()})
    try:
        detector = detector_class(name).load(folder)
    except RtmlError:
        return
    assert detector.score(windows(seed=2)).shape == (48,)


@every
@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "[" * 100_000, "NaN", "9" * 5000])
def test_other_json_is_refused(name, text, saved, tmp_path):
    write_files(tmp_path / "m", {**files_of(saved[0] / name), "state.json": text.encode()})
    with pytest.raises(RtmlError):
        detector_class(name).load(tmp_path / "m")


@every
def test_missing_and_extra_files_are_named(name, saved, tmp_path):
    with pytest.raises(RtmlError, match="no such detector folder"):
        detector_class(name).load(tmp_path / "nowhere")
    shutil.copytree(saved[0] / name, tmp_path / "m")
    (tmp_path / "m" / "more.bin").write_bytes(b"?")
    with pytest.raises(RtmlError, match=r"more\.bin"):
        detector_class(name).load(tmp_path / "m")
    (tmp_path / "m" / "more.bin").unlink()
    (tmp_path / "m" / "state.json").unlink()
    with pytest.raises(RtmlError, match=r"state\.json"):
        detector_class(name).load(tmp_path / "m")
