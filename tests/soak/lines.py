"""Readers that take many records in one file: alerts, lists, containers, rows of any tool, findings."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import polars as pl

from rtml.captures.inventory.listing import read_listing
from rtml.captures.sensors import Sensor
from rtml.captures.sensors.generic import generic
from rtml.findings.exports import EXPORTS, HERE
from rtml.findings.formats import FORMATS
from rtml.findings.importing import read_alerts
from rtml.findings.jsonl import jsonl
from rtml.findings.reading import read_findings
from rtml.reading.json_text import json_value
from rtml.rules.intelligence import load_intelligence
from rtml.schema import FINDINGS
from rtml.serving.bodies import JSON, PROTOBUF, as_lines, unpacked
from rtml.serving.otlp import lines_of
from rtml.serving.refusing import Refusal
from rtml.times import from_text
from tests.captures.inventories import IDS, pod, running
from tests.findings.odd_findings import EXTREME, HOSTILE, NOTHING, USUAL, hostile, table
from tests.reading.test_wrappers import ALERTS as ENVELOPED
from tests.reading.test_wrappers import SHAPES
from tests.rules.intelligence_files import bundle
from tests.rules.test_alerts import FALCO, TRACEE
from tests.rules.test_intelligence_feeds import FEEDS
from tests.rules.test_intelligence_stix import GOOD
from tests.soak.batches import Records, Told
from tests.soak.sensors import read_sensor, told_of
from tests.soak.settings import MAPPING
from tests.soak.target import Target, file

__all__ = ["LINES"]

ALERTS: tuple[dict[str, Any], ...] = (
    FALCO,
    TRACEE,
    {"process_kprobe": {"policy_name": "p", "process": {"docker": "0" * 31}}, "time": "2027-01-01"},
)


def is_json(record: bytes) -> bool:
    try:
        json_value(record.decode())
    except ValueError:
        return False
    return True


def is_line(record: bytes) -> bool:
    """Whether a record can stand in a text file: a byte that is no UTF-8 ends the whole of such a file."""
    try:
        text = record.decode()
    except UnicodeDecodeError:
        return False
    return "\0" not in text


def _alerts(name: str) -> Target:
    """Alerts of any engine, read as those of one."""

    def read(path: Path) -> Told:
        done = read_alerts(path, name)
        assert done.rejects.height == sum(done.rejected.values()), "rejects are not accounted for"
        assert done.findings["count"].sum() == done.alerts, "findings do not account for the alerts"
        return Told(Counter({"alerts": done.alerts}), done.alerts + done.rejects.height)

    lines = [json.dumps(row).encode() for row in ALERTS]
    records = Records(read, lines, [], counts=_objects, stays=False)  # several make one finding
    return Target(lambda: [b"\n".join(lines * 3)], read, records=records)


def _objects(records: list[bytes]) -> int:
    """Count what must be accounted for: lines that are whole objects."""
    lines = [line for record in records for line in record.split(b"\n")]
    return sum(is_json(line) and line.lstrip()[:1] == b"{" for line in lines)


def _listed(kind: str) -> Callable[[Path], Told]:
    """Return what reads a list of a kind: its entries are what it tells."""

    def read(path: Path) -> Told:
        one = {"name": "n", "file": path.name, "category": "tor", "format": kind, "may_be_empty": True}
        digest = hashlib.sha256(path.read_bytes().partition(b"\n")[0]).digest()[0]
        columns: tuple[str | int, ...] = ("value", "dst_ip", 1) if kind == "csv" else (1,)
        one["column"] = columns[digest % len(columns)]
        path.with_name("lists.yml").write_text(json.dumps({"lists": [one]}))
        intelligence = load_intelligence([path.with_name("lists.yml")])
        keys = {"address": ("hi", "lo", "bits")}
        entries = [
            row
            for kind, frame in intelligence.entries.items()
            for row in frame.select(keys.get(kind, ("entry",))).rows()
        ]
        return Told(Counter(dict.fromkeys(entries, 1)))

    return read


def _lines(records: list[bytes]) -> bytes:
    return b"\n".join(record for record in records if is_line(record))


def _unquoted(row: bytes) -> bytes:
    """A quote that is odd ends a file of CSV: those are for whole files."""
    return b"" if b'"' in row or b"\r" in row else row


def _csv(rows: list[bytes]) -> bytes:
    return _lines([b"value,dst_ip", *map(_unquoted, rows)])


def _list(kind: str, good: list[bytes], whole: Callable[[list[bytes]], bytes] = _lines) -> Target:
    """Return the target of a kind of list; ``good`` are entries, none where one bad row ends the file."""
    texts = [text.encode() for text, more, *_ in FEEDS.values() if more.get("format", "plain") == kind]
    samples = texts or [bundle(GOOD, f"{GOOD} OR [url:value = 'x']").encode()]
    read = _listed(kind)
    records = Records(read, good, [], whole) if good else None
    return Target(lambda: samples, read, records=records)


def _bundle(records: list[bytes]) -> bytes:
    objects = b",".join(record for record in records if is_line(record) and is_json(record))
    return b'{"type":"bundle","objects":[' + objects + b"]}"


def _stix() -> list[bytes]:
    patterns = [GOOD, f"{GOOD} OR [url:value = 'x']", "[domain-name:value = 'a.example.org']"]
    return [json.dumps(value).encode() for text in patterns for value in json.loads(bundle(text))["objects"]]


def _containers() -> Target:
    """Pods in a list: one that is odd never hides the others."""

    def read(path: Path) -> Told:
        return Told(Counter(read_listing(path)["container_id"].to_list()))

    def whole(records: list[bytes]) -> bytes:
        pods = b",".join(record for record in records if is_line(record) and is_json(record))
        return b'{"apiVersion":"v1","kind":"List","items":[' + pods + b"]}"

    pods = [
        pod(f"web-5c9f8d7b6-x7k{n}p", ("ReplicaSet", "web-5c9f8d7b6"), containerStatuses=[running(one)])
        for n, one in enumerate(IDS)
    ]
    good = [json.dumps(one).encode() for one in pods]
    return Target(lambda: [whole(good)], read, "list.json", records=Records(read, good, [], whole))


@cache
def _generic() -> Sensor:
    path = Path(tempfile.mkdtemp(prefix="rtml-soak-whole-")) / "mapping.yml"
    path.write_text(MAPPING)
    return generic(path)


def _rows(good: list[bytes], head: list[bytes]) -> Target:
    def read(path: Path) -> Told:
        return told_of(_generic().read(path))

    records = Records(read, good, head, counts=_objects if not head else lambda records: 0)
    return Target(lambda: [b"\n".join([*head, *good])], read, "rows", records=records)


_JSON_ROWS = [
    {"At": 1795490205123, "What": "run", "Path": "/bin/sh", "Command": "sh -c id", "Dir": "/a", "Name": "b"},
    {"At": "1795490206000", "What": 7, "Path": "", "Image": "/bin/cat", "Dir": "/etc", "Name": "shadow"},
]
_CSV_HEAD = b"At,What,Path,Image,Command,Dir,Name"
_CSV_ROWS = [b"1795490205123,run,/bin/sh,,sh -c id,/a,b", b'1795490206000,7,,/bin/cat,"a ""b"", c",/etc,x']


def _exports() -> Target:
    """Findings with anything in them, in every format: strict, one each, nothing that moves a cursor."""
    lines = [
        line.encode()
        for line in jsonl(table(*USUAL, NOTHING, EXTREME, *map(hostile, HOSTILE[1:4]))).split("\n")
        if line
    ]

    def read(path: Path) -> Told:
        rows = [row for row in map(_finding, path.read_bytes().split(b"\n")) if row is not None]
        columns = [pl.Series(n, [row[n] for row in rows], kind, strict=False) for n, kind in FINDINGS.items()]
        pl.DataFrame(columns).write_parquet(path.with_suffix(".parquet"))
        findings = read_findings(path.with_suffix(".parquet"))
        for name, export in EXPORTS.items():
            _strict(name, export.write(findings, HERE), findings.height)
        return Told(Counter(findings["finding_id"].to_list()))

    return Target(lambda: [b"\n".join(lines)], read, records=Records(read, lines, []))


def _strict(name: str, raw: bytes, height: int) -> None:
    if name in ("parquet", "jsonl"):  # which lose nothing
        return
    text = raw.decode()
    odd = next((letter for letter in text if not letter.isprintable() and letter not in "\r\n"), None)
    assert odd is None, f"{name} lets {odd!a} out"
    if name not in ("csv", "cef", "stix", "navigator", "asff"):
        lines = [json.loads(line, parse_constant=_no_number) for line in text.split("\n") if line]
        assert len(lines) == height, f"{name}: {len(lines)} of {height} findings"


def _no_number(text: str) -> float:
    raise AssertionError(f"{text} is no JSON")


def _finding(line: bytes) -> dict[str, Any] | None:
    """Return what a line says of a finding, as far as a table of findings can hold it."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict):
        return None
    return {name: _fitted(row.get(name), kind) for name, kind in FINDINGS.items()}


