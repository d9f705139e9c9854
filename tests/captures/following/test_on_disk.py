"""A commit names nothing that a loss of power could still take away."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from rtml.captures import open_capture
from rtml.captures.following.follow import Pulse, follow
from rtml.captures.manifest import parse_manifest
from tests.captures.following.logs import lines, log_in


def test_all_that_a_commit_names_is_on_disk_before_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    out, log, synced, commits = tmp_path / "c", log_in(tmp_path), set[Path](), list[set[Path]]()
    fsync, replace = os.fsync, os.replace

    def noted(descriptor: int) -> None:
        synced.add(Path(os.readlink(f"/proc/self/fd/{descriptor}")))
        fsync(descriptor)

    def replaced(half: Any, whole: Any) -> None:
        if Path(whole) == out / "capture.json":
            growing = parse_manifest(Path(half).read_text("utf-8"), str(half)).growing
            assert growing is not None
            state = (path for path in (out / growing.state).rglob("*") if path.is_file())
            tables = (out / name for name in (*growing.parts, *growing.rejects, *growing.audit))
            named = {*tables, *state, Path(half)}
            folders = {one for path in named for one in path.parents if out == one or out in one.parents}
            commits.append({*named, *folders} - synced)
        replace(half, whole)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(os, "replace", replaced)
    raw = b"".join(lines())
    for end in (len(raw) // 3, len(raw)):
        log.write_bytes(raw[:end])
        os.utime(log, (time.time() - 60, time.time() - 60))
        follow("bpftrace", str(log), out, Pulse(once=True, sleep=0.01))
    assert len(commits) >= 2 and commits == [set()] * len(commits)
    assert {out / "capture.json", out} <= synced
    assert open_capture(out).manifest.events > 100
