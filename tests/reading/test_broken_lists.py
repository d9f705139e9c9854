"""Logs that tools, people and crashes have changed: lists without brackets or ends, quotes, zeros, names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rtml.captures.sensors import SENSORS
from rtml.captures.sensors.choosing import choose
from rtml.reading.documents import documents
from tests.captures.inventories import IDS, alert
from tests.captures.test_k8s_audit import event as audit_event
from tests.samples import shipped

ALERTS = [json.loads(alert(second, IDS[second % 3])) for second in range(4)]
EVENTS = [audit_event(number) for number in range(4)]
Write = Callable[[list[object]], str]


def lines(wrap: Callable[[object], str], end: str = "\n") -> Write:
    return lambda values: "".join(wrap(value) + end for value in values)


WHOLE: dict[str, Write] = {
    "a comma behind each": lines(json.dumps, ",\n"),
    "commas on one line": lines(json.dumps, ", "),
    "commas behind printed ones": lines(lambda value: json.dumps(value, indent=1), ",\n"),
    "commas before": lambda values: "\n, ".join(map(json.dumps, values)),
    "in quotes (jq)": lines(lambda value: json.dumps(json.dumps(value))),
    "a list of texts (--query)": lambda values: json.dumps([json.dumps(x) for x in values], indent=2),
    "lists of lists (jq -s)": lambda values: json.dumps([values[:2], values[2:]]),
    "grep of several files": lines(lambda value: f"logs/a.json:{json.dumps(value)}"),
    "grep -n": lines(lambda value: f"logs/a.json:12:{json.dumps(value)}"),
    "a logger's level": lines(lambda value: f"INFO:root:{json.dumps(value)}"),
    "zeros in the place of lines": lines(json.dumps, "\n\0\0\0\0\n"),
    "zeros before": lambda values: "\0" * 700 + lines(json.dumps)(values),
}
CUT: dict[str, Write] = {
    "a list": lambda values: json.dumps(values)[:-20],
    "a printed list": lambda values: json.dumps(values, indent=2)[:-20],
    "a list of lines": lambda values: ("[\n" + ",\n".join(map(json.dumps, values)))[:-20],
}


def read(sensor: str, path: Path) -> tuple[int, list[str]]:
    reading = SENSORS[sensor].read(path)
    assert reading.records == reading.events.height + reading.rejects.height
    return reading.events.height, reading.rejects["reason"].to_list()


@pytest.mark.parametrize("sensor", ["falco", "k8s-audit"])
@pytest.mark.parametrize("form", WHOLE)
def test_nothing_is_lost_or_refused(sensor: str, form: str, tmp_path: Path):
    values: list[object] = [*ALERTS] if sensor == "falco" else [*EVENTS]
    (tmp_path / "log").write_text(WHOLE[form](values))
    assert read(sensor, tmp_path / "log") == (4, [])
    assert choose([tmp_path / "log"]).sensor == sensor


@pytest.mark.parametrize("sensor", ["falco", "k8s-audit"])
@pytest.mark.parametrize("form", CUT)
def test_what_is_whole_in_a_list_that_is_cut_off_is_read(sensor: str, form: str, tmp_path: Path):
    values: list[object] = [*ALERTS] if sensor == "falco" else [*EVENTS]
    (tmp_path / "log").write_text(CUT[form](values))
    assert read(sensor, tmp_path / "log") == (3, ["cut off: the object does not end"])
    assert choose([tmp_path / "log"]).sensor == sensor


def test_objects_behind_what_is_broken_in_a_list_are_read_too(tmp_path: Path):
    (tmp_path / "log").write_text('[\n{"a":\n1},\n{"b": 2},\n{"c": oops},\n{"d": 4}\n]\n{"e": 5}\n')
    assert [(d.line, d.problem or d.value) for d in documents(tmp_path / "log")] == [
        (2, {"a": 1}),
        (4, {"b": 2}),
        (5, "not JSON"),
        (6, {"d": 4}),
        (8, {"e": 5}),
    ]


@pytest.mark.parametrize("write", [lines(json.dumps), json.dumps], ids=["lines", "a list"])
def test_lines_of_text_in_quotes(write: Callable[[list[str]], str], tmp_path: Path):
    (sample,) = shipped("auditd")
    text = [line for line in sample.read_text().split("\n") if line.strip()]
    (tmp_path / "log").write_text(write(text))
    plain = SENSORS["auditd"].read(sample)
    assert SENSORS["auditd"].read(tmp_path / "log").events.equals(plain.events)
    assert choose([tmp_path / "log"]).sensor == "auditd"
