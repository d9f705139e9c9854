"""Rows that wait in pieces: what comes late, hosts that fall silent, kills and commits of every size."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.following import commits as written
from rtml.captures.following.follow import Pulse, follow
from rtml.captures.following.gathering import Gathered
from rtml.captures.following.memory import Facts
from rtml.captures.manifest import Manifest, parse_manifest
from tests.captures.following.logs import counted, images, rows

START = dt.datetime(2027, 1, 1, 8, 45, tzinfo=dt.UTC)
ACTS = ("open", "execve", "connect", "clone", "write", "procexit")


def line(host: str, second: float, chance: random.Random) -> tuple[float, str]:
    """Return an event of some process of a host, and its time."""
    pid, act = chance.randint(2, 30), chance.choice(ACTS)
    fields = {
        "evt.type": act,
        "evt.rawres": 0,
        "proc.pid": pid,
        "proc.ppid": 1,
        "proc.exepath": chance.choice(["/bin/sh", "/tmp/x", "/opt/app"]),
        "container.id": f"{len(host):012x}",
        "fd.name": chance.choice(["/tmp/x", "/etc/passwd", "/srv/a"]),
    }
    at = (START + dt.timedelta(seconds=second)).isoformat().replace("+00:00", "Z")
    row = {"hostname": host, "output": "x", "priority": "Debug", "rule": "rtml", "source": "syscall"}
    return second, json.dumps({**row, "time": at, "output_fields": fields}) + "\n"


def log_of(seed: int, apart: float) -> list[str]:
    """Return the lines of three hosts, one of which falls silent; each as far out of order as ``apart``."""
    chance = random.Random(seed)

    def all_lines() -> Iterator[tuple[float, str]]:
        for number in range(900):
            second = number / 20
            for host in ("a", "bb") if second < 15 else ("a",):
                yield line(host, second + chance.uniform(0, apart), chance)
            if number % 100 == 0:
                yield line("ccc", second, chance)

    return [text for _, text in all_lines()]


def followed(log: Path, out: Path, events: int) -> Manifest:
    os.utime(log, (time.time() - 60, time.time() - 60))
    return follow("falco", str(log), out, Pulse(seconds=1e9, events=events, once=True))


@pytest.mark.parametrize("apart", [0.0, 0.3, 2.0, 4.5])
def test_what_comes_late_is_where_it_belongs(tmp_path: Path, apart: float):
    log, out, texts = tmp_path / "log.jsonl", tmp_path / "c", log_of(int(apart * 10), apart)
    for end in range(120, len(texts) + 120, 120):
        log.write_text("".join(texts[:end]))
        manifest = followed(log, out, 1_000)
        assert open_capture(out).events().collect().height == manifest.events == min(end, len(texts))
    import_capture("falco", [log], tmp_path / "whole")
    assert rows(out).equals(rows(tmp_path / "whole"))
    assert images(out).equals(images(tmp_path / "whole"))
    assert counted(open_capture(out)) == counted(open_capture(tmp_path / "whole"))


class Kept:
    """Gives a follower pieces of a log in one run, and notes what is keyed at each commit."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keyed: list[int] = []
        known = Gathered._known

        def noted(gathered: Gathered, events: pl.DataFrame, was: object) -> object:
            self.keyed[-1] += events.height
            return known(gathered, events, was)  # type: ignore[arg-type]

        commit = written.Commits.commit

        def begun(commits: written.Commits, gathered: Gathered) -> Manifest:
            self.keyed.append(0)
            return commit(commits, gathered)

        monkeypatch.setattr(Gathered, "_known", noted)
        monkeypatch.setattr(written.Commits, "commit", begun)


def lined(events: int, a_second: int, host: str = "a") -> str:
    chance = random.Random(events)
    return "".join(line(host, n / a_second, chance)[1] for n in range(events))


def test_a_commit_costs_what_is_new_however_long_the_tail_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("rtml.captures.following.follow._BLOCK", 50_000)
    log, kept = tmp_path / "log.jsonl", Kept(monkeypatch)
    log.write_text(lined(8_000, 1_000))  # of which five seconds wait
    followed(log, tmp_path / "c", 1_000)
    assert len(kept.keyed) > 8 and sum(kept.keyed) < 2 * 8_000
    import_capture("falco", [log], tmp_path / "whole")
    assert rows(tmp_path / "c").equals(rows(tmp_path / "whole"))


def test_a_host_that_falls_silent_keeps_nobody_elses_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("rtml.captures.following.follow._BLOCK", 50_000)
    log, out = tmp_path / "log.jsonl", tmp_path / "c"
    log.write_text(lined(500, 100, "silent") + lined(6_000, 100))
    followed(log, out, 500)
    growing = open_capture(out).manifest.growing
    assert growing is not None
    facts = Facts.model_validate_json((out / growing.state / "memory" / "facts.json").read_text())
    waiting = sum(facts.parts[name] for names in facts.waiting.values() for name in names)
    assert waiting < 1_500  # of 6,500


def test_no_part_is_named_twice_and_none_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(written, "_READERS", 0)
    log, out, texts = tmp_path / "log.jsonl", tmp_path / "c", log_of(1, 1.5)
    for end in range(200, len(texts) + 200, 200):
        log.write_text("".join(texts[:end]))
        followed(log, out, 1_000)
    growing = parse_manifest((out / "capture.json").read_text(), "capture.json").growing
    assert growing is not None and len(set(growing.parts)) == len(growing.parts)
    there = {path.relative_to(out).as_posix() for path in (out / "events").rglob("*.parquet")}
    assert {name for name in growing.parts if name.startswith("events/")} <= there
    sides = {path.relative_to(out).as_posix() for path in (out / "follow" / "waiting").glob("*")}
    facts = Facts.model_validate_json((out / growing.state / "memory" / "facts.json").read_text())
    assert set(facts.waiting) <= sides
