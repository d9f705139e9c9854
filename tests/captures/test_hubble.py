"""Hubble: flows are of who opened them; what cannot be told is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rtml.captures import import_capture
from rtml.captures.sensors import SENSORS, Reading
from tests.samples import DATA

FLOW = {
    "time": "2027-01-01T08:45:00.5Z",
    "verdict": "FORWARDED",
    "IP": {"source": "10.0.0.1", "destination": "10.0.0.2"},
    "l4": {"UDP": {"source_port": 4000, "destination_port": 53}},
    "source": {"namespace": "n", "pod_name": "a-0"},
}


def read(folder: Path, **fields: Any) -> Reading:
    (folder / "h.jsonl").write_text(json.dumps({"flow": {**FLOW, **fields}}))
    return SENSORS["hubble"].read(folder / "h.jsonl")


@pytest.mark.parametrize(("reply", "events"), [(True, 0), (False, 1), (None, 1)])
def test_only_what_is_known_as_a_reply_is_beside(reply: bool | None, events: int, tmp_path: Path):
    reading = read(tmp_path, is_reply=reply)
    assert reading.events.height == events and sum(reading.beside.values()) == 1 - events


@pytest.mark.parametrize("verdict", ["DROPPED", "FORWARDED", "SOMETHING_NEW"])
def test_a_dropped_flow_failed(verdict: str, tmp_path: Path):
    wanted = {"DROPPED": -1, "FORWARDED": 0}.get(verdict)
    assert read(tmp_path, verdict=verdict).events["result"].to_list() == [wanted]


def test_an_answer_of_the_dns_is_of_the_pod_that_asked(tmp_path: Path):
    dns = {"query": "Nothing.example.org.", "qtypes": ["A"], "rcode": 3}
    event = read(
        tmp_path,
        IP={"source": "10.0.0.53", "destination": "10.0.0.7"},
        l4={"UDP": {"source_port": 53, "destination_port": 40000}},
        source={"namespace": "kube-system", "pod_name": "kube-dns-0"},
        destination={"namespace": "shop", "pod_name": "web-0"},
        l7={"type": "RESPONSE", "dns": dns},
        is_reply=True,
    ).events.to_dicts()[0]
    wanted = {"kind": "dns", "pod": "web-0", "namespace": "shop", "result": -2, "direction": "outbound"}
    wanted |= {"src_ip": "10.0.0.7", "src_port": 40000, "dst_ip": "10.0.0.53", "dst_port": 53}
    assert {name: event[name] for name in wanted} == wanted


def test_older_exports_call_a_reply_otherwise(tmp_path: Path):
    reading = read(tmp_path, is_reply=None, reply=True)
    assert reading.events.is_empty() and reading.beside == {"the reply of a flow": 1}


def test_wrapped_and_bare_flows_are_the_same(tmp_path: Path):
    wrapped = read(tmp_path).events
    (tmp_path / "bare.jsonl").write_text(json.dumps(FLOW))
    bare = SENSORS["hubble"].read(tmp_path / "bare.jsonl").events
    assert bare.equals(wrapped.select(bare.columns))


def test_pods_are_what_is_imported_and_losses_are_counted(tmp_path: Path):
    manifest = import_capture("auto", [DATA / "hubble/export.jsonl"], tmp_path / "c")
    assert [c.container_id for c in manifest.containers] == ["shop/web-0"] and manifest.lost == 7
    assert {"exec", "open", "fork"} <= set(manifest.blind)


def test_real_flows_are_all_accounted_for(shared: Path):
    reading = SENSORS["hubble"].read(shared / "hubble/export.jsonl")
    assert (reading.records, reading.events["kind"].to_list()) == (2, ["connect", "connect"])
    assert reading.events["pod"].to_list() == [None, "xwing"]
