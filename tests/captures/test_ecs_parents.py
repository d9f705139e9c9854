"""ECS: processes by their start or their entity, and parents that did nothing that was recorded."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.sensors import SENSORS, Reading
from tests.captures.test_streaming import same, small_blocks

__all__ = ["small_blocks"]

BEGAN = {1: "2027-01-01T08:00:00Z", 20: "2027-01-01T08:30:00.25Z", 30: "2027-01-01T08:44:59.5Z"}
PROGRAMS = {1: "/sbin/init", 20: "/usr/bin/node", 30: "/bin/sh"}
SECONDS = {1: 1798790400, 20: 1798792200, 30: 1798793099}


def entity(pid: int) -> str:
    """A name as Elastic Defend gives: agent, pid, second of the start."""
    return base64.b64encode(f"f0531fa6-f25c-46d9-815a-9333b25ba728-{pid}-{SECONDS[pid]}".encode()).decode()


def process(pid: int, *names: str) -> dict[str, Any]:
    every = {
        "pid": pid,
        "start": BEGAN[pid],
        "entity_id": entity(pid),
        "executable": PROGRAMS[pid],
        "command_line": f"{PROGRAMS[pid]} -x",
    }
    return {name: every[name] for name in ("pid", *names)}


def document(category: str, action: str, own: dict[str, Any], **more: Any) -> dict[str, Any]:
    event = {"kind": "event", "category": [category], "type": ["start"], "action": action}
    where = {"host": {"hostname": "node-a"}, "container": {"id": "7c" * 32}}
    return {"@timestamp": "2027-01-01T08:45:00.5Z", "event": event, "process": own, **where, **more}


def read(folder: Path, *documents: dict[str, Any]) -> Reading:
    (folder / "e.jsonl").write_text("\n".join(map(json.dumps, documents)))
    return SENSORS["ecs"].read(folder / "e.jsonl")


WRITERS = {
    "starts, as SysFlow and session metadata tell": ("start", "executable", "command_line"),
    "entities, as Elastic Defend tells": ("entity_id", "executable", "command_line"),
    "both": ("start", "entity_id", "executable", "command_line"),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_parent_that_did_nothing_is_lineage(writer: str, tmp_path: Path):
    names = WRITERS[writer]
    read(tmp_path, document("process", "exec", {**process(30, *names), "parent": process(20, *names)}))
    import_capture("ecs", [tmp_path / "e.jsonl"], tmp_path / "c")
    processes = open_capture(tmp_path / "c").processes().collect()
    assert processes.filter(pid=30)["ancestors"].to_list()[-1] == ["/usr/bin/node"]
    assert processes.filter(pid=20).select("exe", "cmdline").rows() == [("/usr/bin/node", "/usr/bin/node -x")]


@pytest.mark.parametrize("writer", WRITERS)
def test_a_parent_is_the_process_that_its_own_events_are_of(writer: str, tmp_path: Path):
    names = WRITERS[writer]
    child = document("process", "exec", {**process(30, *names), "parent": process(20, *names)})
    own = document("process", "exec", {**process(20, *names), "parent": process(1, *names)})
    other = document("file", "creation", {**process(20, *names)}, file={"path": "/x"})
    own["@timestamp"] = "2027-01-01T08:30:01Z"
    events = read(tmp_path, own, child, other).events
    assert events["parent_id"][1] == events["process_id"][0] == events["process_id"][2]
    import_capture("ecs", [tmp_path / "e.jsonl"], tmp_path / "c")
    processes = open_capture(tmp_path / "c").processes().collect()
    assert processes["process_id"].n_unique() == 3
    assert processes.filter(pid=30)["ancestors"].to_list()[-1] == ["/usr/bin/node", "/sbin/init"]


def test_files_of_elastic_defend_tell_no_start_but_an_entity(tmp_path: Path):
    names = ("start", "entity_id", "executable")
    file = document("file", "creation", process(20, "entity_id", "executable"), file={"path": "/x"})
    child = document("process", "exec", {**process(30, *names), "parent": process(20, *names)})
    read(tmp_path, file, child)
    import_capture("ecs", [tmp_path / "e.jsonl"], tmp_path / "c")
    capture = open_capture(tmp_path / "c")
    events, processes = capture.events().collect(), capture.processes().collect()
    assert events.filter(pid=30)["parent_id"].to_list() == events.filter(pid=20)["process_id"].to_list()
    assert processes.filter(pid=20).height == 1


def test_events_without_a_start_are_of_the_process_whose_others_tell_one(tmp_path: Path):
    child = document("process", "exec", {**process(30, "start"), "parent": process(20, "start")})
    later = document("network", "connection_attempted", {"pid": 30, "parent": {"pid": 20}})
    read(tmp_path, child, later)
    import_capture("ecs", [tmp_path / "e.jsonl"], tmp_path / "c")
    events = open_capture(tmp_path / "c").events().collect()
    assert events["process_id"].n_unique() == 1


def test_a_parent_is_not_told_by_its_start_where_the_process_has_none(tmp_path: Path):
    """Its own events would then tell none either, and it would be two processes."""
    child = document("process", "exec", {"pid": 30, "parent": process(20, "start", "executable")})
    own = document("file", "creation", {"pid": 20, "parent": {"pid": 1}}, file={"path": "/x"})
    read(tmp_path, own, child)
    import_capture("ecs", [tmp_path / "e.jsonl"], tmp_path / "c")
    events = open_capture(tmp_path / "c").events().collect()
    assert events.filter(pid=30)["parent_id"].to_list() == events.filter(pid=20)["process_id"].to_list()


def test_the_child_of_a_fork_is_told_by_its_own_start(tmp_path: Path):
    fork = document("process", "fork", {**process(30, "start"), "parent": process(20, "start")})
    ran = document("process", "exec", {**process(30, "start"), "parent": process(20, "start")})
    born, run = read(tmp_path, fork, ran).events.to_dicts()
    assert (born["process_id"], born["target_id"], born["parent_id"]) == (
        run["parent_id"],
        run["process_id"],
        None,
    )


@pytest.mark.parametrize("name", ["", "x", "YQ==", "/w==", entity(20), "c2c455d9f99375d", 7, [], {}])
def test_entities_of_other_makers_name_no_start(name: Any, tmp_path: Path):
    own = {"pid": 30, "entity_id": name, "parent": {"pid": 20, "entity_id": name}}
    (event,) = read(tmp_path, document("process", "exec", own)).events.to_dicts()
    assert (event["process_id"], event["started"]) == (None, None)


@pytest.mark.usefixtures("small_blocks")
def test_long_files_tell_the_same(tmp_path: Path):
    names = ("start", "entity_id", "executable")
    lines = list[str]()
    for second in range(300):
        child = document("process", "exec", {**process(30, *names), "parent": process(20, *names)})
        file = document("file", "creation", process(20, "entity_id"), file={"path": f"/{second}"})
        at = f"2027-01-01T08:{second // 60:02}:{second % 60:02}Z"
        lines += [json.dumps({**told, "@timestamp": at}) for told in (child, file)]
    (tmp_path / "e.jsonl").write_text("\n".join(lines) + "\n")
    same("ecs", [tmp_path / "e.jsonl"], tmp_path)
