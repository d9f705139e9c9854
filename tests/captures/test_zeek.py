"""Zeek: both spellings of keys, connections and queries."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import import_capture
from rtml.captures.sensors import SENSORS
from rtml.captures.sensors.choosing import choose
from rtml.captures.sensors.records import text_blocks
from rtml.captures.sensors.records.blocks import blocks
from tests.samples import DATA


@pytest.mark.parametrize("mark", [".", "_"])
@pytest.mark.parametrize(("state", "result"), [("SF", 0), ("S0", -110), ("REJ", -111), ("SHR", 0)])
def test_keys_with_a_dot_and_with_a_line(mark: str, state: str, result: int, tmp_path: Path):
    ends = {"orig_h": "10.0.0.1", "orig_p": 4000, "resp_h": "2001:DB8::1", "resp_p": 443}
    record = {
        "ts": 1798793100.5,
        "uid": "C",
        "conn_state": state,
        **{f"id{mark}{k}": v for k, v in ends.items()},
    }
    (tmp_path / "conn.log").write_text(json.dumps(record))
    (event,) = SENSORS["zeek"].read(tmp_path / "conn.log").events.to_dicts()
    assert (event["kind"], event["dst_ip"], event["dst_port"]) == ("connect", "2001:db8::1", 443)
    assert event["result"] == result and event["time"].microsecond == 500_000


def told(folder: Path, **fields: object) -> dict[str, object]:
    record = {"ts": 1798793100, "uid": "C", "id.orig_h": "10.0.0.1", "id.resp_h": "10.0.0.2", **fields}
    (folder / "z.log").write_text(json.dumps(record))
    (event,) = SENSORS["zeek"].read(folder / "z.log").events.to_dicts()
    return event


@pytest.mark.parametrize(("proto", "port"), [("icmp", None), ("udp", 3)])
def test_types_of_icmp_are_no_ports(proto: str, port: int | None, tmp_path: Path):
    event = told(tmp_path, proto=proto, conn_state="OTH", **{"id.orig_p": 3, "id.resp_p": 3})
    assert (event["src_port"], event["dst_port"]) == (port, port)


def test_a_datagram_without_an_answer_may_expect_none(tmp_path: Path):
    assert told(tmp_path, proto="udp", conn_state="S0")["result"] is None


@pytest.mark.parametrize(
    ("code", "result"), [("NOERROR", 0), ("NXDOMAIN", -2), ("SERVFAIL", -11), ("-", None)]
)
def test_queries_fail_by_their_answer(code: str, result: int | None, tmp_path: Path):
    assert told(tmp_path, query="a.example.org", rcode_name=code)["result"] == result


def test_only_destinations_and_names_can_be_told(tmp_path: Path):
    manifest = import_capture("auto", [DATA / "zeek/conn.log"], tmp_path / "c")
    assert {"exec", "open", "fork", "accept"} <= set(manifest.blind)
    assert [c.container_id for c in manifest.containers] == ["10.0.1.5"]


@pytest.mark.parametrize(("name", "kind"), [("conn", "connect"), ("dns", "dns"), ("ssl", None)])
def test_real_logs_are_all_accounted_for(name: str, kind: str | None, shared: Path):
    path = shared / f"zeek/NASHUA_{name}.log"
    reading = SENSORS["zeek"].read(path)
    records = sum(bool(line.strip()) for line in path.read_text().splitlines())
    assert reading.records + sum(reading.beside.values()) == records
    assert reading.rejects.is_empty()
    assert set(reading.events["kind"].cast(pl.String)) == ({kind} if kind else set())


HEAD = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t{}\n#fields\t{}\n"
ENDS = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p"
CONN = f"{ENDS} proto service orig_bytes resp_bytes conn_state tunnel_parents"
DNS = f"{ENDS} proto query qtype_name answers"


def _tabs(path: str, names: str, *rows: str) -> str:
    lines = "".join("\t".join(row.split()) + "\n" for row in rows)
    return HEAD.format(path, "\t".join(names.split())) + lines + "#close\t2027-01-01-00-00-00\n"


def test_columns_between_tabs_are_read_as_the_same_records_in_json(tmp_path: Path):
    text = _tabs(
        "conn",
        CONN,
        "1798761600.5 C1 10.0.0.5 40000 192.0.2.1 443 tcp ssl 10 20 SF -",
        "1798761601.5 C2 10.0.0.5 40001 192.0.2.1 22 tcp - - - REJ (empty)",
    )
    text += _tabs(
        "dns",
        DNS,
        "1798761602.5 C3 10.0.0.5 5353 10.0.0.1 53 udp a.example. A 192.0.2.7,192.0.2.8",
        "1798761602.5 C5 10.0.0.5 5353 10.0.0.1 53 udp b.example A (empty)",
    )
    text += _tabs("http", ENDS, "1798761603.5 C4 10.0.0.5 1 192.0.2.1 80")
    (tmp_path / "zeek.log").write_text(text + "a row of one column\n")
    ends = {"id.orig_h": "10.0.0.5", "proto": "tcp", "id.resp_h": "192.0.2.1"}
    records = [
        {**ends, "ts": 1798761600.5, "uid": "C1", "id.orig_p": 40000, "id.resp_p": 443, "orig_bytes": 10}
        | {"resp_bytes": 20, "conn_state": "SF"},
        {**ends, "ts": 1798761601.5, "uid": "C2", "id.orig_p": 40001, "id.resp_p": 22, "conn_state": "REJ"},
        {"ts": 1798761602.5, "uid": "C3", "id.orig_h": "10.0.0.5", "id.orig_p": 5353, "id.resp_h": "10.0.0.1"}
        | {"id.resp_p": 53, "proto": "udp", "query": "a.example.", "qtype_name": "A"}
        | {"answers": ["192.0.2.7", "192.0.2.8"]},
    ]
    records.append({**records[-1], "uid": "C5", "query": "b.example", "answers": []})
    (tmp_path / "json.log").write_text("\n".join(map(json.dumps, records)) + "\n")
    assert choose([tmp_path / "zeek.log"]).sensor == "zeek"
    tabs, lines = (SENSORS["zeek"].read(tmp_path / name) for name in ("zeek.log", "json.log"))
    assert tabs.events.to_dicts() == lines.events.select(tabs.events.columns).to_dicts()
    assert dict(tabs.beside) == {"a record of the log http": 1}
    assert tabs.rejects["line"].to_list() == [len((text + "x").split("\n"))]


@pytest.mark.parametrize("size", [60, 300])
def test_a_block_that_ends_in_a_head_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
):
    rows = [f"179876160{n}.5 C{n} 10.0.0.5 4000{n} 192.0.2.1 443 tcp ssl 10 20 SF -" for n in range(6)]
    (tmp_path / "log").write_text("".join(_tabs("conn", CONN, row) for row in rows))
    monkeypatch.setattr(text_blocks, "blocks", partial(blocks, size=size))
    reading = SENSORS["zeek"].read(tmp_path / "log")
    assert (reading.events.height, reading.rejects.height) == (6, 0)
