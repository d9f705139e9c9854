"""Lines that belong to following ones wait for those, however long a commit takes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from rtml.captures import open_capture
from rtml.captures.following import follow as following
from rtml.captures.following.follow import Pulse, follow
from tests.captures.following.logs import lines, log_in


def test_time_that_a_commit_takes_is_no_time_of_waiting_for_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """An exec and its arguments come in two pieces; whoever is told of commits takes his time."""
    raw = lines()
    place = next(n for n, line in enumerate(raw) if b'"argv' in line and b'"exec' in raw[n - 1])
    pieces = iter([b"".join(raw[:place]), b"".join(raw[place : place + 20])])
    log = log_in(tmp_path)
    monkeypatch.setattr(following, "_IDLE", 0.5)

    def stopped() -> bool:
        piece = next(pieces, None)
        with log.open("ab") as file:
            file.write(piece or b"")
        return piece is None

    pulse = Pulse(seconds=0, sleep=0, stopped=stopped)
    follow("bpftrace", str(log), tmp_path / "c", pulse, told=lambda _: time.sleep(0.7))
    assert "argv without its exec" not in open_capture(tmp_path / "c").manifest.reject_reasons


def test_time_in_which_nobody_looked_is_no_time_of_waiting_for_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A follower that is kept from running finds, when it looks again, what had come meanwhile."""
    raw = lines()
    place = next(n for n, line in enumerate(raw) if b'"argv' in line and b'"exec' in raw[n - 1])
    log = log_in(tmp_path, b"".join(raw[:place]))
    looks, asked, fill = iter(range(1000)), iter(range(1000)), following.Tail.fill

    def kept_from_running(tail: following.Tail, size: int) -> int:
        came = fill(tail, size)
        if not came and next(looks) == 1:  # after the look, before it thinks of how long it waited
            time.sleep(0.7)
            log.write_bytes(b"".join(raw[: place + 20]))
        return came

    monkeypatch.setattr(following, "_IDLE", 0.5)
    monkeypatch.setattr(following.Tail, "fill", kept_from_running)
    pulse = Pulse(seconds=0, sleep=0, stopped=lambda: next(asked) > 20)
    follow("bpftrace", str(log), tmp_path / "c", pulse)
    assert "argv without its exec" not in open_capture(tmp_path / "c").manifest.reject_reasons
