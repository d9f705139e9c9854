"""Logs that are text, in the JSON of a transport: the same events, and nothing is lost without a word."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rtml.captures.sensors import SENSORS
from rtml.errors import RtmlError
from tests.samples import shipped

Lines = list[str]
AT = {"timestamp": 1798761600500, "ingestionTime": 1798761600600}


def _each(*objects: dict[str, object]) -> str:
    return "\n".join(map(json.dumps, objects))


FORMS: dict[str, Callable[[Lines], str]] = {
    "docker": lambda lines: _each(*({"log": f"{line}\n", "stream": "stdout"} for line in lines)),
    "fluent-bit": lambda lines: _each(*({"date": 1.5, "log": line} for line in lines)),
    "get-log-events": lambda lines: json.dumps({"events": [{**AT, "message": m} for m in lines]}, indent=1),
    "a subscription": lambda lines: _each({"logGroup": "g", "logEvents": [{"message": m} for m in lines]}),
    "an event a line": lambda lines: _each(*({**AT, "message": line} for line in lines)),
    "a list": lambda lines: json.dumps([{**AT, "message": line} for line in lines]),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sensor", ["auditd", "vpc-flow"])
def test_the_events_are_those_of_the_log_itself(sensor: str, form: str, tmp_path: Path):
    (sample,) = shipped(sensor)
    plain = SENSORS[sensor].read(sample)
    lines = [line for line in sample.read_text().split("\n") if line.strip()]
    (tmp_path / "log").write_text(FORMS[form](lines))
    reading = SENSORS[sensor].read(tmp_path / "log")
    assert reading.events.equals(plain.events)
    assert reading.rejects["reason"].to_list() == plain.rejects["reason"].to_list()


def test_json_that_is_no_envelope_is_refused_line_by_line(tmp_path: Path):
    (sample,) = shipped("auditd")
    log = tmp_path / "log"
    log.write_text('{"a": 1}\n' + sample.read_text() + '\n{"events": [{"message": 5}]}\n')
    reading = SENSORS["auditd"].read(log)
    plain = SENSORS["auditd"].read(sample)
    assert reading.events.height == plain.events.height
    assert reading.rejects.height == plain.rejects.height + 2
    log.write_text('{"a": 1}\n')
    with pytest.raises(RtmlError, match="not a log of auditd"):
        SENSORS["auditd"].read(log)