def _fitted(value: Any, kind: pl.DataType) -> Any:
    if isinstance(kind, pl.List):
        return [_fitted(one, kind.inner) for one in value] if isinstance(value, list) else None  # type: ignore[arg-type]
    if isinstance(kind, pl.Struct):
        fields = value if isinstance(value, dict) else {}
        return {field.name: _fitted(fields.get(field.name), field.dtype) for field in kind.fields}  # type: ignore[arg-type]
    if kind.is_integer():
        return (
            value if isinstance(value, int) and not isinstance(value, bool) and -9 < value < 2**31 else None
        )
    if kind.is_float():
        return float(value) if isinstance(value, float) else None
    if kind.is_temporal():
        return pl.select(from_text(pl.lit(value))).item() if _text(value) else None
    return _text(value)


def _text(value: Any) -> str | None:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else None


def _body(path: Path) -> None:
    """What a client sends: packed or not, lines or OTLP."""
    raw = path.read_bytes()
    for encoding in ("gzip", None):
        for kind in (JSON, PROTOBUF, None):
            try:
                body = unpacked(raw, encoding, 1_000_000)
                as_lines(lines_of(body, kind) if kind else body)
            except Refusal as refusal:
                assert 400 <= refusal.status < 500 and refusal.sentence


_OTLP = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"{}"}},{"body":{"kvlistValue":'
_OTLP += '{"values":[{"key":"a","value":{"intValue":"1"}},{"key":"b","value":{"arrayValue":{}}}]}}}]}]}]}'

LINES: dict[str, Target] = {
    "wrapped": file("input", partial(read_sensor, "falco"), *(put(ENVELOPED) for put in SHAPES.values())),
    **{f"alerts-{name}": _alerts(name) for name in FORMATS.own},
    "list-plain": _list(
        "plain", [b"192.0.2.1", b"10.0.0.0/8 ; b", b"evil.example # c", b"0.0.0.0 a.example"]
    ),
    "list-csv": _list("csv", [b"192.0.2.1,192.0.2.2", b"evil.example,a.example"], _csv),
    "list-json": _list(
        "json", [b'{"value":"192.0.2.1","x":1}', b'{"ip":"2001:db8::1"}', b'{"domain":"a.b.example"}']
    ),
    "list-stix": _list("stix", _stix(), _bundle),
    "containers-many": _containers(),
    "generic-json": _rows([json.dumps(row).encode() for row in _JSON_ROWS], []),
    "generic-csv": _rows(_CSV_ROWS, [_CSV_HEAD]),
    "exports": _exports(),
    "bodies": file("body", _body, _OTLP, '{"a": 1}\n{"b": 2}\n'),
}
"""By name; a new reader of records is one entry."""
