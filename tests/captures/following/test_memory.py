"""Memory and the time of a commit do not grow with the age of a log that is followed."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import open_capture
from rtml.captures.following import put_away
from rtml.captures.following.follow import Pulse, follow
from rtml.captures.manifest import Manifest
from tests.watching.acts import Act
from tests.watching.shops import growing
from tests.watching.writing import write_log

_HOURS = 16
_AN_HOUR = 240


def _short_lives(hour: int) -> list[Act]:
    """Return an hour of processes of a second each, which a main process starts; none has a pid of before."""
    main = Act(3600.0 * hour, "web-1", "open", exe="/usr/sbin/nginx", uid=33, to="/etc/conf")
    acts = [main] if hour else [main, Act(0.5, "web-1", "exec", exe=main.exe, cmdline=main.exe)]
    for number in range(_AN_HOUR):
        begin = 3600.0 * hour + number * 3600 / _AN_HOUR + 1
        own = Act(begin, "web-1", "exec", 10 + _AN_HOUR * hour + number, 1, "/bin/ls", "ls -l", started=begin)
        acts.append(Act(begin, "web-1", "fork", exe=main.exe, to=str(own.host_pid)))
        acts += [own, Act(begin + 1, "web-1", "exit", own.pid, 1, own.exe)]
    return acts


def test_what_is_held_stays_flat_while_the_log_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(put_away, "LEAST", 50)
    pieces = [b"".join(write_log("bpftrace", tmp_path, _short_lives(hour))) for hour in range(_HOURS)]
    log, held, took, began = tmp_path / "log.jsonl", list[int](), list[float](), [time.process_time()]
    log.write_bytes(pieces[0])
    tracemalloc.start()
    peaks = list[int]()

    def told(manifest: Manifest) -> None:
        assert manifest.growing is not None
        state = tmp_path / "c" / manifest.growing.state
        tables = [state / "processes.parquet", *(state / "memory").glob("[!wf]*.parquet")]
        held.append(sum(pl.scan_parquet(table).select(pl.len()).collect().item() for table in tables))
        took.append(time.process_time() - began[0])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.reset_peak()
        began[0] = time.process_time()

    pulse = Pulse(seconds=0, events=1, sleep=0, stopped=growing(log, pieces[1:]))
    follow("bpftrace", str(log), tmp_path / "c", pulse, told)
    tracemalloc.stop()
    quarter = len(held) // 4
    early, late = held[2:quarter], held[-quarter:]
    assert max(late) <= 1.1 * max(early), held
    assert max(peaks[-quarter:]) <= 1.5 * max(peaks[2:quarter]), peaks
    assert sorted(took[-quarter:])[quarter // 2] <= 2.0 * sorted(took[2:quarter])[len(early) // 2], took
    processes = open_capture(tmp_path / "c").processes().collect()
    assert processes["process_id"].n_unique() == _HOURS * _AN_HOUR + 1
    assert processes.filter(pl.col("exe") == "/bin/ls")["ancestors"].list.first().unique().to_list() == [
        "/usr/sbin/nginx"
    ]
