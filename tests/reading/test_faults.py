"""What pydantic refuses is said in the same words, whatever the file is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from rtml.captures.manifest import Manifest, parse_manifest
from rtml.errors import RtmlError, UsageError
from rtml.experiment.config import load_experiment
from rtml.findings.suppression.files import read_suppressions
from rtml.models.calibration import CalibrationState
from rtml.models.parts import Description
from rtml.reading.faults import validated
from rtml.reading.state import parse_state
from rtml.replays.reading import load_attack, load_scenario
from rtml.rules.intelligence.description import described


class Place(NamedTuple):
    """A file that pydantic checks: good values, a key that is required, one that holds a text."""

    read: Callable[[Path], object]
    good: dict[str, Any]
    required: str | None
    text: str
    write: Callable[[Any], str] = yaml.safe_dump
    wrong: type[RtmlError] = UsageError


ATTACK = {
    "id": "x",
    "name": "x",
    "technique": "T1059",
    "family": "f",
    "workload": "w",
    "entry": "exec",
    "steps": [{"run": "id"}],
    "seconds": 5,
    "expects": [{"kind": "exec", "exe": "id"}],
    "harmless": "Reads who it is, and no more.",
}
RULE = {"name": "n", "owner": "o", "reason": "r", "expires": "2199-12-31", "where": {"type": "x"}}
PLACES = {
    "experiment": Place(load_experiment, {"name": "x"}, None, "name"),
    "threat lists": Place(
        described,
        {"name": "x", "file": "a", "category": "phishing"},
        "file",
        "name",
        lambda row: yaml.safe_dump({"lists": [row]}),
    ),
    "suppressions": Place(read_suppressions, RULE, "owner", "owner", lambda row: yaml.safe_dump([row])),
    "scenario": Place(
        load_scenario, {"name": "s", "seconds": 60, "workloads": {"app": 1}}, "seconds", "name"
    ),
    "attack": Place(load_attack, ATTACK, "entry", "name"),
    "manifest": Place(
        lambda path: parse_manifest(path.read_text(), str(path)),
        {"sensor": "x"},
        "sensor",
        "sensor",
        json.dumps,
        RtmlError,
    ),
    "state": Place(
        lambda path: parse_state(path.read_bytes(), Description, path),
        {"every": "60s", "features": [], "families": []},
        "every",
        "every",
        json.dumps,
        RtmlError,
    ),
}
every_place = pytest.mark.parametrize("name", PLACES)


def refusal(folder: Path, name: str, values: object) -> str:
    place, path = PLACES[name], folder / "file"
    path.write_text(place.write(values))
    with pytest.raises(place.wrong) as caught:
        place.read(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: ") and "\n" not in said
    return said.removeprefix(f"{path}: ")


@every_place
def test_a_sound_file_is_read(tmp_path: Path, name: str):
    (tmp_path / "file").write_text(PLACES[name].write(PLACES[name].good))
    assert PLACES[name].read(tmp_path / "file")


@every_place
def test_an_unknown_key_is_named_with_the_nearest(tmp_path: Path, name: str):
    if name == "manifest":
        pytest.skip("a newer manifest may have keys that this version does not know")
    key, good = PLACES[name].text, PLACES[name].good
    said = refusal(tmp_path, name, {**good, f"{key}x": 1})
    assert said.endswith(f"unknown key '{key}x'; did you mean {key!r}?")
    renamed = {f"{k}x" if k == key else k: v for k, v in good.items()}
    assert f"unknown key '{key}x'" in refusal(tmp_path, name, renamed), "the cause, not the effect"


@every_place
def test_a_missing_key_is_required(tmp_path: Path, name: str):
    key = PLACES[name].required
    if key is None:
        pytest.skip("every key has a default")
    said = refusal(tmp_path, name, {k: v for k, v in PLACES[name].good.items() if k != key})
    assert said.endswith(f"{key}: is required")


@every_place
def test_a_wrong_value_is_shown(tmp_path: Path, name: str):
    key = PLACES[name].text
    said = refusal(tmp_path, name, {**PLACES[name].good, key: 7})
    assert said.endswith(f"{key}: Input should be a valid string, not 7")


@pytest.mark.parametrize("name", ["threat lists", "suppressions", "manifest", "state"])
def test_what_is_no_mapping_is_said_so(tmp_path: Path, name: str):
    assert refusal(tmp_path, name, 7).endswith("a mapping of keys to values is wanted, not 7")


def test_keys_inside_of_keys_are_named_by_their_path(tmp_path: Path):
    broken = {**ATTACK, "steps": [{"run": "id"}, {"runn": "id"}]}
    assert refusal(tmp_path, "attack", broken) == "unknown key 'steps.1.runn'; did you mean 'run'?"
    for values, said in (
        ({"split": {"tset": 0.5}}, "unknown key 'split.tset'; did you mean 'test'?"),
        ({"rules": {"sigma": 3}}, "rules.sigma: a list is wanted, not 3"),
        ({"rules": {"pack": 3}}, "rules.pack: Input should be a valid string, not 3"),
        ({"budget": float("inf")}, "budget: Input should be a finite number, not inf"),
        ({"detectors": [{"a": 1}]}, "detectors: a mapping of keys to values is wanted"),
    ):
        assert refusal(tmp_path, "experiment", values) == said
    with pytest.raises(UsageError, match=r"x: groups\.a\.0"):
        whole = {"least": 1, "unit": 1, "shape": 0.0, "scale": None, "days": {"a": 1.0}}
        validated(CalibrationState, {"groups": {"a": ["x"]}, **whole}, "x")


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+23:00", "9999-12-31"])
def test_times_beyond_the_calendar_are_wrong_use(tmp_path: Path, time: str):
    path = tmp_path / "file"
    path.write_text(f"- {{name: n, owner: o, reason: r, expires: {time}, where: {{type: x}}}}")
    with pytest.raises(UsageError, match="file: rule 1: expires: a day of the years 1970 to 2199"):
        read_suppressions(path)


def test_a_manifest_that_is_no_json_is_named():
    with pytest.raises(RtmlError, match="x/capture.json: Invalid JSON"):
        parse_manifest("{", "x/capture.json")
    assert parse_manifest(Manifest(sensor="x").to_json(), "x").sensor == "x"
