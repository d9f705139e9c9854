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


def datadog_of_runtime(line: str) -> dict[str, object]:
    return datadog(f"{AT} stdout F {line}")


def in_parts(wrap: Callable[[str], object]) -> Callable[[Lines], str]:
    """Write lines as a runtime cuts them, each part in an envelope of its own."""

    def write(lines: Lines) -> str:
        texts = list[str]()
        for line in lines:
            pieces = [line[at : at + 90] for at in range(0, len(line), 90)]
            texts += [f"{AT} stdout P {piece}" for piece in pieces[:-1]] + [f"{AT} stdout F {pieces[-1]}"]
        return each(wrap)(texts)

    return write


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
    "what Elastic keeps of syslog": each(
        lambda x: {"@timestamp": AT, "event": {"original": f"<5>{AT} node falco[1]: {x}"}}
    ),
    "Fluent Bit, a runtime's line": each(lambda x: {"date": 1.5, "log": f"{AT} stdout F {x}"}),
    "Filebeat, a runtime's line": each(lambda x: {"@timestamp": AT, "message": f"{AT} stdout F {x}"}),
    "Fluent Bit, parts": in_parts(lambda x: {"date": 1.5, "log": x}),
    "Filebeat, parts": in_parts(lambda x: {"@timestamp": AT, "message": f"{x}\n"}),
    "what Elastic keeps, parts": in_parts(lambda x: {"@timestamp": AT, "event": {"original": x}}),
    "Loki, parts": in_parts(lambda x: {"stream": {}, "values": [["1", x]]}),
    "Datadog, a runtime's line": one(lambda lines: {"data": [*map(datadog_of_runtime, lines)]}),
    "Splunk, CSV of syslog": lambda lines: table("_time", "_raw")(
        [f"<5>{AT} n falco[1]: {x}" for x in lines]
    ),
    "Splunk, syslog": each(lambda x: {"_time": AT, "_raw": f"Jan 15 08:00:00 node falco[1]: {x}"}),
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
    "messages alone": each(lambda x: {"message": x}),
    "Splunk, raw alone": one(lambda lines: {"results": [{"_raw": x} for x in lines]}),
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


@pytest.mark.parametrize("shape", SHAPES)
def test_events_are_those_of_plain_lines_and_auto_tells_the_sensor(tmp_path: Path, shape: str):
    alerts = [line.replace("{", '{"hostname": "n1", ', 1) for line in ALERTS]  # else a head tells the host
    (tmp_path / "plain").write_text("\n".join(alerts))
    (tmp_path / "log").write_text(SHAPES[shape](alerts))
    assert reading("falco", tmp_path / "log") == reading("falco", tmp_path / "plain")
    assert choose([tmp_path / "log"]).sensor == "falco"


@pytest.mark.parametrize("shape", [*SHAPES][::4])
def test_a_reader_that_looks_at_each_document_reads_the_same(tmp_path: Path, shape: str):
    (tmp_path / "plain").write_text("\n".join(EVENTS))
    (tmp_path / "log").write_text(SHAPES[shape](EVENTS))
    assert reading("k8s-audit", tmp_path / "log") == reading("k8s-audit", tmp_path / "plain")
    assert choose([tmp_path / "log"]).sensor == "k8s-audit"


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
