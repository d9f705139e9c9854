"""A model folder: all of it back bit for bit, or a refusal that names what is wrong."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from rtml.detectors import DETECTORS
from rtml.detectors.contract import feature_columns, peer_groups
from rtml.errors import RtmlError, UsageError
from rtml.features import learn
from rtml.models import Model, load_model
from rtml.models.calibration import Calibration
from rtml.models.parts import Description
from rtml.testing.events import busy
from rtml.testing.windows import windows

KINDS = {"isolation_forest": {"trees": 3}, "surprise": {}, "half_space_trees": {"trees": 2}}


@pytest.fixture(scope="module")
def model():
    detectors = {}
    for name, parameters in KINDS.items():
        detectors[name] = DETECTORS[name](seed=1, **parameters)
        detectors[name].learn(windows())
    held, groups = windows(seed=6), peer_groups(windows(seed=6))
    days = dict.fromkeys(groups, 0.5)
    calibrations = {n: Calibration.fit(d.score(held), groups, days) for n, d in detectors.items()}
    description = Description(
        features=feature_columns(held),
        families=["a", "b", "binaries"],
        every="60s",
        parameters=KINDS,
        learned_until={'web-1"</script>': "2026-01-01T00:24:00+00:00"},
        data={"capture": "ab" * 32},
        notes={"budget": 1.0, "config": None},
    )
    return Model(description, detectors, calibrations, learn(*busy()))


@pytest.fixture
def folder(model, tmp_path):
    return model.save(tmp_path / "model")


def test_everything_comes_back(model, folder):
    again, frame = load_model(folder), windows(seed=9)
    assert again.description == model.description
    for label, detector in model.detectors.items():
        scores = detector.score(frame)
        np.testing.assert_array_equal(again.detectors[label].score(frame), scores)
        np.testing.assert_array_equal(
            again.calibrations[label].p_values(scores, peer_groups(frame)),
            model.calibrations[label].p_values(scores, peer_groups(frame)),
        )
    assert again.baseline.counts.equals(model.baseline.counts) and not model.baseline.empty


def test_the_same_model_is_the_same_bytes(model, folder, tmp_path):
    other = model.save(tmp_path / "other")
    assert (folder / "model.json").read_bytes() == (other / "model.json").read_bytes()


def test_nothing_is_left_beside_the_folder(folder):
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_a_failure_leaves_nothing(model, tmp_path):
    class Full:
        def save(self, folder):
            raise RtmlError("disk full")

    with pytest.raises(RtmlError, match="disk full"):
        replace(model, baseline=Full()).save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_model_is_not_written_over_another(model, folder):
    with pytest.raises(RtmlError, match="exists already"):
        model.save(folder)


@pytest.mark.parametrize("label", ["../up", "a/b", "", ".hidden", "a+b", "x" * 200])
def test_a_label_is_never_a_path(model, tmp_path, label):
    bad = replace(model, detectors={label: model.detectors["surprise"]})
    with pytest.raises(UsageError, match="label"):
        bad.save(tmp_path / "model")


@pytest.mark.parametrize("name", ["baseline/counts.parquet", "detectors/surprise/state.json"])
def test_changed_missing_and_extra_files_are_named(folder, name):
    (folder / "extra.txt").write_text("?")
    (folder / name).write_bytes(b"other")
    with pytest.raises(RtmlError, match=rf"extra \['extra.txt'\], changed \['{name}'\]"):
        load_model(folder)
    (folder / "extra.txt").unlink()
    (folder / name).unlink()
    with pytest.raises(RtmlError, match=rf"missing \['{name}'\]"):
        load_model(folder)


def test_links_are_refused(folder):
    (folder / "link").symlink_to("/etc/passwd")
    with pytest.raises(RtmlError, match="link"):
        load_model(folder)


def edited(folder, **change):
    """Change the index as somebody would who recomputes its digest."""
    path = folder / "model.json"
    content = {**json.loads(path.read_text()), **change, "digest": ""}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    path.write_text(json.dumps({**content, "digest": hashlib.sha256(text.encode()).hexdigest()}))
    return folder


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 1}, "format 1; this rtml reads format 2: train again"),
        ({"format": "x"}, "format x"),
        ({"more": 1}, "more"),
        ({"description": {}}, "description"),
        ({"detectors": {"surprise": "surprize"}}, "did you mean 'surprise'"),
        ({"detectors": {"../../etc": "surprise"}}, "bad label"),
        ({"calibrations": ["a/../.."]}, "bad label"),
        ({"detectors": {"gone": "surprise"}}, "no such detector folder"),
        ({"detectors": {"surprise": "rarity"}}, "bad state"),
    ],
)
def test_an_edited_index_is_refused(folder, change, message):
    with pytest.raises(RtmlError, match=message):
        load_model(edited(folder, **change))


@pytest.mark.parametrize("field", ["features", "families", "every", "combined", "held_out", "notes"])
def test_an_altered_description_is_refused(folder, field):
    path = folder / "model.json"
    content = json.loads(path.read_text())
    value = content["description"][field]
    other = {str: "5m", list: [*value, "x"], dict: {**value, "x": 1.0} if isinstance(value, dict) else None}
    content["description"][field] = other[type(value)]
    path.write_text(json.dumps(content))
    with pytest.raises(RtmlError, match="model.json: not as it was written"):
        load_model(folder)


@pytest.mark.parametrize("digest", ["", "ab", None])
def test_an_index_without_its_digest_is_refused(folder, digest):
    path = folder / "model.json"
    content = json.loads(path.read_text())
    content.pop("digest")
    path.write_text(json.dumps(content if digest is None else content | {"digest": digest}))
    with pytest.raises(RtmlError, match="not as it was written"):
        load_model(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000])
def test_an_index_that_is_not_json_is_refused(folder, text):
    (folder / "model.json").write_text(text)
    with pytest.raises(RtmlError, match="format"):
        load_model(folder)


def test_other_folders_are_refused(tmp_path):
    with pytest.raises(RtmlError, match="not a model folder"):
        load_model(tmp_path)
