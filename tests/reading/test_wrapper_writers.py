"""What is a record is no wrapper, what another container wrote is refused, one bad part loses no other."""

from __future__ import annotations

import csv
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from rtml.captures.sensors import SENSORS
from rtml.captures.sensors.choosing import choose
from rtml.findings.importing import read_alerts
from tests.captures.test_k8s_audit import event as audit_event
from tests.reading.test_wrappers import ALERTS, AT, loki, reading, table

OWN_RECORDS: dict[str, tuple[str, dict[str, object]]] = {
    "an alert with a message": (
        "falco",
        {**json.loads(ALERTS[0]), "message": ALERTS[1], "host": "h", "time": AT},
    ),
    "an OCSF message": (
        "ocsf",
        {
            "class_uid": 1007,
            "activity_id": 1,
            "time": 1798761600000,
            "severity": "x",
            "metadata": {"version": "1.1.0"},
            "message": '{"class_uid": 4001, "activity_id": 1}',
            "process": {"pid": 7, "name": "sh", "cmd_line": "sh"},
        },
    ),
    "an ECS message": (
        "ecs",
        {
            "@timestamp": AT,
            "agent": {"type": "endpoint"},
            "event": {"category": ["process"], "type": ["start"], "kind": "event", "original": ALERTS[0]},
            "message": ALERTS[1],
            "process": {"pid": 7, "executable": "/bin/sh"},
        },
    ),
}


@pytest.mark.parametrize("name", OWN_RECORDS)
@pytest.mark.parametrize("indent", [None, 2])
def test_a_record_is_not_taken_for_a_wrapper_by_the_names_of_its_fields(
    tmp_path: Path, name: str, indent: int | None
):
    sensor, record = OWN_RECORDS[name]
    (tmp_path / "log").write_text(json.dumps(record, indent=indent) + "\n")
    events, rejects = reading(sensor, tmp_path / "log")
    assert (len(events), rejects) == (1, [])


FORGED: dict[str, Callable[[str, str], object]] = {
    "Fluent Bit": lambda x, who: {
        "log": x,
        "stream": "stdout",
        "kubernetes": {"container_name": who, "pod_name": f"{who}-1"},
    },
    "Filebeat": lambda x, who: {"@timestamp": AT, "message": x, "kubernetes": {"container": {"name": who}}},
    "Loki": lambda x, who: {"stream": {"container": who}, "values": [["1", x]]},
    "logcli": lambda x, who: {"labels": {"container": who, "node": "n"}, "line": x},
    "Cloud Logging": lambda x, who: {
        "insertId": "i",
        "textPayload": x,
        "resource": {"labels": {"container_name": who}},
    },
    "Azure": lambda x, who: {"TimeGenerated": AT, "LogMessage": x, "ContainerName": who, "ContainerId": "c"},
    "journald": lambda x, who: {"_PID": "1", "MESSAGE": x, "_SYSTEMD_UNIT": f"{who}.service"},
    "Elasticsearch": lambda x, who: {
        "_index": "i",
        "_source": {"log": x, "kubernetes": {"container_name": who}, "time": AT},
    },
}


@pytest.mark.parametrize("agent", FORGED)
def test_what_another_container_writes_into_its_log_is_no_event(tmp_path: Path, agent: str):
    forged = FORGED[agent](ALERTS[1], "shop")
    lines = [
        FORGED[agent](ALERTS[0], "falco"),
        forged,
        FORGED[agent](json.dumps({"log": ALERTS[2], "date": 1}), "shop"),
    ]
    (tmp_path / "log").write_text("\n".join(map(json.dumps, lines)) + "\n")
    events, rejects = reading("falco", tmp_path / "log")
    assert len(events) == 1 and len(rejects) == 2
    assert all(reason.startswith("written by shop") and "not by falco" in reason for reason in rejects)
    done = read_alerts(tmp_path / "log", "falco")
    assert (done.alerts, done.rejects.height) == (1, 2)


@pytest.mark.parametrize("agent", FORGED)
def test_the_same_of_logs_that_are_text(tmp_path: Path, agent: str):
    line = "type=LOGIN msg=audit(1798761600.5:{}): pid=9 uid=0 auid=0 res=1"
    lines = [FORGED[agent](line.format(n), who) for n, who in ((1, "auditd"), (2, "shop"), (3, "auditd"))]
    (tmp_path / "log").write_text("\n".join(map(json.dumps, lines)) + "\n")
    done = SENSORS["auditd"].read(tmp_path / "log")
    assert done.rejects["line"].to_list() == [2]
    assert done.rejects["reason"].str.starts_with("written by shop").all()


