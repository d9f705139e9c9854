"""What the process table made good is counted, whichever way a capture came to be."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures import import_capture, open_capture, open_captures, pieces
from rtml.captures.following.follow import follow
from rtml.captures.instances import identify
from rtml.captures.processes import PROCESSES, process_images
from rtml.captures.repairs import REPAIRS, repairs_of
from rtml.schema import conform
from tests.captures.following.test_follow import ONCE
from tests.captures.inventories import alert, log_of
from tests.test_cli import rtml

BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def event(second: float, kind: str, pid: int, ppid: int, **more: Any) -> dict[str, Any]:
    return {"time": BEGIN + dt.timedelta(seconds=second), "kind": kind, "pid": pid, "ppid": ppid, **more}


PARENT = [event(0, "exec", 1, 0, exe="/sbin/init", started=BEGIN)]
FORKED = event(1, "fork", 1, 0, target_pid=7)
CASES: dict[str, tuple[list[dict[str, Any]], dict[str, int]]] = {
    "whole": ([FORKED, event(2, "exec", 7, 1, exe="/bin/sh"), event(3, "exit", 7, 1)], {}),
    "forked only": ([FORKED, event(2, "open", 7, 1), event(3, "exit", 7, 1)], {}),
    "no fork": ([event(2, "exec", 7, 1, exe="/bin/sh")], {"no start": 1, "no program": 0}),
    "no exec": ([FORKED, event(2, "open", 7, 1, exe="/bin/sh")], {"no exec": 1}),
    "no parent": (
        [event(2, "exec", 7, 99, exe="/bin/sh", started=BEGIN + dt.timedelta(seconds=1))],
        {"no parent": 1},
    ),
    "parent gone": (
        [FORKED, event(2, "exec", 7, 1, exe="/bin/sh"), event(3, "exit", 7, 1)]
        + [event(9, "exec", 8, 7, exe="/bin/a", started=BEGIN + dt.timedelta(seconds=8))],
        {"no parent": 1},
    ),
    "reused": (
        [FORKED, event(2, "exec", 7, 1, exe="/bin/a"), event(3, "exit", 7, 1)]
        + [event(5, "fork", 1, 0, target_pid=7), event(6, "exec", 7, 1, exe="/bin/b")],
        {"pid reused": 1},
    ),
    "no exit": (
        [FORKED, event(2, "exec", 7, 1, exe="/bin/a")]
        + [event(5, "fork", 1, 0, target_pid=7), event(6, "exec", 7, 1, exe="/bin/b")],
        {"pid reused": 1, "no exit": 1},
    ),
    "older": (
        [event(2, "open", 7, 1, exe="/sbin/init", started=BEGIN - dt.timedelta(hours=1))],
        {"older than the capture": 1},
    ),
    "no program": ([event(2, "open", 7, 99, started=BEGIN)], {"no program": 1, "no parent": 1}),
}


@pytest.mark.parametrize("case", CASES)
def test_each_repair_is_counted_and_no_other(case: str):
    rows, expected = CASES[case]
    frame = pl.DataFrame([*PARENT, *rows], infer_schema_length=None).with_row_index("seq")
    events = conform(frame.with_columns(host=pl.lit("h"))).sort("time", "seq")
    found = repairs_of(process_images(conform(identify(events))), BEGIN)
    assert found == {what: count for what, count in expected.items() if count}
    assert set(found) <= set(REPAIRS)


def test_nothing_is_repaired_where_there_are_no_processes():
    assert repairs_of(PROCESSES.to_frame(), None) == {}


def test_commands_show_them_whichever_way_the_capture_came_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    log = log_of(tmp_path, *(alert(i, None, **{"proc.pid": 7 + i, "proc.ppid": 99}) for i in range(3)))
    whole = import_capture("falco", [log], tmp_path / "whole")
    follow("falco", str(log), tmp_path / "followed", ONCE)
    monkeypatch.setattr(pieces, "STREAMED", 1)
    blocks = import_capture("falco", [log], tmp_path / "blocks")
    followed = open_capture(tmp_path / "followed").manifest
    assert (
        whole.repairs
        == blocks.repairs
        == followed.repairs
        == {"no start": 3, "no program": 3, "no parent": 3}
    )
    both = open_captures([tmp_path / "whole", tmp_path / "blocks"]).manifest
    assert both.repairs == {what: 2 * count for what, count in whole.repairs.items()}
    for command in ("info", "coverage"):
        shown = rtml("capture", command, tmp_path / "whole").stdout
        assert "no start 3 · no program 3 · no parent 3" in " ".join(shown.split())
