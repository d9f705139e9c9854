"""Inspektor Gadget: the gadget by the file's name or by keys, both shapes, ``_raw`` twins, times."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.sensors import SENSORS, Reading
from rtml.captures.sensors.choosing import choose
from rtml.rules import run_rules
from tests.samples import DATA

AT = 1798793100500000000


def read(folder: Path, *lines: dict[str, Any], name: str = "log.jsonl") -> Reading:
    (folder / name).write_text("\n".join(json.dumps({"timestamp": AT, **line}) for line in lines))
    return SENSORS["inspektor-gadget"].read(folder / name)


OLD: dict[str, Any] = {"mountnsid": 4026530002, "pid": 7, "comm": "c"}
HOST = {"podIP": "10.0.0.9", "port": 8080, "dst": {"addr": "10.0.0.1"}}
SERVER = {"src_port": None, "dst_ip": "10.0.0.9", "dst_port": 8080}
CLIENT = {"src_ip": "10.0.0.9", "src_port": None, "dst_port": 8080}
ASKED = {"srcIP": "10.0.0.9", "srcPort": 40000, "dstIP": "10.0.0.53", "dstPort": 53, "protocol": "UDP"}
ANSWERED = {"srcIP": "10.0.0.53", "srcPort": 53, "dstIP": "10.0.0.9", "dstPort": 40000, "protocol": "UDP"}
QUESTION = {"src_ip": "10.0.0.9", "src_port": 40000, "dst_ip": "10.0.0.53", "dst_port": 53, "protocol": "udp"}
CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("trace_exec", {"args": ["/bin/id", "-u"]}, {"kind": "exec", "exe": "/bin/id", "cmdline": "/bin/id -u"}),
    ("trace_exec", {"args": "/bin/id -u", "exepath": "/bin/b"}, {"exe": "/bin/b", "cmdline": "/bin/id -u"}),
    ("trace_open", {"path": "/a", "err": 2}, {"kind": "open", "path": "/a", "result": -2}),
    ("trace_open", {"fname": "/a", "flags": 65, "mode": 420}, {"wrote": True, "mode": 420}),
    ("trace_open", {"fname": "/a", "flags": ["O_RDONLY"], "mode": "----"}, {"wrote": False, "mode": None}),
    ("trace_tcp", {"type": "accept"}, {"kind": "accept"}),
    ("trace_tcp", {"type": "connect", "error": "ECONNREFUSED"}, {"kind": "connect", "result": -111}),
    ("trace_tcpconnect", {"daddr": "1.1.1.1", "dport": 80}, {"kind": "connect", "dst_ip": "1.1.1.1"}),
    ("trace_bind", {"addr": "::", "port": 43}, {"kind": "bind", "src_ip": "::", "src_port": 43}),
    ("trace_dns", {"name": "A.b.", "qtype": 28}, {"kind": "dns", "domain": "a.b", "query_type": "AAAA"}),
    ("trace_dns", {"qr": "R", "addresses": "1.1.1.1,2.2.2.2"}, {"answers": ["1.1.1.1", "2.2.2.2"]}),
    ("trace_dns", {"qr": "R", "rcode": "NXDomain"}, {"kind": "dns", "result": -2}),
    ("trace_dns", {"qr": "Q", "rcode": ""}, {"kind": "dns", "result": None}),
    ("my-open-app", {"dst": {"addr": "1.1.1.1", "port": 5}}, {"kind": "connect", "dst_port": 5}),
    ("network-team", {"qr": "Q", "qtype": "A", "name": "a.b."}, {"kind": "dns", "domain": "a.b"}),
    ("advise_network", {**HOST, "pktType": "HOST"}, {"kind": "accept", "src_ip": "10.0.0.1", **SERVER}),
    ("advise_network", {**HOST, "pktType": "OUTGOING"}, {"kind": "connect", "dst_ip": "10.0.0.1", **CLIENT}),
    ("trace_dns", {**ASKED, "qr": "Q", "pktType": "OUTGOING"}, {"direction": "outbound", **QUESTION}),
    ("trace_dns", {**ANSWERED, "qr": "R", "pktType": "HOST"}, {"direction": "outbound", **QUESTION}),
    ("trace_dns", {**ASKED, "qr": "Q", "pktType": "HOST"}, {"direction": "inbound", **QUESTION}),
    ("trace_dns", {**ANSWERED, "qr": "R", "pktType": "OUTGOING"}, {"direction": "inbound", **QUESTION}),
    ("trace_dns", {**ANSWERED, "qr_raw": True, "pkt_type_raw": 0}, {"direction": "outbound", **QUESTION}),
    ("trace_signal", {"tpid": 9, "signal": 9}, {"kind": "kill", "target_pid": 9}),
    ("trace_mount", {}, {"kind": "mount"}),
    ("log", {"fname": "/a", "fd": 3, "err": 0}, {"kind": "open", "path": "/a", "result": 0}),
    ("log", {"qtype": 1, "name": "a."}, {"kind": "dns", "domain": "a"}),
    ("log", {"args": "/bin/id", "ppid": 3}, {"kind": "exec", "ppid": 3}),
    ("log", {"dst": {"addr": "1.1.1.1", "port": 5}}, {"kind": "connect", "dst_port": 5}),
    ("log", {"pktType": "OUTGOING", "dst": {"addr": "1.1.1.1"}}, {"kind": "connect"}),
    ("log", {"syscall": "bpf"}, {"kind": "syscall", "request": "bpf", "exe": None}),
]


@pytest.mark.parametrize(("gadget", "line", "wanted"), CASES)
def test_each_gadget_tells_its_kind(gadget: str, line: dict[str, Any], wanted: Any, tmp_path: Path):
    (event,) = read(tmp_path, {**OLD, **line}, name=f"{gadget}.jsonl").events.to_dicts()
    assert {name: event[name] for name in wanted} == wanted


def test_both_shapes_name_the_same(tmp_path: Path):
    flat = {**OLD, "uid": 5, "node": "n", "namespace": "s", "pod": "p-0", "container": "web"}
    flat |= {"containerId": "docker://" + "ab" * 32}
    nested = {
        "proc": {"comm": "c", "pid": 7, "mntns_id": 4026530002, "creds": {"uid": 5}},
        "k8s": {"node": "n", "namespace": "s", "podName": "p-0", "containerName": "web"},
        "runtime": {"containerId": "ab" * 32, "containerImageName": ""},
    }
    names = ["comm", "pid", "uid", "host", "namespace", "pod", "container_name", "container_id", "workload"]
    one, two = read(tmp_path, flat, nested).events.select(names).rows()
    assert one == two == ("c", 7, 5, "n", "s", "p-0", "web", "ab" * 32, "s/p/web")


@pytest.mark.parametrize(
    ("time", "good"),
    [
        ({"timestamp": AT}, True),
        ({"timestamp": str(AT)}, True),
        ({"timestamp": "2027-01-01T09:45:00.5+01:00"}, True),
        ({"timestamp": "x", "timestamp_raw": AT}, True),
        ({"timestamp": 6114008072805}, False),
        ({"timestamp": None}, False),
    ],
)
def test_times_of_the_wall_and_of_the_machine(time: dict[str, Any], good: bool, tmp_path: Path):
    reading = read(tmp_path, {**OLD, **time}, OLD)
    assert (reading.events.height, reading.rejects.height) == ((2, 0) if good else (1, 1))
    assert {when.timestamp() for when in reading.events["time"]} == {AT / 1e9}


@pytest.mark.parametrize("pid", [-1, "x", 2**40, {"a": 1}])
def test_absurd_numbers_are_null_and_never_others(pid: object, tmp_path: Path):
    (event,) = read(tmp_path, {**OLD, "pid": pid, "uid": pid}).events.to_dicts()
    assert event["pid"] is None and event["uid"] in (None, -1)


def test_auto_knows_it_and_rules_find_what_the_sample_tells(tmp_path: Path):
    assert choose([DATA / "inspektor-gadget"]).sensor == "inspektor-gadget"
    import_capture("auto", [DATA / "inspektor-gadget"], tmp_path / "c")
    capture = open_capture(tmp_path / "c")
    tool = capture.processes().filter(pl.col("exe") == "/tmp/.t").collect()
    assert "/bin/busybox" in tool["ancestors"].to_list()[-1]
    assert run_rules(capture).findings().height >= 1


def test_real_lines_are_all_accounted_for(shared: Path):
    path = shared / "inspektor_gadget/events.jsonl"
    reading = SENSORS["inspektor-gadget"].read(path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    walls = [
        line
        for line in lines
        if not str(line.get("timestamp", "0"))[:17].isdigit() or int(str(line.get("timestamp", "0"))) > 10**17
    ]
    assert reading.records + sum(reading.beside.values()) == len(lines) == 20
    assert reading.events.height == len(walls) and set(reading.events["kind"]) == {"open", "connect"}


def test_a_packet_of_no_process_is_an_event(tmp_path: Path):
    line = {"netnsid": 4026531840, "qtype": "A", "name": "a.b.", **ASKED, "qr": "Q"}
    reading = read(tmp_path, {**OLD, "name": "c.d.", "qtype": "A"}, line, name="dns.jsonl")
    assert reading.rejects.is_empty() and reading.events["pid"].to_list() == [7, None]
