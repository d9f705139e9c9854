"""OCSF: what each activity becomes, of JSON and of Parquet, and where versions put the same thing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.sensors import SENSORS, Reading
from rtml.captures.sensors.choosing import choose
from rtml.errors import RtmlError
from rtml.rules import run_rules
from tests.samples import DATA

ACTOR = {"process": {"pid": 7, "file": {"path": "/bin/sh"}, "created_time": 1798793000000}}
TOP = {"metadata": {"version": "1.4.0"}, "time": 1798793100500, "actor": ACTOR}


def read(folder: Path, *records: dict[str, Any]) -> Reading:
    lines = (json.dumps({**TOP, **record}) for record in records)
    (folder / "o.jsonl").write_text("\n".join(lines))
    return SENSORS["ocsf"].read(folder / "o.jsonl")


def one(folder: Path, **fields: Any) -> dict[str, Any]:
    (row,) = read(folder, fields).events.to_dicts()
    return row


FILE = {"file": {"path": "/a"}}
CHILD = {"process": {"pid": 9, "file": {"path": "/bin/id"}, "created_time": 1798793100000}}
ENDS = {"src_endpoint": {"ip": "10.0.0.1", "port": 5}, "dst_endpoint": {"ip": "10.0.0.2", "port": 443}}
CASES = [
    (1007, 1, CHILD, {"kind": "exec", "pid": 9, "ppid": 7, "exe": "/bin/id"}),
    (1007, 2, {**CHILD, "exit_code": 3}, {"kind": "exit", "pid": 9, "request": "3"}),
    (1007, 3, CHILD, {"kind": "ptrace", "pid": 7, "target_pid": 9}),
    (1007, 4, CHILD, {"kind": "vm_write", "pid": 7, "target_pid": 9}),
    (1007, 5, CHILD, {"kind": "setuid", "pid": 9}),
    (1007, 99, CHILD, {"kind": "syscall", "request": "activity 99"}),
    (1001, 1, FILE, {"kind": "create", "path": "/a", "wrote": True, "pid": 7}),
    (1001, 2, FILE, {"kind": "open", "path": "/a", "wrote": False}),
    (1001, 3, FILE, {"kind": "write", "path": "/a"}),
    (1001, 4, FILE, {"kind": "unlink", "path": "/a"}),
    (1001, 5, {**FILE, "file_result": {"path": "/b"}}, {"kind": "rename", "path": "/a", "path_to": "/b"}),
    (1001, 7, FILE, {"kind": "chmod", "path": "/a"}),
    (1001, 8, FILE, {"kind": "syscall", "path": "/a"}),
    (1005, 1, {"module": {"file": {"path": "/m.so"}}}, {"kind": "mmap_exec", "path": "/m.so"}),
    (1005, 2, {"module": {"file": {"path": "/m.so"}}}, {"kind": "syscall", "path": "/m.so"}),
    (1002, 1, {"driver": {"file": {"path": "/m.ko"}}}, {"kind": "module_load", "path": "/m.ko"}),
    (4001, 1, ENDS, {"kind": "connect", "dst_ip": "10.0.0.2", "dst_port": 443, "direction": "outbound"}),
    (4001, 1, {**ENDS, "connection_info": {"direction_id": 1}}, {"kind": "accept", "direction": "inbound"}),
    (4001, 5, ENDS, {"kind": "connect", "result": -1}),
    (4001, 2, ENDS, {"kind": "syscall", "dst_ip": "10.0.0.2"}),
    (4001, 7, ENDS, {"kind": "listen", "src_port": 5}),
    (4003, 1, {"query": {"hostname": "A.b.", "type": "A"}}, {"kind": "dns", "domain": "a.b"}),
    (4003, 99, {"query": {"hostname": "a.b"}, "rcode_id": 3}, {"kind": "dns", "result": -2}),
    (4003, 2, {"query": {"hostname": "a.b"}, "rcode": "NoError"}, {"kind": "dns", "result": 0}),
    (4001, 1, {"dst_endpoint": {"domain": "Api.b", "port": 443}}, {"kind": "connect", "domain": "api.b"}),
    (
        4001,
        1,
        {"dst_endpoint": {"hostname": "h.b", "ip": "10.0.0.2"}},
        {"domain": "h.b", "dst_ip": "10.0.0.2"},
    ),
    (1007, 1, {"actor": {"process": {"pid": 8, "name": "/usr/bin/id"}}}, {"pid": 8, "exe": "/usr/bin/id"}),
]


@pytest.mark.parametrize(("of", "activity", "fields", "wanted"), CASES)
def test_each_activity_is_an_event(of: int, activity: int, fields: Any, wanted: Any, tmp_path: Path):
    event = one(tmp_path, class_uid=of, activity_id=activity, **fields)
    assert {name: event[name] for name in wanted} == wanted


def test_records_that_were_made_flat_are_the_same(tmp_path: Path):
    def flat(value: dict[str, Any], above: str = "") -> dict[str, Any]:
        inner = {k: v if k == "metadata" or not isinstance(v, dict) else None for k, v in value.items()}
        rows = {f"{above}{k}": v for k, v in inner.items() if v is not None}
        for key, below in value.items():
            rows |= flat(below, f"{above}{key}.") if inner[key] is None and isinstance(below, dict) else {}
        return rows

    records = [{**TOP, "class_uid": of, "activity_id": n, **fields} for of, n, fields, _ in CASES]
    (tmp_path / "nested.jsonl").write_text("\n".join(map(json.dumps, records)))
    (tmp_path / "flat.jsonl").write_text("\n".join(json.dumps(flat(record)) for record in records))
    nested, dotted = (SENSORS["ocsf"].read(tmp_path / f"{name}.jsonl") for name in ("nested", "flat"))
    assert dotted.events.equals(nested.events)


@pytest.mark.parametrize(
    ("fields", "result"),
    [
        ({"status_id": 1}, 0),
        ({"status_id": 2}, -1),
        ({"status_id": 2, "status_code": "ENOENT"}, -2),
        ({"status_id": 2, "status_code": "13"}, -13),
        ({"disposition_id": 2}, -13),
        ({"disposition_id": 1}, 0),
        ({"status_id": 0}, None),
        ({}, None),
    ],
)
def test_what_failed_says_so(fields: dict[str, Any], result: int | None, tmp_path: Path):
    assert one(tmp_path, class_uid=1001, activity_id=14, **FILE, **fields)["result"] == result


@pytest.mark.parametrize(
    "time",
    [
        {"time": 1798793100500},
        {"time": "1798793100500"},
        {"time": 1.7987931005e12},
        {"time": "2027-01-01T08:45:00.500Z"},
        {"time": None, "time_dt": "2027-01-01T09:45:00.5+01:00"},
        {"time": 0, "start_time": 1798793100500},
    ],
)
def test_the_time_in_each_spelling(time: dict[str, Any], tmp_path: Path):
    event = one(tmp_path, class_uid=1001, activity_id=2, **time)
    assert event["time"].timestamp() == 1798793100.5


@pytest.mark.parametrize("place", ["container", "process", "actor", "device"])
def test_a_container_wherever_its_profile_stands(place: str, tmp_path: Path):
    box = {"uid": "docker://" + "AB" * 32, "name": "web", "image": {"name": "web", "tag": "2"}}
    fields: dict[str, Any] = {
        "container": {"container": box},
        "process": {"process": {**CHILD["process"], "container": box}},
        "actor": {"actor": {"process": {**ACTOR["process"], "container": box}}},
        "device": {"device": {"hostname": "n", "container": box}},
    }[place]
    event = one(tmp_path, class_uid=1007, activity_id=1, **{**CHILD, **fields})
    assert (event["container_id"], event["container_name"], event["image"]) == ("ab" * 32, "web", "web:2")


@pytest.mark.parametrize("cloud", [{"account_uid": "1"}, {"account": {"uid": "1"}}])
def test_the_account_of_each_version(cloud: dict[str, Any], tmp_path: Path):
    assert one(tmp_path, class_uid=1001, activity_id=2, cloud=cloud)["account"] == "1"


@pytest.mark.parametrize(
    "labels",
    [
        ["io.kubernetes.pod.name=web-0", "io.kubernetes.pod.namespace=shop"],
        ["io.kubernetes.pod.name:web-0", "io.kubernetes.pod.namespace: shop"],
        {"io.kubernetes.pod.name": "web-0", "io.kubernetes.pod.namespace": "shop"},
    ],
)
def test_pods_are_told_by_labels(labels: Any, tmp_path: Path):
    event = one(tmp_path, class_uid=1001, activity_id=2, container={"uid": "a" * 64, "labels": labels})
    assert (event["namespace"], event["pod"]) == ("shop", "web-0")


FLOW = {
    "src_endpoint": {"ip": "10.9.0.4", "port": 50100, "interface_uid": "eni-1"},
    "dst_endpoint": {"ip": "198.51.100.7", "port": 443},
}
BACK = {"src_endpoint": FLOW["dst_endpoint"], "dst_endpoint": FLOW["src_endpoint"]}


@pytest.mark.parametrize(
    ("ends", "info", "kind", "server"),
    [
        (FLOW, {"direction_id": 2}, "connect", "198.51.100.7"),
        (BACK, {"direction_id": 1}, "connect", "198.51.100.7"),
        (BACK, {"direction_id": 1, "tcp_flags": 2}, "accept", "10.9.0.4"),
        (FLOW, {"direction_id": 2, "tcp_flags": 18}, "accept", "10.9.0.4"),
        (FLOW, {}, "connect", "198.51.100.7"),
        (BACK, {}, "connect", "198.51.100.7"),
    ],
)
def test_both_ways_of_a_flow_name_who_called(
    ends: Any, info: dict[str, int], kind: str, server: str, tmp_path: Path
):
    flow = {"class_uid": 4001, "activity_id": 6, "actor": None, "connection_info": info, **ends}
    event = one(tmp_path, **flow, traffic={"bytes": 9})
    assert (event["kind"], event["dst_ip"], event["container_id"]) == (kind, server, "eni-1")
    assert (event["bytes_out"], event["bytes_in"]) == ((9, None) if ends is FLOW else (None, 9))


def test_other_classes_are_counted_and_left_out(tmp_path: Path):
    finding = {"class_uid": 2004, "class_name": "Detection Finding", "activity_id": 1}
    reading = read(tmp_path, finding, {"class_uid": 1001, "activity_id": 2})
    assert reading.records == 1 and reading.beside == {
        "a record of class 2004 (Detection Finding), no runtime event": 1
    }


@pytest.mark.parametrize("pid", [-1, "x", 2**40, [1], {"a": 1}, None])
def test_absurd_numbers_are_null_and_never_others(pid: object, tmp_path: Path):
    event = one(tmp_path, class_uid=1007, activity_id=1, process={"pid": pid, "name": "x"}, actor=None)
    assert event["pid"] is event["process_id"] is None


def as_parquet(source: Path, target: Path) -> None:
    """Write the good records of the sample as Security Lake would: whole numbers, structs, a map."""
    lines = source.read_text().splitlines()
    kept = [line for line in lines if line.startswith("{") and line.endswith("}") and "class_uid" in line]
    rows = [{**json.loads(line), "time": json.loads(line).get("time")} for line in kept]
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(target)


def test_parquet_tells_what_json_tells(tmp_path: Path):
    source, target = DATA / "ocsf/events.jsonl", tmp_path / "lake.parquet"
    as_parquet(source, target)
    assert choose([target]).sensor == "ocsf"
    lake, lines = SENSORS["ocsf"].read(target), SENSORS["ocsf"].read(source)
    assert lake.events.equals(lines.events) and lake.beside == lines.beside
    assert lake.rejects["reason"].to_list() == ["no time of the years 1970 to 2199"]
    assert lake.processes is not None and lake.processes.equals(lines.processes)


def test_parquet_of_something_else_is_refused_by_name(tmp_path: Path):
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "x.parquet")
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "x.parquet").read_bytes()[:-9])
    for name in ("x.parquet", "cut.parquet"):
        with pytest.raises(RtmlError, match=name):
            SENSORS["ocsf"].read(tmp_path / name)


def test_rules_find_what_the_sample_tells(tmp_path: Path):
    import_capture("auto", [DATA / "ocsf"], tmp_path / "c")
    capture = open_capture(tmp_path / "c")
    tool = capture.processes().filter(pl.col("exe") == "/tmp/.t").collect()
    assert list(dict.fromkeys(tool["ancestors"].to_list()[-1]))[:2] == ["/bin/sh", "/usr/sbin/nginx"]
    assert run_rules(capture).findings()["type"].n_unique() >= 3


@pytest.mark.parametrize(
    ("name", "kinds", "beside"),
    [("ROUTE53", {"dns"}, 0), ("VPC_FLOW", {"connect", "accept"}, 0), ("SH_FINDINGS", set(), 1)],
)
def test_real_files_of_security_lake_are_all_accounted_for(
    name: str, kinds: set[str], beside: int, shared: Path
):
    for path in sorted(shared.glob(f"security_lake/*{name}_example*.parquet")):
        reading = SENSORS["ocsf"].read(path)
        assert reading.records + sum(reading.beside.values()) == pl.read_parquet(path).height == 1
        assert set(reading.events["kind"]) <= kinds and sum(reading.beside.values()) == beside
        assert reading.rejects.is_empty() and reading.events["container_id"].null_count() == 0