def test_a_bad_part_of_an_answer_loses_none_of_the_good(tmp_path: Path):
    answer = loki(ALERTS)
    answer["data"]["result"][1]["values"] += [["1"], None]  # type: ignore[index]
    (tmp_path / "log").write_text(json.dumps(answer))
    events, rejects = reading("falco", tmp_path / "log")
    assert (len(events), len(rejects)) == (4, 2)


def test_a_time_that_an_agent_took_out_is_put_back(tmp_path: Path):
    record = {key: value for key, value in json.loads(ALERTS[0]).items() if key != "time"}
    record["output_fields"] = {
        k: v for k, v in record["output_fields"].items() if not k.startswith("evt.time")
    }
    (tmp_path / "log").write_text(
        json.dumps({"insertId": "i", "timestamp": AT, "jsonPayload": record}) + "\n"
    )
    events, rejects = reading("falco", tmp_path / "log")
    assert (len(events), rejects) == (1, [])
    assert str(events[0]["time"]).startswith("2027-01-15 08:00:00")  # type: ignore[index]


def test_a_line_of_a_table_that_spans_lines_and_an_empty_cell(tmp_path: Path):
    text = table("_time", "_raw")([json.dumps(json.loads(ALERTS[0]), indent=1), "", ALERTS[1]])
    (tmp_path / "log.csv").write_text(text)
    done = SENSORS["falco"].read(tmp_path / "log.csv")
    assert done.events.height == 2 and done.rejects["reason"].to_list() == ["the column _raw is empty"]
    assert done.rejects["line"].to_list() == [
        text[: text.index("\r\n2027-01-15T08:00:00Z,\r\n") + 2].count("\n") + 1
    ]


def test_long_cells_are_read_and_other_tables_keep_their_limit(tmp_path: Path):
    usual = csv.field_size_limit()
    long = {**json.loads(ALERTS[0]), "output": "x" * 300_000}
    (tmp_path / "log").write_text(table("_time", "_raw")([json.dumps(long)]))
    events, rejects = reading("falco", tmp_path / "log")
    assert (len(events), rejects, csv.field_size_limit()) == (1, [], usual)


def test_a_table_of_lines_of_text(tmp_path: Path):
    line = 'type=LOGIN msg=audit(1798761600.5:{}): pid=9 uid=0 comm="a" exe="/bin/a" res=1'
    (tmp_path / "log.csv").write_text(table("_time", "_raw")([line.format(1), line.format(2)]))
    (tmp_path / "log").write_text(f"{line.format(1)}\n{line.format(2)}\n")
    assert choose([tmp_path / "log.csv"]).sensor == "auditd"
    assert (
        SENSORS["auditd"].read(tmp_path / "log.csv").beside == SENSORS["auditd"].read(tmp_path / "log").beside
    )


def test_what_elastic_keeps_of_the_audit_log_is_the_log(tmp_path: Path):
    event = audit_event(
        1, annotations={"authorization.k8s.io/decision": "forbid", "authorization.k8s.io/reason": "no"}
    )
    kept = {key: value for key, value in event.items() if key != "apiVersion"}
    kept["annotations"] = {"authorization_k8s_io/decision": "forbid", "authorization_k8s_io/reason": "no"}
    hit = {
        "_index": "logs",
        "_id": "1",
        "_source": {"kubernetes": {"audit": kept}, "@timestamp": AT, "event": {"kind": "event"}},
    }
    (tmp_path / "plain").write_text(json.dumps(event))
    (tmp_path / "export.json").write_text(json.dumps({"hits": {"hits": [hit]}}, indent=1))
    assert choose([tmp_path / "export.json"]).sensor == "k8s-audit"
    plain, exported = (SENSORS["k8s-audit"].read(tmp_path / name) for name in ("plain", "export.json"))
    assert exported.audit is not None and plain.audit is not None
    assert exported.audit.to_dicts() == plain.audit.to_dicts() and exported.audit["decision"].to_list() == [
        "forbid"
    ]


def test_a_pipe_is_read_once(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(
        daemon=True, target=(tmp_path / "pipe").write_text, args=("\n".join(ALERTS) + "\n",)
    )
    writer.start()
    done = read_alerts(tmp_path / "pipe", "falco")
    writer.join()
    assert (done.alerts, done.rejects.height) == (len(ALERTS), 0)
