"""Every reader of text gives the same, however its file was packed, encoded, shipped or exported."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from rtml.captures.sensors import SENSORS
from rtml.evaluation import read_labels
from rtml.findings.importing import read_alerts
from rtml.findings.reading import read_findings
from tests.captures.test_beth import HEADER
from tests.captures.test_bpftrace import line as bpftrace_line
from tests.captures.test_k8s_audit import event as audit_event
from tests.rules.test_alerts import FALCO, TRACEE

Read = Callable[[Path], object]


def sensor(name: str) -> Read:
    def read(path: Path) -> object:
        reading = SENSORS[name].read(path)
        return reading.events.drop("seq", strict=False).to_dicts(), reading.rejects["reason"].to_list()

    return read


def alerts(name: str) -> Read:
    def read(path: Path) -> object:
        done = read_alerts(path, name)
        return done.alerts, done.findings.drop("finding_id").to_dicts(), done.rejected

    return read


LONG = "x" * 40_000
JSON_LOGS: dict[str, tuple[list[str], Read]] = {
    "bpftrace": (
        [
            bpftrace_line("exec", 1, "/bin/é"),
            bpftrace_line("open", 3, 0, -100, f"/{LONG}"),
            '{"type": "odd"}',
        ],
        sensor("bpftrace"),
    ),
    "k8s-audit": (
        [
            json.dumps(audit_event(1, userAgent='a "quoted" \\ ü')),
            json.dumps(audit_event(2, note=LONG)),
            "{}",
        ],
        sensor("k8s-audit"),
    ),
    "falco": ([json.dumps(FALCO), json.dumps({**FALCO, "output": LONG}), '{"rule": 7}'], alerts("falco")),
    "tracee": ([json.dumps(TRACEE), json.dumps({**TRACEE, "more": LONG}), "{}"], alerts("tracee")),
}
LABEL = {
    "attack_id": "a",
    "container_id": "ü",
    "start": "2027-01-01T00:00:00Z",
    "end": "2027-01-01T00:00:09Z",
}
FINDING = {
    "finding_id": "f",
    "container_id": "ü",
    "first_seen": "2027-01-01T00:00:00Z",
    "last_seen": "2027-01-01T00:00:00Z",
    "detector": "d",
    "source": "rule",
}
BETH = (
    "1.5,7,7,1,0,4026,cürl,web,59,execve,[],1,0,"
    "\"[{'name': 'pathname', 'type': 'const char*', 'value': '/bin/x'}]\",0,0"
)
OTHERS: dict[str, tuple[list[str], Read, str]] = {
    "beth": ([HEADER, BETH, "a,b"], sensor("beth"), ".csv"),
    "labels, JSON": ([json.dumps(LABEL)], lambda path: read_labels(path).to_dicts(), ".jsonl"),
    "labels, CSV": (
        [",".join(LABEL), ",".join(LABEL.values())],
        lambda path: read_labels(path).to_dicts(),
        ".csv",
    ),
    "findings": ([json.dumps(FINDING)], lambda path: read_findings(path).to_dicts(), ".jsonl"),
}
ALL = {**{name: (*case, ".jsonl") for name, case in JSON_LOGS.items()}, **OTHERS}


def zipped(raw: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", raw)
    return file.getvalue()


def halves(lines: list[str]) -> bytes:
    raw = "\n".join(lines).encode()
    return gzip.compress(raw[: len(raw) // 2]) + gzip.compress(raw[len(raw) // 2 :])


PACKED: dict[str, Callable[[list[str]], bytes]] = {
    "a line end behind": lambda lines: ("\n".join(lines) + "\n").encode(),
    "byte-order mark": lambda lines: "\n".join(lines).encode("utf-8-sig"),
    "CR LF": lambda lines: "\r\n".join([*lines, ""]).encode(),
    "UTF-16": lambda lines: "\n".join(lines).encode("utf-16"),
    "UTF-16, no mark": lambda lines: "\n".join(lines).encode("utf-16-be"),
    "gzip": lambda lines: gzip.compress("\n".join(lines).encode()),
    "gzip of two members": halves,
    "zstd": lambda lines: pa.compress("\n".join(lines).encode(), codec="zstd", asbytes=True),
    "zip": lambda lines: zipped("\r\n".join(lines).encode("utf-16")),
}
STAMP = "2027-01-15T08:00:00.000000001Z"


def cri(lines: list[str]) -> list[str]:
    """As containerd writes them: long lines in parts of 16 kB."""
    written = []
    for line in lines:
        parts = [line[i : i + 16_384] for i in range(0, len(line), 16_384)]
        written += [f"{STAMP} stdout P {part}" for part in parts[:-1]] + [f"{STAMP} stdout F {parts[-1]}"]
    return written


def docker(lines: list[str]) -> list[str]:
    """As Docker's json-file driver writes them: long lines in objects of 16 kB."""
    written = []
    for line in lines:
        parts = [line[i : i + 16_384] for i in range(0, len(line), 16_384)]
        parts[-1] += "\n"
        written += [json.dumps({"log": part, "stream": "stdout", "time": STAMP}) for part in parts]
    return written


