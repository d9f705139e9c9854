"""What stores, agents and exports put round a record is taken off for every reader, and nothing else is."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rtml.captures.sensors import SENSORS
from rtml.captures.sensors.choosing import choose
from rtml.findings.importing import read_alerts
from tests.captures.inventories import IDS, alert
from tests.captures.test_k8s_audit import event as audit_event

Lines = list[str]
AT = "2027-01-15T08:00:00Z"
ALERTS = [alert(second, IDS[second % 3]).strip() for second in range(4)]
EVENTS = [json.dumps(audit_event(number)) for number in range(3)]


def each(wrap: Callable[[str], object]) -> Callable[[Lines], str]:
    return lambda lines: "\n".join(json.dumps(wrap(line)) for line in lines) + "\n"


def one(wrap: Callable[[Lines], object], indent: int | None = None) -> Callable[[Lines], str]:
    return lambda lines: json.dumps(wrap(lines), indent=indent)


def before(head: str) -> Callable[[Lines], str]:
    return lambda lines: "".join(f"{head}{line}\n" for line in lines)


def table(*names: str, mark: str = ",") -> Callable[[Lines], str]:
    """Write a CSV whose last column has the record."""

    def write(lines: Lines) -> str:
        file = io.StringIO()
        writer = csv.writer(file, delimiter=mark)
        writer.writerow(names)
        writer.writerows([*[AT] * (len(names) - 1), line] for line in lines)
        return file.getvalue()

    return write


def coloured(lines: Lines) -> str:
    return "".join(f"\x1b[1;39m{line}\x1b[0m\n".replace(":", "\x1b[0;32m:\x1b[0m", 1) for line in lines)


def hit(line: str) -> dict[str, object]:
    return {"_index": "falco-1", "_id": line[-9:], "_score": 1.0, "_source": json.loads(line)}


def shipped_hit(line: str) -> dict[str, object]:
    inner = {"@timestamp": AT, "log": line, "kubernetes": {"namespace_name": "x"}}
    return {"_index": "logs", "_source": inner}


def hits(lines: Lines) -> dict[str, object]:
    return {"took": 3, "timed_out": False, "hits": {"total": {"value": 9}, "hits": [*map(hit, lines)]}}


def loki(lines: Lines) -> dict[str, object]:
    streams = [{"stream": {"app": "x"}, "values": [["1798761600000000000", line]]} for line in lines]
    return {"status": "success", "data": {"resultType": "streams", "result": streams, "stats": {}}}


def pairs(line: str) -> list[dict[str, str]]:
    return [{"field": "@timestamp", "value": AT}, {"field": "@message", "value": line}]


def datadog(line: str) -> dict[str, object]:
    return {"id": "A", "type": "log", "attributes": {"service": "s", "message": line, "attributes": {}}}


def telemetry(lines: Lines) -> dict[str, object]:
    bodies = [{"timeUnixNano": "1", "body": {"stringValue": line}} for line in lines]
    return {"resourceLogs": [{"resource": {}, "scopeLogs": [{"logRecords": bodies}]}]}


def bulk(lines: Lines) -> str:
    return "".join(f'{{"index":{{"_index":"x","_id":"{n}"}}}}\n{line}\n' for n, line in enumerate(lines))


SHAPES: dict[str, Callable[[Lines], str]] = {
    "elasticdump": each(hit),
    "a search response": one(hits),
    "a search response, printed": one(hits, 2),
    "several responses": one(lambda lines: {"took": 1, "responses": [hits(lines[:1]), hits(lines[1:])]}),
    "hits of an agent's index": each(shipped_hit),
    "a bulk request": bulk,
    "what Elastic keeps": each(lambda x: {"@timestamp": AT, "event": {"original": x, "dataset": "d"}}),
    "fields of hits": each(lambda x: {"_index": "i", "fields": {"message": [x]}}),
    "Splunk, export": each(lambda x: {"preview": False, "offset": 0, "result": {"_raw": x, "_time": AT}}),
    "Splunk, results": one(
        lambda lines: {"init_offset": 0, "results": [{"_raw": x, "_cd": "1"} for x in lines]}
    ),
    "Splunk, HEC": each(lambda x: {"time": 1.5, "sourcetype": "_json", "event": json.loads(x)}),
    "Splunk, HEC with text": each(lambda x: {"time": 1.5, "sourcetype": "_json", "event": x}),
    "Splunk, CSV": table("_time", "_raw"),
    "Grafana, CSV": table("Date", "Line"),
    "CSV of semicolons": table("Time", "Host", "Content", mark=";"),
    "CSV, the record first": table("message"),
    "logcli": each(lambda x: {"labels": {}, "line": x, "timestamp": AT}),
    "logcli, as it prints": before(f'{AT} {{app="falco", node="n 1"}} '),
    "Loki": one(loki),
    "Loki, pushed": one(lambda lines: {"streams": loki(lines)["data"]["result"]}),  # type: ignore[index]
    "Loki, a stream a line": each(lambda x: {"stream": {}, "values": [["1", x, {"trace": "t"}]]}),
    "GELF": each(lambda x: {"version": "1.1", "host": "h", "short_message": "x", "full_message": x}),
    "GELF, short": each(lambda x: {"version": "1.1", "host": "h", "short_message": x}),
    "Graylog": one(
        lambda lines: {"messages": [{"index": "g", "message": {"message": x, "_id": "1"}} for x in lines]}
    ),
    "Datadog": one(lambda lines: {"data": [*map(datadog, lines)], "meta": {}}),
    "Datadog, archived": each(lambda x: {"_id": "A", "date": AT, "attributes": json.loads(x), "host": "h"}),
    "Fluentd": each(lambda x: {"message": x, "tag": "kube.falco"}),
    "Fluent Bit, merged": each(lambda x: {"date": 1.5, "log_processed": json.loads(x)}),
    "Filebeat, parsed": each(lambda x: {"@timestamp": AT, "json": json.loads(x), "agent": {}}),
    "Cloud Logging, text": each(lambda x: {"insertId": "i", "textPayload": x}),
    "Cloud Logging, a list": one(
        lambda lines: [{"logName": "l", "jsonPayload": json.loads(x)} for x in lines], 1
    ),
    "Azure": each(lambda x: {"TimeGenerated": AT, "LogEntry": x, "Computer": "c"}),
    "Azure, version 2": each(
        lambda x: {"TimeGenerated": AT, "LogMessage": json.loads(x), "ContainerId": "c"}
    ),
    "Azure, diagnostics": one(
        lambda lines: {
            "records": [
                {"category": "kube-audit", "properties": {"log": f"{x}\n", "pod": "p"}} for x in lines
            ]
        }
    ),
    "Azure, a table": one(
        lambda lines: {
            "tables": [
                {
                    "columns": [{"name": "TimeGenerated"}, {"name": "LogEntry"}],
                    "rows": [[AT, x] for x in lines],
                }
            ]
        }
    ),
    "Kafka": each(lambda x: {"topic": "t", "partition": 0, "offset": 1, "key": None, "payload": x}),
    "Kafka, REST": one(lambda lines: [{"topic": "t", "offset": 1, "value": json.loads(x)} for x in lines]),
    "Kafka, console": before("CreateTime:1798761600000\tPartition:0\tkey\t"),
    "CloudEvents": each(lambda x: {"specversion": "1.0", "id": "1", "source": "s", "data": json.loads(x)}),
    "Insights": one(lambda lines: {"status": "Complete", "results": [*map(pairs, lines)]}),
    "Insights, rows": one(lambda lines: [{"@timestamp": AT, "@message": x} for x in lines]),
    "OpenTelemetry": one(telemetry),
    "Wazuh": each(lambda x: {"timestamp": AT, "full_log": x, "decoder": {"name": "json"}, "location": "l"}),
    "journald, bytes": each(lambda x: {"_PID": "1", "MESSAGE": [*x.encode()], "PRIORITY": "6"}),
    "events in an object": one(lambda lines: {"events": [json.loads(x) for x in lines]}, 1),
    "syslog, a whole date": before(f"<5>{AT} a72f9a747cf8 Falco[1]: "),
    "syslog, a zone": before("2027-01-15T08:00:00.123456+00:00 node falco[77]: "),
    "syslog, RFC 5424": before(f"<13>1 {AT} node falco 1 - - "),
    "syslog, a mark": before(f"<13>1 {AT} node falco 1 - - \ufeff"),
    "syslog, CEE": before("Jan 15 08:00:00 node falco: @cee: "),
    "journalctl": before("Jan 15 08:00:00.123456 node falco[77]: "),
    "kubectl logs --prefix --timestamps": before(f"[pod/falco-x7k2p/falco] {AT} "),
    "stern": before("falco-x7k2p falco "),
    "Compose": before("falco-1  | "),
    "colours": coloured,
}


def reading(sensor: str, path: Path) -> tuple[list[object], list[str]]:
    done = SENSORS[sensor].read(path)
    return done.events.drop("seq", strict=False).to_dicts(), done.rejects["reason"].to_list()


@pytest.mark.parametrize("sensor", ["falco", "k8s-audit"])
@pytest.mark.parametrize("shape", SHAPES)
def test_events_are_those_of_plain_lines_and_auto_tells_the_sensor(tmp_path: Path, shape: str, sensor: str):
    lines = ALERTS if sensor == "falco" else EVENTS
    (tmp_path / "plain").write_text("\n".join(lines))
    (tmp_path / "log").write_text(SHAPES[shape](lines))
    assert reading(sensor, tmp_path / "log") == reading(sensor, tmp_path / "plain")
    assert choose([tmp_path / "log"]).sensor == sensor


@pytest.mark.parametrize("shape", SHAPES)
def test_alerts_are_those_of_plain_lines(tmp_path: Path, shape: str):
    (tmp_path / "log").write_text(SHAPES[shape](ALERTS))
    done = read_alerts(tmp_path / "log", "falco")
    assert (done.alerts, done.rejects.height) == (len(ALERTS), 0)


@pytest.mark.parametrize(
    "shape", [name for name in SHAPES if not name.startswith(("Filebeat, p", "Azure, version"))]
)
def test_what_is_foreign_inside_is_one_reject(tmp_path: Path, shape: str):
    (tmp_path / "log").write_text(SHAPES[shape]([ALERTS[0], '{"level": "info"}', *ALERTS[1:]]))
    events, rejects = reading("falco", tmp_path / "log")
    assert (len(events), len(rejects)) == (4, 1) and rejects[0].startswith("not a record of a log of Falco")


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


def test_a_table_of_lines_of_text(tmp_path: Path):
    line = 'type=LOGIN msg=audit(1798761600.5:{}): pid=9 uid=0 comm="a" exe="/bin/a" res=1'
    (tmp_path / "log.csv").write_text(table("_time", "_raw")([line.format(1), line.format(2)]))
    (tmp_path / "log").write_text(f"{line.format(1)}\n{line.format(2)}\n")
    assert choose([tmp_path / "log.csv"]).sensor == "auditd"
    assert (
        SENSORS["auditd"].read(tmp_path / "log.csv").beside == SENSORS["auditd"].read(tmp_path / "log").beside
    )
