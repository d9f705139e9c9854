"""Zeek: both spellings of keys, connections and queries."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import import_capture
from rtml.captures.sensors import SENSORS
from tests.samples import DATA


@pytest.mark.parametrize("mark", [".", "_"])
@pytest.mark.parametrize(("state", "result"), [("SF", 0), ("S0", -110), ("REJ", -111)])
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
