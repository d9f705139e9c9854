"""Killed at any moment and started again: nothing is lost, nothing is told twice; two never watch at once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rtml.captures.following.lock import locked
from rtml.errors import RtmlError
from rtml.findings.jsonl import from_jsonl
from tests.conftest import REPOSITORY
from tests.watching.shops import Shop, cut, same, told, watched

WATCH = """
import sys
from pathlib import Path
from rtml.captures.following.follow import Pulse
from rtml.findings.exports import EXPORTS
from rtml.models import load_model
from rtml.models.files import digest_of
from rtml.rules.chosen import Chosen
from rtml.watching.judges import Judges
from rtml.watching.watch import watch
sensor, log, model, state = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
judges = Judges(load_model(model), digest_of(model), Chosen())
whole = log.with_name("whole").read_bytes()
def grow():
    size = log.stat().st_size
    with log.open("ab") as file:
        file.write(whole[size : size + 60_000])
    return size == len(whole)
for pulse in (Pulse(events=1, seconds=0, sleep=0, stopped=grow), Pulse(once=True)):
    watch(sensor, str(log), judges, EXPORTS["jsonl"], state=state, pulse=pulse)
"""


def started(shop: Shop, log: Path, state: Path, out: Path) -> subprocess.Popen[bytes]:
    """Start a watch of its own, which tells on standard output."""
    command = [sys.executable, "-c", WATCH, shop.sensor, str(log), str(shop.model), str(state)]
    with out.open("ab") as file:
        return subprocess.Popen(command, stdout=file, cwd=REPOSITORY)


def commits(state: Path) -> int:
    current = state / "watch" / "current"
    return int(current.read_text() or 0) if current.is_file() else 0


def test_killed_at_any_moment_it_tells_everything_once(falco: Shop, tmp_path: Path):
    log, state, out = falco.log(tmp_path, []), tmp_path / "state", tmp_path / "f.jsonl"
    (tmp_path / "whole").write_bytes(b"".join(falco.lines))
    rng = random.Random(11)
    for _ in range(int(os.environ.get("RTML_KILLS", "2"))):
        process, before = started(falco, log, state, out), commits(state)
        wanted, begun = before + rng.randint(1, 3), time.monotonic()
        while process.poll() is None and commits(state) < wanted and time.monotonic() - begun < 300:
            time.sleep(0.002)
        time.sleep(rng.random() * 0.3)
        process.send_signal(signal.SIGKILL)
        process.wait()
        time.sleep(0.01)
    assert started(falco, log, state, out).wait() == 0
    same(told(out), falco.found)
    assert from_jsonl(out.read_text("utf-8")).is_unique().all()
    assert commits(state) > 8


def test_what_was_kept_and_not_told_is_told_at_the_next_start(
    falco: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Killed between keeping and telling, every time."""
    log, state, out = falco.log(tmp_path, []), tmp_path / "state", tmp_path / "f.jsonl"
    starts, pieces = 0, cut(b"".join(falco.lines), 6, seed=3)
    with monkeypatch.context() as patch:
        tell = __import__("rtml.watching.output", fromlist=["Output"]).Output.tell

        def killed(self: object, number: int, lines: list[str]) -> None:
            if lines and number not in seen:
                seen.add(number)
                raise KeyboardInterrupt
            tell(self, number, lines)

        seen: set[int] = set()
        patch.setattr("rtml.watching.output.Output.tell", killed)
        while starts < 20:
            starts += 1
            try:
                with log.open("ab") as file:
                    file.write(b"".join(pieces[:1]))
                    del pieces[:1]
                watched(falco, log, out, state=state)
                if not pieces:
                    break
            except KeyboardInterrupt:
                continue
    assert 1 < starts < 20
    same(told(out), falco.found)
    assert from_jsonl(out.read_text("utf-8")).is_unique().all()


def test_a_second_watch_and_a_foreign_state_are_refused(falco: Shop, tmp_path: Path):
    log, state = falco.log(tmp_path, falco.lines[:50]), tmp_path / "state"
    with (
        locked(state / "watch" / "lock", state),
        pytest.raises(RtmlError, match=r"state: is followed into already, by process \d+"),
    ):
        watched(falco, log, tmp_path / "f.jsonl", state=state)
    watched(falco, log, tmp_path / "f.jsonl", state=state, judges=falco.judges(rules=None))
    with pytest.raises(RtmlError, match="begun with another model"):
        watched(falco, log, tmp_path / "f.jsonl", state=state, judges=falco.judges(digest="other"))
    with pytest.raises(RtmlError, match="was begun with a model"):
        watched(falco, log, tmp_path / "f.jsonl", state=state, judges=falco.judges(model=None))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x").touch()
    with pytest.raises(RtmlError, match="no state of a watch"):
        watched(falco, log, tmp_path / "f.jsonl", state=tmp_path / "other")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_end_it_keeps_what_is_done_and_ends_well(
    falco: Shop, tmp_path: Path, number: signal.Signals
):
    log, state = falco.log(tmp_path, falco.lines[:300]), tmp_path / "state"
    command = [sys.executable, "-m", "rtml.cli", "watch", "falco", str(log), "--state", str(state)]
    process = subprocess.Popen(
        [*command, "--every", "0.1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=REPOSITORY
    )
    begun = time.monotonic()
    while not commits(state) and time.monotonic() - begun < 300:
        time.sleep(0.05)
    process.send_signal(number)
    out, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert b"Traceback" not in said and b"findings told" in said
    assert set(from_jsonl(out.decode())["source"]) == {"rule"}
