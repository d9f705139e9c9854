"""Read in blocks of lines, a log is the same capture as when it is read whole: every sensor with `lines`."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import time
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import check_capture, import_capture, open_capture, pieces, streaming
from rtml.captures.following import follow as following
from rtml.captures.following.follow import Pulse, follow
from rtml.captures.sensors import SENSORS
from tests.captures.following.logs import counted, images, rows
from tests.samples import samples

_MOST = 60_000
LOGS = [
    (sensor, path)
    for sensor in SENSORS.own
    if SENSORS[sensor].lines is not None
    for path in samples(sensor)
    if path.stat().st_size < _MOST and pieces._by_line(path)
]


def same(one: Path, other: Path) -> None:
    assert rows(one).equals(rows(other))
    assert images(one).equals(images(other))
    assert counted(open_capture(one)) == counted(open_capture(other))
    assert refused(one).equals(refused(other))
    assert [c.name for c in check_capture(open_capture(one)) if c.grave and not c.ok] == []


def refused(capture: Path) -> pl.DataFrame:
    return open_capture(capture).rejects().drop("file").sort(pl.all())


def named(values: tuple[str, Path]) -> str:
    return f"{values[0]}-{values[1].name}"


def blocks_of(sensor: str, block: int) -> int:
    """Return the size of blocks: a record that is printed over several lines is not cut by larger ones."""
    return 20_000 if sensor == "k8s-audit" else block


def whole_lines(path: Path, place: Path) -> Path:
    """Copy a log with what lies beside it, its last line ended: one that may grow is not read."""
    place.mkdir()
    for other in ("sitting.json", "cluster.json"):
        if (path.parent / other).is_file():
            shutil.copyfile(path.parent / other, place / other)
    packed = path.suffix == ".gz"
    raw = gzip.decompress(path.read_bytes()) if packed else path.read_bytes()
    log = place / path.name.removesuffix(".gz")
    log.write_bytes(raw.rstrip(b"\n") + b"\n")
    os.utime(log, (time.time() - 60, time.time() - 60))
    return log


@pytest.mark.parametrize("block", [3_000, 9_000])
@pytest.mark.parametrize("log", LOGS, ids=named)
def test_in_blocks(tmp_path: Path, log: tuple[str, Path], block: int, monkeypatch: pytest.MonkeyPatch):
    sensor, path = log[0], whole_lines(log[1], tmp_path / "log")
    block = blocks_of(sensor, block)
    import_capture(sensor, [path], tmp_path / "whole")
    monkeypatch.setattr(following, "_BLOCK", block)
    follow(sensor, str(path), tmp_path / "followed", Pulse(once=True, sleep=0.001, events=10))
    same(tmp_path / "followed", tmp_path / "whole")
    monkeypatch.setattr(pieces, "STREAMED", 1)
    monkeypatch.setattr(pieces, "_BLOCK", block)
    for name, size in (("_GATHERED", 5), ("_GROUP", 7), ("_REMEMBERED", 2)):
        monkeypatch.setattr(streaming, name, size)
    import_capture(sensor, [path], tmp_path / "blocks")
    same(tmp_path / "blocks", tmp_path / "whole")


def test_parquet_is_read_as_a_whole(tmp_path: Path):
    (tmp_path / "f.parquet").write_bytes(b"PAR1\n" + b"x" * 100)
    assert not pieces._by_line(tmp_path / "f.parquet")


def alert(second: int, number: int, pid: int, parent: int, **fields: object) -> str:
    """Return an alert of Falco whose process and parent are known by their starts."""
    told = {"evt.type": "openat", "evt.num": number, "proc.pid": pid, "proc.pid.ts": 10**18 + pid}
    above = {"proc.ppid": parent, "proc.ppid.ts": 10**18 + parent, "proc.pexepath": f"/bin/p{parent}"}
    top = {"rule": "r", "priority": "Debug", "time": f"2027-01-01T08:45:{second:02}Z", "hostname": "h"}
    return json.dumps({**top, "output_fields": {**told, **above, **fields}})


def test_parents_without_events_and_execs_in_later_blocks_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    lines = [alert(i, i, 100 + i % 5, 50 + i % 5) for i in range(30)]
    lines += [alert(40 + i, 40 + i, 50 + i, 9, **{"evt.type": "execve"}) for i in range(3)]
    lines += [lines[-1].replace('"rule": "r"', '"rule": "again"')]
    log = tmp_path / "log.jsonl"
    log.write_text("\n".join(lines) + "\n")
    os.utime(log, (time.time() - 60, time.time() - 60))
    import_capture("falco", [log], tmp_path / "whole")
    monkeypatch.setattr(following, "_BLOCK", 700)
    follow("falco", str(log), tmp_path / "c", Pulse(once=True, sleep=0.001, events=3))
    same(tmp_path / "c", tmp_path / "whole")
    assert open_capture(tmp_path / "c").manifest.events == 33
    assert rows(tmp_path / "c")["parent_id"].null_count() == 0
