"""Files that share a part: each record is there once, and what was left out is counted."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from rtml.captures import Manifest, import_capture, open_capture
from tests.captures.test_rotation import told
from tests.rules.exec_logs import SHIM, Start
from tests.rules.test_web_shell_by_sensor import FORMS

STARTS = [Start(n, n - 0.5, 100 + n, 5, SHIM, f"/bin/p{n}", [f"p{n}", "-v"]) for n in range(1, 13)]
PARTS = {
    "the end of one begins the next": ((0, 9, "x.log.1"), (3, 12, "x.log")),
    "a shorter copy": ((0, 12, "x.log"), (0, 6, "copy")),
    "a part of its middle": ((0, 12, "x.log"), (3, 9, "x.log.1")),
    "three in a row": ((0, 6, "x.log.2"), (3, 9, "x.log.1"), (6, 12, "x.log")),
}


@pytest.mark.parametrize(("form", "parts"), list(zip(FORMS, itertools.cycle(PARTS), strict=False)))
def test_records_that_two_files_share_are_there_once(form: str, parts: str, tmp_path: Path):
    sensor, build = FORMS[form]
    lines = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in build(STARTS)]
    head, body = (lines[:1], lines[1:]) if sensor == "beth" else ([], lines)
    each = len(body) // len(STARTS)  # lines of one start

    def written(begin: int, end: int, name: str) -> Path:
        name = {"inspektor-gadget": "trace_exec."}.get(sensor, "") + name
        path = tmp_path / name
        path.write_text("\n".join([*head, *body[begin * each : end * each], ""]))
        return path

    import_capture(sensor, [written(0, len(STARTS), "whole")], tmp_path / "whole.capture")
    files = [written(*part) for part in PARTS[parts]]
    manifest = import_capture(sensor, files[::-1], tmp_path / "parts.capture")
    whole, parted = open_capture(tmp_path / "whole.capture"), open_capture(tmp_path / "parts.capture")
    assert told(parted.events()) == told(whole.events())
    assert told(parted.processes()) == told(whole.processes())
    assert left_out(manifest) == sum(end - begin for begin, end, _ in PARTS[parts]) - len(STARTS)
    assert parted.events().collect().height == manifest.events == len(STARTS)


def left_out(manifest: Manifest) -> int:
    return sum(number for what, number in manifest.beside.items() if what.startswith("also in "))


def alert(second: int, pid: int) -> str:
    head = f'"time": "2027-01-01T00:00:{second:02}Z", "rule": "r", "output": "", "hostname": "h"'
    fields = f'"evt.type": "execve", "proc.pid": {pid}, "container.id": "web", "proc.exepath": "/bin/a"'
    return f'{{{head}, "output_fields": {{{fields}}}, "priority": "Debug", "source": "syscall"}}\n'


@pytest.mark.parametrize(
    "other",
    [
        [alert(2, 2)],  # one event may be written twice
        [alert(3, 3), alert(4, 9)],  # not up to a border
        [alert(5, 5), alert(5, 5), alert(5, 5)],  # of one moment
        [alert(1, 7), alert(2, 2), alert(3, 3)],  # another one before
    ],
)
def test_what_may_be_an_event_of_its_own_stays(other: list[str], tmp_path: Path):
    (tmp_path / "a").write_text("".join([*(alert(n, n) for n in range(6)), alert(5, 5)]))
    (tmp_path / "b").write_text("".join(other))
    manifest = import_capture("falco", [tmp_path / "a", tmp_path / "b"], tmp_path / "c")
    assert (manifest.events, left_out(manifest)) == (7 + len(other), 0)


def test_the_cut_record_at_the_end_of_a_file_stays_what_it_is(tmp_path: Path):
    lines = [alert(n, n) for n in range(6)]
    (tmp_path / "a").write_text("".join(lines[:4]) + lines[4].replace('"proc.exepath": "/bin/a"', '"x": 1'))
    (tmp_path / "b").write_text("".join(lines[2:]))
    manifest = import_capture("falco", [tmp_path / "a", tmp_path / "b"], tmp_path / "c")
    assert (manifest.events, left_out(manifest)) == (7, 2)