def cloudwatch(lines: list[str]) -> list[str]:
    events = [{"id": str(n), "timestamp": 1, "message": line} for n, line in enumerate(lines)]
    return [json.dumps({"messageType": "DATA_MESSAGE", "logGroup": "g", "logEvents": events})]


SHIPPED: dict[str, Callable[[list[str]], list[str]]] = {
    "CRI": cri,
    "docker": docker,
    "CloudWatch": cloudwatch,
    "CloudWatch, one behind the other": lambda lines: ["".join(cloudwatch([line])[0] for line in lines)],
    "CloudWatch in S3": lambda lines: [f"2027-01-15T08:00:00.000Z {line}" for line in lines],
    "get-log-events": lambda lines: [json.dumps({"events": [{"message": x} for x in lines]}, indent=1)],
    "fluent-bit": lambda lines: [json.dumps({"date": 1.5, "log": f"{line}\n"}) for line in lines],
    "fluent-bit in a list": lambda lines: [json.dumps([{"date": 1.5, "log": f"{x}\n"} for x in lines])],
    "fluentd": lambda lines: [f"2027-01-15T08:00:00+00:00\tkube.falco\t{line}" for line in lines],
    "syslog": lambda lines: [f"<134>Jan 15 08:00:00 node-1 falco[77]: {line}" for line in lines],
    "Filebeat": lambda lines: [
        json.dumps({"@timestamp": STAMP, "message": line, "log": {}}) for line in lines
    ],
    "journald": lambda lines: [
        json.dumps({"_HOSTNAME": "n", "MESSAGE": line, "PRIORITY": "6"}) for line in lines
    ],
    "Loki": lambda lines: [json.dumps({"labels": {}, "line": line, "timestamp": STAMP}) for line in lines],
    "Cloud Logging": lambda lines: [
        json.dumps({"insertId": "x", "jsonPayload": json.loads(x)}) for x in lines
    ],
    "docker in CRI": lambda lines: cri(docker(lines)),
}


def expected(folder: Path, name: str) -> tuple[list[str], Read, str, object]:
    lines, read, ending = ALL[name]
    (folder / f"plain{ending}").write_text("\n".join(lines))
    return lines, read, ending, read(folder / f"plain{ending}")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("packing", PACKED)
def test_packing_and_encoding_change_nothing(tmp_path: Path, name: str, packing: str):
    lines, read, ending, wanted = expected(tmp_path, name)
    (tmp_path / f"log{ending}").write_bytes(PACKED[packing](lines))
    assert read(tmp_path / f"log{ending}") == wanted


@pytest.mark.parametrize("name", JSON_LOGS)
@pytest.mark.parametrize("shipping", SHIPPED)
def test_shipping_changes_nothing(tmp_path: Path, name: str, shipping: str):
    lines, read, ending, wanted = expected(tmp_path, name)
    (tmp_path / f"log{ending}").write_text("\n".join(SHIPPED[shipping](lines)) + "\n")
    assert read(tmp_path / f"log{ending}") == wanted


@pytest.mark.parametrize("name", JSON_LOGS)
def test_one_bad_record_in_an_envelope_is_one_reject(tmp_path: Path, name: str):
    lines, read, ending, wanted = expected(tmp_path, name)
    (tmp_path / "log").write_text("\n".join(docker([lines[0], '{"cut": ', *lines[1:]])))
    got = read(tmp_path / "log")
    assert got != wanted and got[0] == wanted[0]


def test_tables_that_people_keep_in_a_spreadsheet_are_labels(tmp_path: Path):
    with (tmp_path / "l.csv").open("w", encoding="utf-16", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([LABEL, LABEL.values()])
    assert read_labels(tmp_path / "l.csv")["container_id"].to_list() == ["ü"]
