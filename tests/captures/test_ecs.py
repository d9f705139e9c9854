"""ECS: texts or lists, numbers or texts, calls or categories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.sensors import SENSORS
from rtml.captures.sensors.choosing import choose
from tests.samples import DATA

TIME = "2027-01-01T08:45:00.5Z"


def one(folder: Path, event: dict[str, Any], **more: Any) -> dict[str, Any]:
    whole = {
        "@timestamp": TIME,
        "event": {"kind": "event", **event},
        "process": {"pid": 7, "ppid": 1},
        **more,
    }
    (folder / "ecs.jsonl").write_text(json.dumps(whole))
    (row,) = SENSORS["ecs"].read(folder / "ecs.jsonl").events.to_dicts()
    return row


KINDS = [
    ("process", "start", "process-start", "exec"),
    ("process", "end", "end", "exit"),
    ("process", "exit", "process-exit", "exit"),
    ("file", "creation", "creation", "create"),
    ("file", "deletion", "deletion", "unlink"),
    ("file", "change", "file-rename", "rename"),
    ("file", "change", "file-link", "link"),
    ("file", "access", "file-access-read", "open"),
    ("file", "change", "changed-file-permissions-of", "chmod"),
    ("directory", "delete", "directory-delete", "unlink"),
    ("directory", "create", "directory-create", "syscall"),
    ("network", "start", "connection_attempted", "connect"),
    ("network", "start", "connection_accepted", "accept"),
    ("network", "end", "disconnect_received", "syscall"),
    ("process", "change", "process-change", "setuid"),
]


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize(("category", "type_", "action", "kind"), KINDS)
def test_categories_are_kinds_as_texts_and_as_lists(
    category: str, type_: str, action: str, kind: str, many: bool, tmp_path: Path
):
    words: dict[str, Any] = {"category": category, "type": type_, "action": action}
    words = {name: [word] for name, word in words.items()} if many else words
    assert one(tmp_path, words)["kind"] == kind


@pytest.mark.parametrize("process", [{"pid": "7", "ppid": "3"}, {"pid": 7, "parent": {"pid": 3}}])
def test_a_process_and_its_parent_in_each_generation(process: dict[str, Any], tmp_path: Path):
    event = one(tmp_path, {"category": "process", "type": "start"}, process=process)
    assert (event["pid"], event["ppid"]) == (7, 3)


def test_a_fork_is_an_event_of_the_parent(tmp_path: Path):
    event = one(tmp_path, {"category": ["process"], "type": ["start"], "action": "fork"})
    assert (event["pid"], event["target_pid"], event["ppid"]) == (1, 7, None)


@pytest.mark.parametrize(
    ("types", "actions", "kind"),
    [
        (["start", "end"], ["fork", "exec", "end"], "exec"),
        (["start"], ["fork", "exec"], "exec"),
        (["start", "end"], ["fork", "end"], "fork"),
        (["start"], ["exec"], "exec"),
    ],
)
def test_lives_that_agents_put_together_are_told_by_their_program(
    types: list[str], actions: list[str], kind: str, tmp_path: Path
):
    event = one(tmp_path, {"category": ["process"], "type": types, "action": actions})
    assert event["kind"] == kind
    assert (event["pid"], event["target_pid"]) == ((7, None) if kind == "exec" else (1, 7))


@pytest.mark.parametrize(
    ("types", "action", "pid", "kind"),
    [
        (["connection", "start", "end"], "connection_attempted", 7, "connect"),
        (["start", "end"], "connection_accepted", 7, "accept"),
        (["connection", "end"], "network_flow", None, "connect"),
        (["connection", "start", "end"], None, None, "connect"),
        (["end"], "disconnect_received", 7, "syscall"),
    ],
)
def test_connections_that_are_told_when_they_end(
    types: list[str], action: str | None, pid: int | None, kind: str, tmp_path: Path
):
    ends = {"source": {"ip": "10.0.0.1", "port": 5}, "destination": {"ip": "10.0.0.2", "port": 443}}
    event = {"category": ["network"], "type": types, "action": action}
    told = one(tmp_path, event, process={"pid": pid}, **ends)
    assert (told["kind"], told["dst_ip"], told["dst_port"]) == (kind, "10.0.0.2", 443)


@pytest.mark.parametrize("tag", ["1.2", ["1.2", "latest"]])
def test_dots_inside_objects_and_the_user_of_a_process(tag: Any, tmp_path: Path):
    event = one(
        tmp_path,
        {"category": ["process"], "type": ["start"], "action": "exec"},
        process={"pid": 7, "user": {"id": 1001}},
        container={"id": "b781c8e5", "image.name": "shop/web", "image.tag": tag},
        orchestrator={"namespace": "shop", "resource.name": "web-0"},
    )
    wanted = {"image": "shop/web:1.2", "pod": "web-0", "namespace": "shop", "uid": 1001}
    assert {name: event[name] for name in wanted} == wanted


def test_a_name_that_does_not_exist_is_a_query_that_failed(tmp_path: Path):
    dns = {"question": {"name": "nothing.example.org", "type": "A"}, "response_code": "NXDOMAIN"}
    event = one(tmp_path, {"category": ["network"], "type": ["protocol"]}, dns=dns)
    assert (event["kind"], event["domain"], event["result"]) == ("dns", "nothing.example.org", -2)


def test_the_call_counts_more_than_the_category(tmp_path: Path):
    event = one(tmp_path, {"category": "audit-rule"}, auditd={"data": {"syscall": "bind", "exit": "EACCES"}})
    assert (event["kind"], event["result"]) == ("bind", -13)


def test_lineage_of_the_sample_is_whole(tmp_path: Path):
    import_capture("auto", [DATA / "ecs/events.jsonl"], tmp_path / "c")
    images = open_capture(tmp_path / "c").processes().filter(pl.col("exe") == "/bin/sh").collect()
    assert images["ancestors"].to_list()[-1][0] == "/usr/bin/python3"


def test_real_documents_have_no_time_and_with_one_they_are_events(shared: Path, tmp_path: Path):
    path = shared / "auditbeat/events.jsonl"
    bare = SENSORS["ecs"].read(path)
    assert (bare.records, bare.rejects["reason"].n_unique(), bare.rejects.height) == (2, 1, 2)
    documents = [{"@timestamp": TIME, **json.loads(line)} for line in path.read_text().splitlines()]
    (tmp_path / "timed.jsonl").write_text("\n".join(map(json.dumps, documents)))
    events = SENSORS["ecs"].read(tmp_path / "timed.jsonl").events
    columns = ["kind", "pid", "ppid", "cmdline", "path", "src_ip", "src_port", "direction"]
    assert events.select(columns).rows() == [
        ("exec", 10043, 10027, "uname -a", "/bin/uname", None, None, None),
        ("accept", 1663, 1, "(sshd)", None, "198.51.100.60", 58140, "inbound"),
    ]


def test_events_in_an_object_that_keep_the_lines_they_come_of_are_events(tmp_path: Path):
    event = {
        "@timestamp": TIME,
        "event": {"kind": "event", "category": ["process"], "type": ["start"], "action": "executed"},
        "process": {"pid": 7, "parent": {"pid": 1}, "executable": "/bin/id", "args": ["id", "-u"]},
        "message": 'type=SYSCALL msg=audit(1798793100.5:1): syscall=59 pid=7 exe="/bin/id"',
    }
    (tmp_path / "export.json").write_text(json.dumps({"events": [event, event]}, indent=1))
    assert choose([tmp_path / "export.json"]).sensor == "ecs"
    reading = SENSORS["ecs"].read(tmp_path / "export.json")
    assert reading.events["cmdline"].to_list() == ["id -u", "id -u"] and reading.rejects.is_empty()


def test_names_with_dots_beside_objects_and_pods_without_a_container(tmp_path: Path):
    event = {"category": "process", "type": ["start"], "action": "executed"}
    pod = {"pod.name": "web-0", "namespace.name": "shop", "node.name": "node-a"}
    told = one(tmp_path, event, **{"host.name": "node-a", "kubernetes": pod})
    wanted = {"host": "node-a", "namespace": "shop", "pod": "web-0", "container_id": "shop/web-0/@node-a"}
    assert {name: told[name] for name in wanted} == wanted
    same = one(tmp_path, event, **{"container.id": "b781c8e5", "kubernetes": {"pod": {"name": "web-0"}}})
    assert (same["container_id"], same["pod"]) == ("b781c8e5", "web-0")
