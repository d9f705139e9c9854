"""Progress: nothing for short work, a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import gzip
import json
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from rtml.captures import Capture, import_capture
from rtml.captures.sensors.sysflow import records
from rtml.commands import progress as shown
from rtml.commands.progress import Display, progress
from rtml.errors import RtmlError
from rtml.models import train
from rtml.progress import listening, report, stage, steps
from rtml.reading.content import first_bytes
from rtml.reading.documents import documents
from rtml.rules.chosen import Chosen
from rtml.rules.correlations import CORRELATIONS
from rtml.rules.running.run import run_all
from tests.captures.test_bpftrace import line
from tests.conftest import LAB, REPOSITORY


class Clock:
    """Seconds that only a test lets pass."""

    tenths = 1000

    def __call__(self) -> float:
        return self.tenths / 10


@pytest.fixture
def clock() -> Clock:
    return Clock()


def display(clock: Clock, terminal: bool) -> tuple[Display, StringIO]:
    file = StringIO()
    return Display("importing", Console(file=file, force_terminal=terminal, width=160), clock), file


def passing(clock: Clock, seconds: float, one: Display) -> None:
    """Let time pass as the thread does, ten looks a second."""
    for _ in range(round(seconds * 10)):
        clock.tenths += 1
        one.tick()


@pytest.mark.parametrize("terminal", [True, False])
def test_work_of_less_than_two_seconds_shows_nothing(clock: Clock, terminal: bool):
    one, file = display(clock, terminal)
    one.hear("reading", 1, 4, "files")
    passing(clock, 1.9, one)
    one.close()
    assert file.getvalue() == ""


def test_a_pipe_gets_one_plain_line_every_ten_seconds(clock: Clock):
    one, file = display(clock, terminal=False)
    one.hear("reading", 0, 12, "files")
    passing(clock, 9.9, one)
    assert file.getvalue() == ""
    one.hear("reading", 3, 12, "files")
    passing(clock, 0.1, one)
    assert file.getvalue() == "importing: reading 3 of 12 files · 25 % · 18 files/min · 30 s left\n"
    passing(clock, 30, one)
    one.close()
    assert len(file.getvalue().splitlines()) == 4
    assert "\x1b" not in file.getvalue()


def test_a_terminal_gets_a_bar_with_rate_and_remaining_time(clock: Clock):
    one, file = display(clock, terminal=True)
    one.hear("decoding", 0, 1e9, "bytes")
    passing(clock, 2.0, one)
    one.hear("decoding", 25e7, 1e9, "bytes")
    passing(clock, 3.0, one)
    drawn = file.getvalue()
    assert "250.0 MB of 1.0 GB · 25 % · 50.0 MB/s · 15 s left" in drawn
    assert "━" in drawn and "importing" in drawn
    one.close()
    assert "\x1b[2K" in file.getvalue()[len(drawn) :], "the bar is taken away at the end"


def test_a_terminal_gets_a_clock_where_nobody_knows_the_total(clock: Clock):
    one, file = display(clock, terminal=True)
    one.hear("resolving", 0, None, "")
    passing(clock, 7.0, one)
    assert re.search(r"resolving.* 7 s", file.getvalue())


def test_steps_lie_within_each_other_and_vanish_when_they_end(clock: Clock):
    one, file = display(clock, terminal=False)
    one.hear("experiment", 1, 4, "steps")
    one.hear("scoring", 2, 5, "detectors")
    one.hear("rules", 1, 3, "groups")
    one.hear("rules", 3, 3, "groups")
    passing(clock, 10, one)
    first = file.getvalue()
    assert "experiment 1 of 4 steps" in first and "; scoring 2 of 5 detectors" in first
    assert "rules" not in first
    one.hear("scoring", 5, 5, "detectors")
    one.hear("experiment", 4, 4, "steps")
    passing(clock, 10, one)
    assert file.getvalue()[len(first) :] == "importing: 20 s\n"


def test_names_of_files_cannot_move_a_cursor(clock: Clock):
    for terminal in (True, False):
        one, file = display(clock, terminal)
        one.hear("parsing \x1b[2J[red]log", 1, 2, "files")
        passing(clock, 10, one)
        assert "\x1b[2J" not in file.getvalue() and r"\x1b[2J[red]log" in file.getvalue()


def test_a_command_shows_progress_on_standard_error_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(shown, "EVERY", 0.05)
    with progress("counting"):
        for _ in steps(range(4), "numbers", "numbers"):
            time.sleep(0.15)
    out, err = capsys.readouterr()
    assert out == ""
    assert re.search(r"^counting: numbers 2 of 4 numbers · 50 %", err, re.M)


def test_a_terminal_keeps_its_standard_output_and_gets_its_cursor_back(monkeypatch: pytest.MonkeyPatch):
    file, own = StringIO(), sys.stdout
    monkeypatch.setattr(shown, "AFTER", 0.0)
    monkeypatch.setattr(shown, "Console", lambda **_: Console(file=file, force_terminal=True))
    with progress("working"):
        time.sleep(0.5)
        assert "working" in file.getvalue()
        assert sys.stdout is own
    assert file.getvalue().rindex("\x1b[?25h") > file.getvalue().rindex("\x1b[?25l")


def test_a_failure_ends_the_progress_too():
    def silent(*heard: object) -> None:
        raise AssertionError(heard)

    with listening(silent), pytest.raises(RtmlError), progress("failing"):
        raise RtmlError("no")
    assert "progress" not in {thread.name for thread in threading.enumerate()}
    report("nobody listens", 1, 2, "files")


HURRIED = """
import sys
import rtml.commands.progress
rtml.commands.progress.EVERY = 0.0
from rtml.cli import main
main()
"""


def test_json_stays_json_while_progress_is_shown(tmp_path: Path):
    arguments = ["rules", str(LAB / "capture"), "--json"]
    done = subprocess.run(
        [sys.executable, "-c", HURRIED, *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["findings"] > 0
    assert "running rules: " in done.stderr and "groups" in done.stderr


def test_the_inner_listener_hears_and_every_step_ends():
    outer: list[tuple[object, ...]] = []
    inner: list[tuple[object, ...]] = []
    with listening(lambda *heard: outer.append(heard)):
        with listening(lambda *heard: inner.append(heard)):
            for number in steps([1, 2, 3], "cut short", "numbers"):
                if number == 2:
                    break
            with pytest.raises(RtmlError), stage("broken"):
                raise RtmlError("no")
        report("after", 1)
    assert outer == [("after", 1, None, "")]
    assert inner[-3:] == [("cut short", 3, 3, "numbers"), ("broken", 0, None, ""), ("broken", 1, 1, "")]


@pytest.mark.parametrize("events", [5, 5000])
def test_an_import_reports_its_steps_not_its_events(tmp_path: Path, events: int):
    (tmp_path / "log").write_text("\n".join(line("exec", n, "/bin/sh") for n in range(1, events + 1)))
    heard = heard_in(lambda: import_capture("bpftrace", [tmp_path / "log"], tmp_path / "c"))
    assert list(heard) == ["reading", "reading log", "resolving processes", "writing"]
    assert sum(map(len, heard.values())) <= 10


def heard_in(work: Callable[[], object]) -> dict[str, list[tuple[float, float | None, str]]]:
    """Return what a piece of work reported, by step; every step has ended."""
    heard: dict[str, list[tuple[float, float | None, str]]] = {}
    with listening(lambda step, *rest: heard.setdefault(step, []).append(rest)):
        work()
    assert all(reports[-1][0] == reports[-1][1] for reports in heard.values()), heard
    return heard


def test_training_and_scoring_report_blocks_families_and_detectors(lab: Capture):
    heard = heard_in(lambda: train(lab, ["random", "flag_all"], families=["activity"]).score(lab))
    assert heard["baseline"][3] == (3, 8, "blocks")
    assert heard["features"][0] == (0, 1, "families")
    for step in ("learning", "calibrating", "scoring"):
        assert heard[step] == [(n, 2, "detectors") for n in (0, 1, 2)], step


def test_rules_report_files_groups_and_correlations(lab: Capture):
    heard = heard_in(lambda: run_all(lab, Chosen()))
    groups = {step: reports for step, reports in heard.items() if not step.startswith("reading ")}
    assert {step: reports[0][2] for step, reports in groups.items()} == {
        "loading rules": "files",
        "evaluating rules": "groups",
        "correlating": "correlations",
    }
    assert len(heard["correlating"]) == len(CORRELATIONS) + 1


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_long_log_is_told_in_bytes_of_the_file(tmp_path: Path, pack: Callable[[bytes], bytes]):
    path = tmp_path / "audit.log"
    path.write_bytes(pack(b'{"a": "%s"}\n' % random.Random(1).randbytes(1000).hex().encode() * 3000))
    heard = heard_in(lambda: list(documents(path)))
    size = path.stat().st_size
    done = [one for one, total, unit in heard["reading audit.log"] if (total, unit) == (size, "bytes")]
    assert done == sorted(done) and done[-1] == size and len(done) <= size / 1e4


def test_the_beginning_of_a_file_is_a_step_that_ends(tmp_path: Path):
    (tmp_path / "log").write_bytes(b"x" * 5_000_000)
    heard_in(lambda: first_bytes(tmp_path / "log"))


def test_a_binary_log_is_told_in_bytes(monkeypatch: pytest.MonkeyPatch, shared: Path):
    monkeypatch.setattr(records, "_BATCH", 50)
    file = min((shared / "sysflow").rglob("*.sf"), key=lambda path: path.stat().st_size)
    heard = heard_in(lambda: records.read_records(file))
    size = file.stat().st_size
    assert heard[f"decoding {file.name}"][-1] == (size, size, "bytes")
