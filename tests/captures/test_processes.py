"""Process identity and lineage: pid reuse, re-exec, processes older than the capture."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from rtml.captures import Capture
from rtml.captures.instances import identify
from rtml.captures.processes import process_images, with_images
from rtml.rules.language.lineage import lineage
from rtml.schema import conform

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def sitting(*rows: dict[str, Any]) -> pl.DataFrame:
    """One event a second; ``host h``, ``container c`` unless a row says otherwise."""
    known = [
        {"time": START + dt.timedelta(seconds=i), "seq": i, "host": "h", "container_id": "c", **row}
        for i, row in enumerate(rows)
    ]
    return identify(conform(pl.DataFrame(known, infer_schema_length=None)))


def images(events: pl.DataFrame) -> dict[str, list[str]]:
    table = process_images(events).filter(pl.col("image_seq").is_not_null())
    return dict(zip(table["exe"], table["ancestors"].to_list(), strict=True))


def test_a_reused_pid_is_another_process_with_another_ancestry():
    events = sitting(
        {"kind": "exec", "pid": 1, "ppid": 0, "exe": "/init"},
        {"kind": "fork", "pid": 1, "ppid": 0, "target_pid": 7},
        {"kind": "exec", "pid": 7, "ppid": 1, "exe": "/a"},
        {"kind": "exit", "pid": 7, "ppid": 1},
        {"kind": "fork", "pid": 1, "ppid": 0, "target_pid": 8},
        {"kind": "exec", "pid": 8, "ppid": 1, "exe": "/b"},
        {"kind": "fork", "pid": 8, "ppid": 1, "target_pid": 7},
        {"kind": "exec", "pid": 7, "ppid": 8, "exe": "/c"},
    )
    assert events.filter(pl.col("pid") == 7)["process_id"].n_unique() == 2
    assert images(events) == {"/init": [], "/a": ["/init"], "/b": ["/init"], "/c": ["/b", "/init"]}


def test_exec_in_place_and_fork_without_exec_read_as_one_chain():
    events = sitting(
        {"kind": "exec", "pid": 1, "ppid": 0, "exe": "/nginx"},
        {"kind": "fork", "pid": 1, "ppid": 0, "target_pid": 2},  # a worker: still nginx
        {"kind": "fork", "pid": 2, "ppid": 1, "target_pid": 3},
        {"kind": "exec", "pid": 3, "ppid": 2, "exe": "/bin/sh"},
        {"kind": "exec", "pid": 3, "ppid": 2, "exe": "/bin/id"},  # sh -c id execs in place
    )
    assert images(events)["/bin/id"] == ["/bin/sh", "/nginx"]
    assert with_images(events, process_images(events))["exe"].to_list()[2] == "/nginx"


def test_a_parent_older_than_the_capture_is_known_by_its_name():
    events = sitting(
        {"kind": "exec", "pid": 9, "ppid": 1, "exe": "/bin/sh", "comm": "sh"},
        {"kind": "open", "pid": 1, "ppid": 0, "comm": "java", "path": "/x"},
        {"kind": "exec", "pid": 10, "ppid": 1, "exe": "/bin/ls", "comm": "ls"},
    )
    assert events["parent_id"][0] == events["process_id"][1] == events["parent_id"][2]
    assert images(events) == {"/bin/sh": ["[java]"], "/bin/ls": ["[java]"]}


def test_who_has_exited_is_nobodys_parent():
    """Its pid went to the container runtime, outside, which the sensor does not see."""
    events = sitting(
        {"kind": "exec", "pid": 7, "ppid": 1, "exe": "/getent"},
        {"kind": "exit", "pid": 7, "ppid": 1},
        {"kind": "open", "pid": 8, "ppid": 7, "comm": "runc:[2:INIT]", "path": "/proc"},
        {"kind": "exec", "pid": 8, "ppid": 6, "exe": "/sh"},
    )
    assert events["parent_id"][2] is None
    assert events["process_id"][2] == events["process_id"][3]
    assert images(events)["/sh"] == ["[runc:[2:INIT]]"]


def test_the_number_of_a_thread_may_come_back_as_a_process():
    events = sitting(
        {"kind": "exec", "pid": 1, "ppid": 0, "exe": "/python"},
        {"kind": "fork", "pid": 1, "ppid": 0, "target_pid": 5},  # a thread: never a pid of its own
        {"kind": "open", "pid": 1, "ppid": 0, "path": "/x"},
        {"kind": "open", "pid": 5, "ppid": 9, "comm": "runc:[2:INIT]", "path": "/proc"},
    )
    assert events["target_id"][1] is None and events["parent_id"][3] is None


def test_a_number_used_again_after_an_exit_is_another_process():
    events = sitting(
        {"kind": "exec", "pid": 7, "ppid": 1, "exe": "/ls"},
        {"kind": "exit", "pid": 7, "ppid": 1},
        {"kind": "open", "pid": 2, "ppid": 1, "path": "/x"},
        {"kind": "open", "pid": 7, "ppid": 1, "comm": "runc:[2:INIT]", "path": "/proc"},
    )
    assert events["process_id"][0] != events["process_id"][3]


def test_a_process_without_a_start_was_not_there_before_another_of_its_number():
    events = sitting(
        {"kind": "exec", "pid": 7, "ppid": 0, "exe": "/a"},
        {"kind": "exec", "pid": 8, "ppid": 7, "exe": "/b"},
        {"kind": "exit", "pid": 7, "ppid": 0},
        {"kind": "exec", "pid": 9, "ppid": 0, "exe": "/x"},
        {"kind": "exec", "pid": 9, "ppid": 0, "exe": "/y"},
        {"kind": "exec", "pid": 7, "ppid": 0, "exe": "/c"},
        {"kind": "exec", "pid": 10, "ppid": 7, "exe": "/d"},
    )
    assert (images(events)["/b"], images(events)["/d"]) == (["/a"], ["/c"])


def test_a_failed_exec_is_no_image():
    events = sitting(
        {"kind": "exec", "pid": 1, "ppid": 0, "exe": "/init"},
        {"kind": "exec", "pid": 1, "ppid": 0, "path": "/nope", "result": -2},
    )
    assert set(images(events)) == {"/init"}


def test_nothing_gives_nothing():
    events = identify(conform(pl.DataFrame()))
    assert process_images(events).height == 0
    assert with_images(events, process_images(events)).height == 0


@st.composite
def lives(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[int]]:
    """A random run of a kernel with five pids: events, and the true process of each."""
    alive, rows, truth, born = {1: 0}, [], [], 1
    for _ in range(draw(st.integers(1, 40))):
        pid = draw(st.sampled_from(sorted(alive)))
        free = sorted({1, 2, 3, 4, 5} - set(alive))
        kind = draw(
            st.sampled_from(["open", "exec", *(["fork"] if free else [])] + (["exit"] if pid != 1 else []))
        )
        row = {"kind": kind, "pid": pid, "ppid": 0, "exe": f"/{pid}" if kind == "exec" else None}
        rows.append(row)
        truth.append(alive[pid])
        if kind == "fork":
            child = draw(st.sampled_from(free))
            row["target_pid"] = child
            alive[child] = born
            born += 1
        elif kind == "exit":
            del alive[pid]
    return rows, truth


@settings(max_examples=80, deadline=None)
@given(lives())
def test_every_event_finds_its_true_process(life: tuple[list[dict[str, Any]], list[int]]):
    rows, truth = life
    pairs = set(zip(sitting(*rows)["process_id"].to_list(), truth, strict=True))
    assert len(pairs) == len({process for process, _ in pairs}) == len(set(truth))


def test_on_the_real_recording_every_exec_has_its_parents(lab: Capture):
    table = lab.processes().filter(pl.col("image_seq").is_not_null()).collect()
    assert table.height == table["image_seq"].n_unique() > 5_000
    entered = table.filter(pl.col("ancestors").list.len() == 0)
    assert entered.height == 0  # the runtime's own first step is always seen
    assert table["ancestors"].list.get(-1).unique().to_list() == ["[runc:[2:INIT]]"]


def test_the_program_before_an_exec_is_not_named_by_the_new_one():
    events = sitting(
        {"kind": "open", "pid": 5, "ppid": 1, "comm": "apache2"},  # running before: known by its name
        {"kind": "fork", "pid": 5, "ppid": 1, "comm": "apache2", "target_pid": 6},
        {"kind": "exec", "pid": 6, "ppid": 5, "comm": "dash", "exe": "/bin/dash"},
        {"kind": "exec", "pid": 6, "ppid": 5, "comm": "id", "exe": "/bin/id"},
    )
    table = lineage(process_images(events).lazy()).drop_nulls("image_seq").sort("image_seq").collect()
    assert table["parent_image"].to_list() == ["/apache2", "/bin/dash"]
