"""Records in envelopes that name no host are of the one that a head before them names, else the envelope."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.sensors import SENSORS
from tests.captures.test_hosts_in_heads import RECORDS

AT = "2027-01-15T08:00:00Z"
HEAD = "<14>Jan 15 09:45:09 web-1 agent[7]: "


def table(line: str, host: str) -> str:
    file = io.StringIO()
    csv.writer(file).writerows([["_time", "host", "_raw"], [AT, host, line]])
    return file.getvalue()


def telemetry(line: str, host: str) -> str:
    attributes = [{"key": "k8s.node.name", "value": {"stringValue": host}}, {"key": "x"}, 7]
    record = {"timeUnixNano": "1", "body": {"stringValue": line}}
    logs = {"resource": {"attributes": attributes}, "scopeLogs": [{"logRecords": [record]}]}
    return json.dumps({"resourceLogs": [logs]})


def datadog(line: str, host: str) -> str:
    return json.dumps({"data": [{"type": "log", "attributes": {"host": host, "message": line}}]})


def loki(line: str, host: str) -> str:
    stream = {"stream": {"app": "x", "node_name": host}, "values": [["1", line]]}
    return json.dumps({"status": "success", "data": {"resultType": "streams", "result": [stream]}})


def hit(line: str, host: str) -> str:
    return json.dumps({"_index": "i", "_id": "1", "fields": {"message": [line], "host.name": [host]}})


NAMED: dict[str, Callable[[str, str], str]] = {
    "Splunk": lambda line, host: json.dumps({"_time": AT, "host": host, "_raw": line}),
    "Splunk, HEC": lambda line, host: json.dumps({"host": host, "sourcetype": "x", "event": line}),
    "Splunk, CSV": table,
    "Elastic": lambda line, host: json.dumps(
        {"@timestamp": AT, "host": {"name": host}, "event": {"original": line}}
    ),
    "Filebeat behind a relay": lambda line, host: json.dumps(
        {"@timestamp": AT, "host": {"name": "relay"}, "log": {"syslog": {"hostname": host}}, "message": line}
    ),
    "a hit of fields": hit,
    "a hit": lambda line, host: json.dumps(
        {"_index": "i", "_source": {"@timestamp": AT, "host.name": host, "message": line}}
    ),
    "Fluent Bit": lambda line, host: json.dumps({"date": 1.5, "log": line, "kubernetes": {"host": host}}),
    "journald": lambda line, host: json.dumps({"_HOSTNAME": host, "MESSAGE": line, "PRIORITY": "6"}),
    "GELF": lambda line, host: json.dumps({"version": "1.1", "host": host, "short_message": line}),
    "Azure": lambda line, host: json.dumps({"TimeGenerated": AT, "Computer": host, "LogEntry": line}),
    "Vector": lambda line, host: json.dumps({"source_type": "x", "host": host, "message": line}),
    "Wazuh": lambda line, host: json.dumps({"agent": {"name": host}, "location": "l", "full_log": line}),
    "Cloud Logging": lambda line, host: json.dumps(
        {"insertId": "i", "labels": {"compute.googleapis.com/resource_name": host}, "textPayload": line}
    ),
    "logcli": lambda line, host: json.dumps({"labels": {"node_name": host}, "line": line, "timestamp": AT}),
    "Loki": loki,
    "Datadog": datadog,
    "OpenTelemetry": telemetry,
}
AUDIT = 'type=SYSCALL msg=audit(1798793100.250:5): arch=c000003e syscall=59 success=yes exit=0 pid=7 exe="/x"'
GO_AUDIT = json.dumps(
    {
        "sequence": 5,
        "timestamp": "1798793100.250",
        "messages": [{"type": 1300, "data": AUDIT.partition(": ")[2]}],
    }
)


def hosts(sensor: str, folder: Path, text: str) -> list[str]:
    (folder / "a.log").write_text(text)
    reading = SENSORS[sensor].read(folder / "a.log")
    assert reading.rejects.is_empty()
    return reading.events["host"].to_list()


@pytest.mark.parametrize(
    ("sensor", "envelope"), [*product(["laurel"], NAMED), ("falco", "Loki"), ("kubearmor", "Splunk")]
)
def test_the_head_counts_more_than_the_envelope_and_the_record_most(
    sensor: str, envelope: str, tmp_path: Path
):
    record, name = RECORDS[sensor]
    wrap = NAMED[envelope]
    assert hosts(sensor, tmp_path, wrap(json.dumps(record), "node-7")) == ["node-7"]
    assert hosts(sensor, tmp_path, wrap(HEAD + json.dumps(record), "node-7")) == ["web-1"]
    assert hosts(sensor, tmp_path, wrap(HEAD + json.dumps({**record, name: "own"}), "node-7")) == ["own"]
    assert hosts(sensor, tmp_path, wrap(json.dumps(record), "-")) == ["unknown"] or "relay" in wrap("", "")


@pytest.mark.parametrize("line", [AUDIT, GO_AUDIT, f"{HEAD}{AUDIT}", f"{HEAD}{GO_AUDIT}"])
@pytest.mark.parametrize("envelope", NAMED)
def test_records_of_the_audit_log_too(envelope: str, line: str, tmp_path: Path):
    wanted = "web-1" if line.startswith(HEAD) else "node-7"
    assert hosts("auditd", tmp_path, NAMED[envelope](line, "node-7")) == [wanted]


def test_several_records_in_one_line_and_names_that_are_none(tmp_path: Path):
    both = f'{AUDIT}\n{AUDIT.replace("SYSCALL", "CWD", 1).partition(" arch")[0]} cwd="/w"'
    wrapped = {"@timestamp": AT, "host": {"name": "node-7"}, "event": {"original": both}}
    (tmp_path / "a.log").write_text(json.dumps(wrapped))
    (event,) = SENSORS["auditd"].read(tmp_path / "a.log").events.to_dicts()
    assert (event["host"], event["cwd"]) == ("node-7", "/w")
    hostile = f"x {AUDIT.replace(':5)', ':6)')}"
    assert hosts("auditd", tmp_path, NAMED["Splunk"](AUDIT, hostile)) == ["unknown"]


def test_parts_of_a_line_are_of_their_envelopes_host(tmp_path: Path):
    text = json.dumps(RECORDS["laurel"][0])
    parts = [f"{AT} stdout P {text[:40]}", f"{AT} stdout F {text[40:]}"]
    lines = [json.dumps({"date": 1.5, "log": x, "kubernetes": {"host": "node-7"}}) for x in parts]
    assert hosts("laurel", tmp_path, "\n".join(lines)) == ["node-7"]
    pieces = [json.dumps({"log": x, "stream": "s", "host": "n"}) for x in (text[:40], text[40:] + "\n")]
    assert hosts("laurel", tmp_path, "\n".join(pieces)) == ["n"]


def test_one_pid_on_two_hosts_is_two_processes(tmp_path: Path):
    lines = [NAMED["Splunk"](AUDIT, f"web-{n}") for n in (1, 2)]
    (tmp_path / "a.log").write_text("\n".join(lines))
    import_capture("auto", [tmp_path / "a.log"], tmp_path / "c")
    assert open_capture(tmp_path / "c").processes().collect()["process_id"].n_unique() == 2


def test_a_gadget_run_on_a_host_alone(tmp_path: Path):
    event = {"timestamp": 1798793100250000000, "mntns_id": 5, "pid": 7, "comm": "x", "mountnsid": 5}
    line = json.dumps(event)
    assert hosts("inspektor-gadget", tmp_path, NAMED["journald"](line, "web-2")) == ["web-2"]
    assert hosts("inspektor-gadget", tmp_path, HEAD + line) == ["web-1"]
