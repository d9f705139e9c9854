"""Alerts of Falco as Elastic's integration keeps them, and as Falcosidekick tells Alertmanager."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rtml.captures.sensors import SENSORS, Reading
from rtml.captures.sensors.choosing import choose
from rtml.findings.importing import read_alerts

FIELDS = {
    "container.id": "2ae6a7f15b6e",
    "container.name": "shop",
    "evt.type": "execve",
    "proc.cmdline": "bash -c ls",
    "proc.exepath": "/bin/bash",
    "proc.name": "bash",
    "proc.pid": 7,
    "user.uid": 0,
}
ALERT = {
    "rule": "Run shell untrusted",
    "priority": "Notice",
    "source": "syscall",
    "hostname": "n1",
    "time": "2027-01-01T08:45:00.25Z",
    "output": "x",
    "output_fields": FIELDS,
}
WANTED = {
    "kind": "exec",
    "host": "n1",
    "container_id": "2ae6a7f15b6e",
    "container_name": "shop",
    "exe": "/bin/bash",
    "cmdline": "bash -c ls",
    "pid": 7,
    "uid": 0,
}


def in_objects() -> dict[str, Any]:
    fields: dict[str, Any] = {"evt": {"time": {"iso8601": 1798793100250}}}
    for name, value in FIELDS.items():
        first, last = name.split(".")
        fields.setdefault(first, {})[last] = str(value) if name == "user.uid" else value
    return {**ALERT, "output_fields": fields}


def document(**more: Any) -> dict[str, Any]:
    """What Elastic's integration makes of an alert: the container is the one that the alert is about."""
    return {
        "@timestamp": "2027-01-01T08:45:00.250Z",
        "container": {"id": "2ae6a7f15b6e", "name": "shop"},
        "data_stream": {"dataset": "falco.alerts", "type": "logs"},
        "event.category": ["process"],
        "host": {"name": "fleet"},
        "process": {"executable": "/bin/bash", "name": "bash"},
        **more,
    }


def read(folder: Path, value: Any) -> Reading:
    (folder / "a.json").write_text(json.dumps(value))
    assert choose([folder / "a.json"]).sensor == "falco"
    return SENSORS["falco"].read(folder / "a.json")


ORIGINAL = {"kind": "alert", "original": f"<5>2027-01-01T08:45:00Z pod-1 Falco[1]: {json.dumps(ALERT)}"}
KEPT = {
    "the line": document(event=ORIGINAL),
    "the line and its fields": document(event=ORIGINAL, falco=in_objects()),
    "its fields": document(event={"kind": "alert"}, falco=in_objects()),
    "a hit": {"_index": "logs-falco", "_id": "1", "_source": document(falco=in_objects())},
}


@pytest.mark.parametrize("form", KEPT)
def test_documents_of_elastics_integration(form: str, tmp_path: Path):
    reading = read(tmp_path, KEPT[form])
    (event,) = reading.events.to_dicts()
    assert {name: event[name] for name in WANTED} == WANTED and reading.rejects.is_empty()
    assert event["time"].isoformat() == "2027-01-01T08:45:00.250000+00:00"


def test_the_line_of_another_container_is_still_refused(tmp_path: Path):
    other = document(event=ORIGINAL, data_stream={"dataset": "kubernetes.container_logs"})
    lines = [document(event=ORIGINAL), other, document(event=ORIGINAL, data_stream=7)]
    (tmp_path / "a.json").write_text("\n".join(map(json.dumps, lines)))
    reading = SENSORS["falco"].read(tmp_path / "a.json")
    assert reading.events.height == 1 and reading.rejects["line"].to_list() == [2, 3]
    assert reading.rejects["reason"].str.starts_with("written by shop, not by falco").all()


def labelled(**labels: str) -> dict[str, Any]:
    flat = {name.replace(".", "_"): str(value) for name, value in FIELDS.items()}
    told = {"source": "falco", "rule": "r", "priority": "Notice", "hostname": "n1", "eventsource": "syscall"}
    notes = {"info": "x", "summary": "r"}
    return {"labels": {**flat, **told, **labels}, "annotations": notes, "startsAt": "2027-01-01T08:45:07Z"}


@pytest.mark.parametrize("form", ["posted", "webhook", "line"])
def test_alerts_that_alertmanager_has(form: str, tmp_path: Path):
    alerts = [labelled(), labelled(evt_time="1798793100250000000")]
    webhook = {"receiver": "r", "status": "firing", "alerts": alerts, "version": "4"}
    given = {"posted": alerts, "webhook": webhook, "line": alerts[0]}[form]
    events = read(tmp_path, given).events
    first = events.to_dicts()[0]
    assert {name: first[name] for name in WANTED} == WANTED
    times = [at.isoformat() for at in events["time"]]
    assert times == ["2027-01-01T08:45:07+00:00", "2027-01-01T08:45:00.250000+00:00"][: len(times)]
    assert read_alerts(tmp_path / "a.json", "falco").alerts == events.height


def test_notices_that_are_over_and_alerts_of_others_are_no_alerts_of_falco(tmp_path: Path):
    over = {**labelled(), "status": "resolved"}
    other = {**labelled(), "labels": {"alertname": "Watchdog"}}
    reading = read(tmp_path, {"alerts": [labelled(), over, other]})
    assert (reading.events.height, reading.rejects.height) == (1, 2)


def secured(**more: Any) -> dict[str, Any]:
    """An event as Sysdig Secure forwards it: Falco's rule and fields, all texts, and labels of the place."""
    fields = {name: str(value) for name, value in FIELDS.items() if name != "container.id"}
    labels = {"host.hostName": "n1", "kubernetes.namespace.name": "default", "kubernetes.pod.name": "shop-0"}
    return {
        "id": "17dec7",
        "type": "policy",
        "timestamp": 1798793100250000000,
        "timestampRFC3339Nano": "2027-01-01T08:45:00.25Z",
        "category": "runtime",
        "source": "syscall",
        "severity": 7,
        "containerId": "2ae6a7f15b6e",
        "content": {"ruleName": "r", "ruleType": "RULE_TYPE_FALCO", "output": "x", "fields": fields},
        "labels": labels,
        **more,
    }


def test_events_of_sysdig_secure(tmp_path: Path):
    cloud = secured(source="aws_cloudtrail", containerId="", labels={})
    reading = read(tmp_path, [secured(), cloud])
    (event,) = reading.events.to_dicts()
    wanted = WANTED | {"namespace": "default", "pod": "shop-0"}
    assert {name: event[name] for name in wanted} == wanted
    assert event["time"].isoformat() == "2027-01-01T08:45:00.250000+00:00"
    assert sum(reading.beside.values()) == 1 and reading.rejects.is_empty()
