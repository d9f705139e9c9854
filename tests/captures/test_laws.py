"""Every registered sensor meets every law of `rtml.testing`, with its samples and with real files."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtml.captures.sensors import SENSORS
from rtml.errors import RtmlError
from rtml.testing import CHANGED_LAWS, FILE_LAWS, SAMPLE_LAWS, check_sensor
from tests.samples import DATA, samples, shipped

FILES = [(name, path) for name, sensor in SENSORS.working() for path in sensor.samples or samples(name)]

SMALL = [(name, path) for name, sensor in SENSORS.working() for path in sensor.samples or shipped(name)]
"""Samples that are changed value by value; those of other packages too, by registration alone."""

every_sensor = pytest.mark.parametrize("name", SENSORS)
slow_fixture = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def sample(path: Path, tmp_path: Path) -> Path:
    """A file of the sensor; of a long compressed log the first lines, unpacked."""
    if path.suffix != ".gz" or path.is_relative_to(DATA):
        return path
    with gzip.open(path) as stream:
        head = [stream.readline() for _ in range(3000)]
    (tmp_path / "head.jsonl").write_bytes(b"".join(head))
    return tmp_path / "head.jsonl"


@every_sensor
def test_each_has_a_sample_with_something_to_refuse(name: str):
    files = SENSORS[name].samples or shipped(name)
    assert files, f"{name}: no sample; put one into tests/data/{name}, or name it in `Sensor.samples`"
    for file in files:
        assert file.stat().st_size <= 20_000, file
        reading = SENSORS[name].read(file)
        assert reading.events.height > reading.rejects.height > 0, file


@pytest.mark.parametrize(("name", "path"), FILES, ids=[f"{name}:{path.name}" for name, path in FILES])
@pytest.mark.parametrize("law", SAMPLE_LAWS, ids=lambda law: law.__name__)
def test_law_of_samples(law, name: str, sample: Path):
    law(SENSORS[name], sample)


@pytest.mark.parametrize(("name", "path"), SMALL, ids=[f"{name}:{path.name}" for name, path in SMALL])
@pytest.mark.parametrize("law", CHANGED_LAWS, ids=lambda law: law.__name__)
def test_law_of_changed_samples(law, name: str, path: Path):
    law(SENSORS[name], path)


@every_sensor
@pytest.mark.parametrize("law", FILE_LAWS, ids=lambda law: law.__name__)
def test_law_of_other_files(law, name: str):
    law(SENSORS[name])


@every_sensor
@slow_fixture
@given(content=st.binary(max_size=400))
def test_any_bytes_are_events_rejects_or_a_clear_error(name: str, content: bytes, tmp_path: Path):
    (tmp_path / "any").write_bytes(content)
    try:
        reading = SENSORS[name].read(tmp_path / "any")
    except RtmlError:
        return
    assert reading.records == reading.events.height + reading.rejects.height


def test_a_breach_says_who_broke_which_law_and_how():
    careless = replace(SENSORS["k8s-audit"], name="careless", blind=frozenset({"audit"}))
    words = (
        r'^sensor careless with audit\.jsonl breaks the law "Make of every record.*it cannot see: \[.audit'
    )
    with pytest.raises(AssertionError, match=words):
        check_sensor(careless, shipped("k8s-audit"))
    with pytest.raises(AssertionError, match="has no sample"):
        check_sensor(careless, [])
