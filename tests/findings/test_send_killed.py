"""Sending that is killed at any moment: nothing is lost, nothing comes twice under another id or content."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from rtml.errors import RtmlError
from rtml.findings.exports import HERE
from rtml.findings.sinks import SINKS
from rtml.findings.sinks.delivering import send
from tests.conftest import REPOSITORY
from tests.findings import receivers
from tests.findings.odd_findings import EVERYTHING, RULE, many, table

KILLS = int(os.environ.get("RTML_KILLS", "3"))
SECRET = {"RTML_WEBHOOK_SECRET": "k3y-of-the-hook"}


def started(file: Path, url: str, spool: Path) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "rtml.cli", "findings", "send", str(file), "--to", f"webhook={url}"]
    return subprocess.Popen(
        [*words, "--spool", str(spool)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=REPOSITORY,
        env=os.environ | SECRET,
    )


def killing(process: list[subprocess.Popen[bytes]], batch: int, later: float) -> object:
    """Kill the sender when its batch of this number has come: before it has the answer, or so much later."""
    seen: list[bytes] = []

    def usual(body: bytes) -> dict[str, object]:
        seen.append(body)
        if len(seen) == batch:
            if later:
                threading.Timer(later, process[0].kill).start()
            else:
                process[0].kill()
                process[0].wait()
        return {}

    return usual


def test_killed_at_any_moment_it_sends_everything_and_nothing_as_something_else(tmp_path: Path):
    many(900).write_parquet(tmp_path / "f.parquet")
    chance, killed = random.Random(7), 0
    with receivers.http() as receiver:
        for turn in range(KILLS):
            process: list[subprocess.Popen[bytes]] = []
            later = 0 if turn % 2 == 0 else chance.uniform(0.001, 0.2)
            receiver.usual = killing(process, chance.randint(1, 4), later)
            process.append(started(tmp_path / "f.parquet", receiver.url, tmp_path / "spool"))
            process[0].communicate(timeout=300)
            killed += process[0].returncode == -signal.SIGKILL
        receiver.usual = None
        last = started(tmp_path / "f.parquet", receiver.url, tmp_path / "spool")
        said, _ = last.communicate(timeout=300)
        assert last.returncode == 0, said
    came = [json.dumps(one) for body in receiver.accepted for one in json.loads(body)]
    assert killed > KILLS // 3
    assert len(set(came)) == len({json.loads(one)["finding_info"]["uid"] for one in came}) == 900
    assert len(came) <= 900 + 50 * killed


@pytest.mark.parametrize("seed", range(4))
def test_a_file_that_a_kill_left_in_the_middle_of_a_line_is_mended(tmp_path: Path, seed: int):
    target = tmp_path / "f.jsonl"
    send(EVERYTHING, SINKS["file"], str(target), tmp_path / "spool", HERE)
    whole = target.read_bytes()
    target.write_bytes(whole[: random.Random(seed).randrange(len(whole))])
    send(EVERYTHING, SINKS["file"], str(target), tmp_path / "again", HERE)  # the ledger never came to be
    lines = target.read_bytes().split(b"\n")
    assert lines.pop() == b"" and all(json.loads(line) for line in lines)
    assert set(lines) == set(whole.split(b"\n")[:-1])


def test_what_others_left_without_a_line_end_stays(tmp_path: Path):
    (tmp_path / "f.jsonl").write_bytes(b"theirs")
    send(table(RULE), SINKS["file"], str(tmp_path / "f.jsonl"), tmp_path / "spool", HERE)
    assert (tmp_path / "f.jsonl").read_bytes().startswith(b"theirs\n{")


def test_a_damaged_spool_is_named_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(*next(iter(SECRET.items())))
    with receivers.http() as receiver:
        receiver.answers = [(404, {})]
        send(table(RULE), SINKS["webhook"], receiver.url, tmp_path, HERE)
    kept = next(tmp_path.glob("*.parquet"))
    kept.write_bytes(kept.read_bytes()[:100])
    with pytest.raises(RtmlError, match="cannot be read .*; move it away"):
        send(table(RULE), SINKS["webhook"], receiver.url, tmp_path, HERE)
