"""The Kubernetes audit sensor: values of the wrong type, cut lines, endless depth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rtml.captures.audit import AUDIT
from tests.captures.test_k8s_audit import audit_of, event, read, write

DEEP = '{"a":' * 200_000


@pytest.mark.parametrize(
    "line",
    [
        DEEP,
        DEEP + "1" + "}" * 200_000,
        "[" * 100_000,
        '"\\ud800"',
        "1e999",
        "NaN",
        json.dumps(event(auditID=["x"])),
        json.dumps(event(auditID="\ud800")),
        json.dumps(event(stageTimestamp=None, requestReceivedTimestamp="9999999-01-01T00:00:00Z")),
        json.dumps(event(requestReceivedTimestamp={"a": 1}, stageTimestamp=7)),
        json.dumps({"kind": "Event", "apiVersion": "v1", "auditID": "core event"}),
    ],
    ids=range(11),
)
def test_hostile_lines_are_counted_and_stop_no_other(line: str, tmp_path: Path):
    (tmp_path / "log").write_text(f"{json.dumps(event(1))}\n{line}\n{json.dumps(event(2))}\n")
    reading = read(tmp_path / "log")
    assert {"id-1", "id-2"} <= set(audit_of(tmp_path / "log")["audit_id"])
    assert reading.records == reading.events.height + reading.rejects.height == 3


WRONG: tuple[Any, ...] = (None, 7, "x", [], [7], [[[]]], {}, {"a": {}}, True, "\x1b[2J\x00\ud800")


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
@pytest.mark.parametrize(
    "place",
    [
        "user",
        "objectRef",
        "sourceIPs",
        "responseStatus",
        "annotations",
        "requestObject",
        "responseObject",
        "verb",
        "requestURI",
        "impersonatedUser",
    ],
)
def test_values_of_the_wrong_type_are_absent(place: str, wrong: Any, tmp_path: Path):
    nested = {
        "spec": wrong,
        "rules": [wrong],
        "subjects": wrong,
        "roleRef": wrong,
        "data": wrong,
        "kind": "ConfigMap",
        "metadata": wrong,
    }
    values = [wrong, {"spec": {"containers": [wrong], "volumes": wrong, "ports": [wrong]}}, nested]
    events = [event(i, **{place: value}) for i, value in enumerate(values)]
    reading = read(write(tmp_path / "log", *events))
    assert reading.events.height == 3
    assert reading.audit is not None and reading.audit.schema == AUDIT


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize("place", ["apiVersion", "kind", "user", "requestObject", "annotations"])
@pytest.mark.parametrize("depth", [50, 400, 900, 990])
def test_deep_values_never_stop_the_import(place: str, depth: int, tmp_path: Path):
    deep = nested(depth)
    held = {"kind": deep, "data": deep, "metadata": deep, "spec": deep, "roleRef": deep}
    bodies = [deep, held, {**held, "kind": "ConfigMap"}]
    lines = [json.dumps(event(1))]
    lines += ['{"kind": "Event"}']
    for i, body in enumerate(bodies):
        shallow = json.dumps(event(2 + i, **{place: "PLACE"}))
        lines.append(shallow.replace('"PLACE"', _text(body)))
    (tmp_path / "log").write_text("\n".join(lines))
    reading = read(tmp_path / "log")
    assert reading.records == reading.events.height + reading.rejects.height == 5
    assert reading.events.height >= 1


def _text(body: Any) -> str:
    """Write a value that is deeper than the encoder goes."""
    if isinstance(body, str):
        return json.dumps(body)
    levels, inner = 0, body
    while isinstance(inner, dict) and list(inner) == ["a"]:
        levels, inner = levels + 1, inner["a"]
    if levels:
        return '{"a":' * levels + json.dumps(inner) + "}" * levels
    return "{" + ", ".join(f"{json.dumps(k)}: {_text(v)}" for k, v in body.items()) + "}"
