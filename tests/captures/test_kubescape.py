"""Kubescape's node-agent: what each rule noticed, and the tree of processes round it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.sensors import SENSORS, Reading
from rtml.captures.sensors.kubescape.trees import DEEPEST
from rtml.rules import run_rules
from tests.samples import DATA

ID = "4b" * 32
NEVER = "0001-01-01T00:00:00Z"


def process(pid: int, ppid: int | None, name: str, *children: dict[str, Any], **more: Any) -> dict[str, Any]:
    node = {"pid": pid, "ppid": ppid, "comm": name, "path": f"/bin/{name}", "uid": 0, "startTime": NEVER}
    if children:
        node["childrenMap"] = {f"{child['comm']}\u241f{child['pid']}": child for child in children}
    return {**node, **more}


def alert(rule: str, tree: Any = None, infected: int = 7, **arguments: Any) -> dict[str, Any]:
    return {
        "BaseRuntimeMetadata": {
            "alertName": "an alert",
            "arguments": arguments,
            "infectedPID": infected,
            "timestamp": "2027-01-01T08:45:00.123456789Z",
        },
        "CloudMetadata": "null",
        "RuleID": rule,
        "RuntimeK8sDetails": {"clusterName": "lab", "containerID": ID, "containerName": "web"},
        "RuntimeProcessDetails": {"processTree": process(7, 1, "sh") if tree is None else tree},
        "event": {"k8s": {"node": "n"}},
        "time": "2027-02-01T00:00:00Z",
    }


def read(folder: Path, *records: dict[str, Any]) -> Reading:
    (folder / "k.jsonl").write_text("\n".join(map(json.dumps, records)))
    return SENSORS["kubescape"].read(folder / "k.jsonl")


EVENTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "process": (
        alert("R0001", exec="/x", args=["/x", "-v"], retval=0),
        {"kind": "exec", "exe": "/x", "cmdline": "/x -v", "result": 0, "path": None, "uid": 0},
    ),
    "process that did not start": (
        alert("R0001", exec="/x", args=["/x"], retval=-13),
        {"kind": "exec", "result": -13, "path": "/x", "exe": "/bin/sh"},
    ),
    "file": (
        alert("R0002", path="/a", flags=["O_RDWR", "O_CREAT"]),
        {"kind": "open", "path": "/a", "flags": "O_RDWR|O_CREAT", "wrote": True, "exe": "/bin/sh"},
    ),
    "call": (alert("R0003", syscall="setns"), {"kind": "setns", "request": "setns"}),
    "other call": (alert("R0003", syscall="getpid"), {"kind": "syscall", "request": "getpid"}),
    "capability": (
        alert("R0004", capability="SYS_CHROOT", syscall="chroot"),
        {"kind": "syscall", "request": "chroot"},
    ),
    "name": (
        alert("R0005", domain="A.example.", addresses=["9.9.9.9"], protocol="UDP"),
        {"kind": "dns", "domain": "a.example", "answers": ["9.9.9.9"], "protocol": "udp"},
    ),
    "destination": (
        alert("R0011", ip="9.9.9.9", port=443, proto="TCP"),
        {"kind": "connect", "dst_ip": "9.9.9.9", "dst_port": 443, "direction": "outbound"},
    ),
    "link": (alert("R1012", oldPath="/a", newPath="/b"), {"kind": "link", "path": "/a", "path_to": "/b"}),
    "call of the API": (alert("R0007", exec="/kubectl", args=["/kubectl"], retval=0), {"kind": "exec"}),
    "connection to the API": (alert("R0007", ip="10.0.0.1", port=443), {"kind": "connect", "dst_port": 443}),
    "program of the kernel": (alert("R0009", syscall="bpf"), {"kind": "bpf", "request": "bpf"}),
    "module": (alert("R1002", syscall="init_module", module="m"), {"kind": "module_load", "path": "m"}),
    "unknown rule about a file": (alert("R7777", path="/a"), {"kind": "open", "path": "/a"}),
    "unknown rule": (alert("R7777"), {"kind": "syscall", "request": "an alert"}),
    "odd shapes": (
        alert("R0002", path=[1], flags="O_RDWR"),
        {"kind": "open", "path": None, "flags": "O_RDWR"},
    ),
    "time": (alert("R0003"), {"host": "n", "cluster": "lab", "container_id": ID, "container_name": "web"}),
}


@pytest.mark.parametrize("name", EVENTS)
def test_each_alert_is_an_event_of_what_its_rule_noticed(name: str, tmp_path: Path):
    record, wanted = EVENTS[name]
    (row,) = read(tmp_path, record).events.to_dicts()
    assert {column: row[column] for column in wanted} == wanted
    assert row["time"].year == 2027 and row["time"].month == 1, "not when the line was written"


@pytest.mark.parametrize(
    "file", [{"path": "/d/f"}, {"directory": "/d", "name": "f"}, {"directory": "/d/", "name": "f"}]
)
def test_what_an_alert_is_about_may_stand_among_its_identifiers(file: dict[str, str], tmp_path: Path):
    record = alert("R0002")
    record["BaseRuntimeMetadata"]["identifiers"] = {"file": file}
    assert read(tmp_path, record).events["path"].to_list() == ["/d/f"]


def test_parts_that_are_texts_of_objects_say_the_same(tmp_path: Path):
    plain = alert("R0002", path="/a", flags=["O_RDONLY"])
    texts = {name: json.dumps(part) if isinstance(part, dict) else part for name, part in plain.items()}
    one, two = read(tmp_path, plain, texts).events.to_dicts()
    assert one == two and one["path"] == "/a"


@pytest.mark.parametrize("part", ["null", "", "{", "[]", None, 7, {}])
def test_a_part_that_is_no_object_spoils_no_other(part: Any, tmp_path: Path):
    record = alert("R0002", path="/a") | {"RuntimeK8sDetails": part, "event": part}
    (row,) = read(tmp_path, record).events.to_dicts()
    assert (row["path"], row["container_id"], row["host"]) == ("/a", None, "unknown")


def test_the_process_is_the_one_that_is_named_in_the_tree(tmp_path: Path):
    tree = process(5, 1, "a", process(6, 5, "b", process(7, None, "c")), process(8, 5, "d"))
    inside, top, outside = read(
        tmp_path, alert("R0002", tree), alert("R0002", tree, infected=0), alert("R0002", tree, infected=99)
    ).events.to_dicts()
    assert (inside["pid"], inside["ppid"], inside["exe"]) == (7, 6, "/bin/c")
    assert (top["pid"], top["exe"]) == (5, "/bin/a")
    assert (outside["pid"], outside["exe"]) == (99, None)


@pytest.mark.parametrize("lists", [True, False])
def test_the_tree_is_lineage_also_of_those_that_did_nothing(lists: bool, tmp_path: Path):
    child = process(7, 6, "c")
    middle = process(6, 5, "b", child)
    top = process(5, 1, "a", middle)
    if lists:
        middle["children"], top["children"] = [child], [middle]
        del middle["childrenMap"], top["childrenMap"]
    read(tmp_path, alert("R0002", top, path="/x"))
    import_capture("kubescape", [tmp_path / "k.jsonl"], tmp_path / "c")
    processes = open_capture(tmp_path / "c").processes().filter(pl.col("exe") == "/bin/c").collect()
    assert processes["ancestors"].to_list() == [["/bin/b", "/bin/a"]]


def test_a_tree_that_is_a_text_says_what_the_object_does(tmp_path: Path):
    tree = process(3, 1, "node", process(7, 3, "sh"))
    one, two = (read(tmp_path, alert("R0001", tree=told)) for told in (tree, json.dumps(tree)))
    assert one.processes is not None and two.processes is not None
    assert one.processes.equals(two.processes) and one.processes["pid"].to_list() == [3, 7]
    assert one.events.equals(two.events)


def test_a_pid_that_starts_again_is_another_process_where_starts_are_known(tmp_path: Path):
    first, second = (process(7, 1, "a", startTime=f"2027-01-01T08:0{n}:00Z") for n in (1, 2))
    events = read(tmp_path, alert("R0003", first), alert("R0003", second), alert("R0003", second)).events
    assert events["process_id"].n_unique() == 2


def test_a_tree_is_cut_where_it_is_deeper_than_any_and_refused_where_it_cannot_be_read(tmp_path: Path):
    def tree(depth: int) -> dict[str, Any]:
        node = process(depth, None, "x")
        for pid in range(depth - 1, 0, -1):
            node = process(pid, None, "x", node)
        return node

    reading = read(tmp_path, alert("R0003", tree(100), infected=1), alert("R0003", tree(200)), alert("R0003"))
    assert reading.events.height == 2 and reading.rejects["reason"].to_list() == ["nested too deeply"]
    assert reading.processes is not None and reading.processes["pid"].max() == DEEPEST


@pytest.mark.parametrize("tree", [[], "x", 7, {"pid": "x"}, {"pid": 7, "childrenMap": [1, {"pid": {}}]}])
def test_odd_trees_are_survived(tree: Any, tmp_path: Path):
    assert read(tmp_path, alert("R0003", tree)).events["pid"].to_list() == [7]


def test_an_alert_without_a_node_is_on_that_of_its_container(tmp_path: Path):
    read(tmp_path, alert("R0003") | {"event": {}}, alert("R0003"))
    import_capture("kubescape", [tmp_path / "k.jsonl"], tmp_path / "c")
    assert open_capture(tmp_path / "c").events().collect()["host"].cast(pl.String).to_list() == ["n", "n"]


def test_the_mark_of_a_pipeline_is_no_alert(tmp_path: Path):
    mark = {"BaseRuntimeMetadata": {"init": True}, "RuleID": "init", "time": "2027-01-01T00:00:00Z"}
    reading = read(tmp_path, mark, alert("R0003"))
    assert (reading.records, sum(reading.beside.values())) == (1, 1)


def test_rules_find_what_the_sample_tells(tmp_path: Path):
    import_capture("auto", [DATA / "kubescape"], tmp_path / "c")
    capture = open_capture(tmp_path / "c")
    assert run_rules(capture).findings().height >= 2
    tool = capture.processes().filter(pl.col("exe") == "/tmp/.t").collect()
    assert tool["ancestors"].to_list()[0][:2] == ["/bin/sh", "/usr/local/bin/node"]


def test_real_alerts_are_all_accounted_for(shared: Path, tmp_path: Path):
    path = shared / "kubescape/alerts.jsonl.gz"
    reading = SENSORS["kubescape"].read(path)
    lines = len(gzip.decompress(path.read_bytes()).splitlines())
    assert reading.records + sum(reading.beside.values()) == lines == 383
    assert (reading.events.height, reading.rejects.height) == (382, 0)
    kinds = dict(reading.events["kind"].cast(pl.String).value_counts().iter_rows())
    assert kinds["exec"] == 60 and kinds["open"] == 276
    assert reading.events["container_id"].n_unique() == 1
    assert reading.events["process_id"].null_count() == 0
    import_capture("auto", [path], tmp_path / "c")
    shell = open_capture(tmp_path / "c").processes().filter(pl.col("pid") == 3498398).collect()
    assert shell["exe"].to_list()[-1] == "/bin/sh" and len(shell["ancestors"].to_list()[-1]) >= 1
