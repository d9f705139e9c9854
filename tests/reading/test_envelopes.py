"""Records come out of every envelope as they went in; what is no envelope stays as it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtml.captures.sensors import SENSORS
from rtml.errors import RtmlError
from rtml.reading.envelopes import records
from tests.captures.test_k8s_audit import event

RECORDS = [event(n, userAgent="caf\u00e9 \U0001f600 \"{'") for n in range(3)]


def docker(text: str, size: int = 10**9) -> str:
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    return "\n".join(json.dumps({"log": piece, "stream": "stdout", "time": "x"}) for piece in pieces)


def cloudwatch(texts: list[str], indent: int | None = None) -> str:
    events = [{"id": "1", "timestamp": 1, "message": text} for text in texts]
    return json.dumps({"messageType": "DATA_MESSAGE", "logEvents": events}, indent=indent)


TEXTS = [json.dumps(record) for record in RECORDS]
SHAPES: dict[str, Callable[[], str]] = {
    "subscription": lambda: cloudwatch(TEXTS),
    "two subscriptions, printed": lambda: cloudwatch(TEXTS[:1], 2) + "\n" + cloudwatch(TEXTS[1:], 2),
    "get-log-events": lambda: json.dumps(
        {"events": [{"message": t} for t in TEXTS], "nextToken": "f"}, indent=1
    ),
    "docker": lambda: "\n".join(docker(text + "\n") for text in TEXTS),
    "docker, cut lines": lambda: "\n".join(docker(text + "\n", 100) for text in TEXTS),
    "fluent-bit": lambda: "\n".join(json.dumps({"date": 1.5, "log": text}) for text in TEXTS),
    "docker in a subscription": lambda: cloudwatch([docker(text + "\n") for text in TEXTS]),
    "nodes": lambda: "\n".join(
        f"{name} {t}" for name, t in zip(("n1", "10.0.0.7", "a.b-c"), TEXTS, strict=True)
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_records_come_out_as_they_went_in(shape: str, tmp_path: Path):
    path = tmp_path / "audit.log"
    path.write_text(SHAPES[shape]())
    assert [document.value for document in records(path)] == RECORDS
    reading = SENSORS["k8s-audit"].read(path)
    assert (reading.events.height, reading.rejects.height) == (3, 0)


@settings(deadline=None, max_examples=80)
@given(
    st.dictionaries(
        st.sampled_from(["log", "stream", "events", "logEvents", "date", "message"]),
        st.none()
        | st.lists(st.none() | st.dictionaries(st.just("message"), st.none() | st.text(max_size=3))),
    )
)
def test_what_is_no_envelope_stays_as_it_is(tmp_path_factory, value: dict[str, object]):
    path = tmp_path_factory.mktemp("any") / "log"
    path.write_text(json.dumps(value))
    known = list(records(path))
    lists = [value.get("logEvents"), value.get("events")]
    is_envelope = any(x and all(m and isinstance(m.get("message"), str) for m in x) for x in lists)
    is_list = set(value) == {"events"} and any(isinstance(x, dict) for x in value["events"] or [])
    assert is_envelope or is_list or [document.value for document in known] == [value]


def test_an_object_that_does_not_end_swallows_none(tmp_path: Path):
    path = tmp_path / "log"
    lines = [docker('{"a": '), docker('{"b": 1}\n'), docker("words"), docker('{"c": 1}'), docker('{"d"')]
    path.write_text("\n".join(lines))
    assert [(d.line, d.problem or d.value) for d in records(path)] == [
        (1, "cut off: the line of the log does not end"),
        (2, {"b": 1}),
        (3, "not JSON"),
        (4, {"c": 1}),
        (5, "cut off: the line of the log does not end"),
    ]


def shipped(*texts: str) -> str:
    return "\n".join(json.dumps({"@timestamp": "x", "message": text}) for text in texts)


def test_parts_of_a_runtime_whose_others_are_not_there_are_told_and_swallow_none(tmp_path: Path):
    at, path = "2027-01-15T08:00:00Z", tmp_path / "log"
    lines = [
        f'{at} stdout P {{"a":',
        f'{at} stderr F {{"b": 1}}',
        f"{at} stdout F words",
        f'{at} stdout P {{"c',
    ]
    path.write_text(shipped(*lines, f'{at} stdout F ": 2}}', f'{at} stdout P {{"d'))
    cut = "cut off: the line of the log does not end"
    assert [(d.problem or d.value, d.raw) for d in records(path)] == [
        ({"b": 1}, b'{"b": 1}'),
        (cut, b'{"a":'),
        ("not JSON", b"words"),
        ({"c": 2}, b'{"c": 2}'),
        (cut, b'{"d'),
    ]


def test_records_in_a_line_that_was_cut_are_taken_out_of_it(tmp_path: Path):
    at, line = "2027-01-15T08:00:00Z", cloudwatch(TEXTS)
    (tmp_path / "log").write_text(shipped(f"{at} stdout P {line[:70]}", f"{at} stdout F {line[70:]}"))
    assert [document.value for document in records(tmp_path / "log")] == RECORDS


def test_what_looks_like_a_head_inside_a_cut_line_is_its_own(tmp_path: Path):
    text = '{"a": "see pod {x}"}\n'
    (tmp_path / "log").write_text("\n".join(docker(part) for part in (text[:11], text[11:])))
    assert text[11:].startswith("pod {")
    assert [document.value for document in records(tmp_path / "log")] == [{"a": "see pod {x}"}]


def test_a_log_that_gives_nothing_is_not_sent_back_to_its_own_sensor(tmp_path: Path):
    path = tmp_path / "log"
    path.write_text(json.dumps({"hits": [{"_source": event()}]}))
    with pytest.raises(RtmlError, match="line 1: not an audit event") as error:
        SENSORS["k8s-audit"].read(path)
    assert "import it with that sensor" not in str(error.value)
