"""What stands behind an object on its line is a problem by itself, whatever bytes it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtml.captures.sensors import SENSORS
from rtml.findings.importing import read_alerts
from rtml.reading.documents import documents
from tests.samples import shipped

RESTS = [b" \xcd", b'\x92\x12, "a": 1}', b"{\xff", b"}\xed\xa0\x80", b" x"]


@pytest.mark.parametrize("rest", RESTS)
def test_a_rest_is_a_problem_and_no_crash(rest: bytes, tmp_path: Path):
    (tmp_path / "log").write_bytes(b'{"a": 1}' + rest + b'\n{"b": 2}\n')
    found = [*documents(tmp_path / "log")]
    assert found[-1].value == {"b": 2}
    assert [one.line for one in found if one.problem is not None] == [1]


@pytest.mark.parametrize("rest", RESTS)
@pytest.mark.parametrize("sensor", ["falco", "zeek", "tetragon"])
def test_such_a_line_stops_no_import(sensor: str, rest: bytes, tmp_path: Path):
    (sample, *_) = shipped(sensor)
    plain = SENSORS[sensor].read(sample)
    log = tmp_path / "log"
    log.write_bytes(sample.read_bytes() + b'\n{"a": 1}' + rest + b"\n")
    assert SENSORS[sensor].read(log).events.height == plain.events.height
    if sensor == "falco":
        assert read_alerts(log, "falco").rejects.height > 0
