"""When a follower reads and commits: lines gather first, and whoever looks at a commit is let finish."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rtml.captures import Manifest, import_capture
from rtml.captures.following.blocks import BlockReader
from rtml.captures.following.follow import Pulse, follow
from rtml.captures.sensors import Reading
from rtml.watching.aside import Aside
from tests.captures.following.logs import lines, log_in, rows


def trickle(log: Path, seconds: float) -> Callable[[], bool]:
    """Write the sample's lines a few at a time; return what tells that all are written."""
    left = lines()

    def write() -> None:
        step = max(1, len(left) * 20 // int(seconds * 1000))
        for begin in range(0, len(left), step):
            with log.open("ab") as file:
                file.writelines(left[begin : begin + step])
            time.sleep(0.02)

    writer = threading.Thread(target=write)
    writer.start()
    return lambda: not writer.is_alive()


@pytest.fixture()
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    sizes, read = list[int](), BlockReader.read

    def noted(reader: BlockReader, raw: bytes, name: str, line: int) -> Reading | None:
        sizes.append(len(raw))
        return read(reader, raw, name, line)

    monkeypatch.setattr(BlockReader, "read", noted)
    return sizes


def test_lines_that_trickle_are_read_together(tmp_path: Path, reads: list[int]):
    log = log_in(tmp_path)
    follow("bpftrace", str(log), tmp_path / "c", Pulse(seconds=1.5, sleep=0.01, stopped=trickle(log, 2.0)))
    assert 1 < len(reads) <= 6  # every half second, and the rest; not whenever a line has come
    import_capture("bpftrace", [log], tmp_path / "d")
    assert rows(tmp_path / "c").equals(rows(tmp_path / "d"))


def test_nothing_is_committed_while_somebody_looks_at_the_last_commit(tmp_path: Path, reads: list[int]):
    log, seen = log_in(tmp_path), list[tuple[int, int]]()
    committed = tmp_path / "c" / "capture.json"

    def look(manifest: Manifest) -> None:
        begun = len(reads)
        time.sleep(0.3)
        assert json.loads(committed.read_text())["events"] == manifest.events
        seen.append((begun, len(reads)))

    with Aside(look) as aside:
        pulse = Pulse(seconds=0, sleep=0.01, busy=aside.busy, stopped=trickle(log, 2.0))
        follow("bpftrace", str(log), tmp_path / "c", pulse, aside)
        aside.wait()
    assert len(seen) > 2 and any(after > begun for begun, after in seen)  # reading goes on
    import_capture("bpftrace", [log], tmp_path / "d")
    assert rows(tmp_path / "c").equals(rows(tmp_path / "d"))


def test_what_a_look_raises_ends_the_following(tmp_path: Path):
    log = log_in(tmp_path, b"".join(lines()[:50]))

    def look(_: Manifest) -> None:
        raise ValueError("odd")

    with Aside(look) as aside, pytest.raises(ValueError, match="odd"):

        def stopped() -> bool:
            aside.check()
            return False

        follow("bpftrace", str(log), tmp_path / "c", Pulse(0, sleep=0.01, stopped=stopped), aside)
