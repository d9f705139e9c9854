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
