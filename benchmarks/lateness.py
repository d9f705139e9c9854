"""How late findings of a watch stand, fed as time passes: ``python -m benchmarks.lateness --rate 20000``.

A log grows by so many events a second, ten times a second, with the times of this moment: the shipped
bpftrace sample (which holds attacks), or Falco's lines of the tests, again and again. `rtml watch` follows it
in a process of its own. A finding is late by the time from the end of the window that it is of (the minute of
its last event) until it stands in the output; what is told while its window still comes is early, below 0;
alarms that wait for the hold are not among them. The log is behind by the age of the newest event that was
committed, looked at every five seconds. A sensor takes the time that it is fed (`--seconds`), half a minute
before it for its lines, and up to a minute after it for the watch to stop; the model, a minute once.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.long_import import SAMPLE
from benchmarks.watching import ROOT, TRAIN, fast_lines, run

FALCO = ROOT / "tests" / "data" / "falco" / "events.jsonl"
WATCH = "import sys; from rtml.cli import main; sys.exit(main())"
GOAL = 10.0
"""Seconds after a window within which a finding is to stand."""

_PATIENCE = 60.0
"""Seconds within which a watch that is told to stop must have stopped, however far it is behind."""

_TICKS = 10
_MINUTE = 60
Feed = Callable[[int, float], bytes]
"""From the number of a tick and its time, in seconds since 1970, to the lines of it."""


@dataclass
class Seen:
    """What was seen of a watch: lateness of findings by id, how far the log was behind, in seconds."""

    late: dict[str, float] = field(default_factory=dict)
    behind: list[float] = field(default_factory=list)
    read: int = 0

    def look(self, out: Path) -> None:
        """Note the findings that stand in a file by now; each counts when it is told for the first time."""
        with out.open("rb") as file:
            file.seek(self.read)
            lines = file.read()
        whole = lines[: lines.rfind(b"\n") + 1]
        self.read += len(whole)
        for finding in map(json.loads, whole.splitlines()):
            last = dt.datetime.fromisoformat(finding["last_seen"]).timestamp()
            end = (int(last) // _MINUTE + 1) * _MINUTE
            self.late.setdefault(finding["finding_id"], time.time() - end)

    def look_behind(self, capture: Path) -> None:
        """Note how old the newest event is that was committed."""
        if capture.is_file() and (end := json.loads(capture.read_text())["end"]) is not None:
            self.behind.append(time.time() - dt.datetime.fromisoformat(end).timestamp())


def of_bpftrace(place: Path, rate: int, seconds: int) -> Feed:
    """Write the sitting of a log that begins now; return its lines tick by tick."""
    first, lines = fast_lines(SAMPLE, rate * seconds, rate)
    sitting = json.loads((SAMPLE.parent / "sitting.json").read_text())
    clock, now = sitting["clock_start"], time.time_ns()
    clock["unix_ns"], clock["boot_ns"] = now, first
    (place / "sitting.json").write_text(json.dumps(sitting))
    size = rate // _TICKS
    return lambda tick, _: b"".join(lines[tick * size : (tick + 1) * size])


def of_falco(place: Path, rate: int, seconds: int) -> Feed:
    """Return the lines of Falco's sample, with the time of each tick."""
    del place, seconds
    own = [alert for alert in map(_alert, FALCO.read_text().splitlines()) if alert]
    size = rate // _TICKS

    def feed(tick: int, at: float) -> bytes:
        lines = []
        for number in range(size):
            one = own[(tick * size + number) % len(own)]
            now = int(at * 1e9) + number * 10**9 // rate
            one["output_fields"]["evt.time"] = now
            one["time"] = dt.datetime.fromtimestamp(now / 1e9, dt.UTC).isoformat().replace("+00:00", "Z")
            lines.append(json.dumps(one))
        return ("\n".join(lines) + "\n").encode()

    return feed


def _alert(line: str) -> dict[str, Any]:
    """Read a line of the sample; empty where it is none of Falco's, as some are on purpose."""
    with suppress(ValueError):
        record = json.loads(line)
        return record if "evt.time" in record.get("output_fields", {}) else {}
    return {}


FEEDS = {"bpftrace": of_bpftrace, "falco": of_falco}


def measured(sensor: str, place: Path, rate: int, seconds: int, model: Path | None) -> tuple[Seen, float]:
    """Feed a watch; return what was seen, and its CPU seconds."""
    log, out, state = place / "log.jsonl", place / "found.jsonl", place / "state"
    log.touch()
    out.touch()
    feed = FEEDS[sensor](place, rate, seconds)
    command = [sys.executable, "-c", WATCH, "watch", sensor, str(log), "--out", str(out)]
    seen, begun = Seen(), time.time()
    with log.open("ab", buffering=0) as file:
        file.write(feed(0, begun))
        more = ["--state", str(state), *([] if model is None else ["--model", str(model)])]
        watcher = subprocess.Popen([*command, *more], cwd=ROOT, stderr=subprocess.DEVNULL)
        for tick in range(1, seconds * _TICKS):
            time.sleep(max(0.0, begun + tick / _TICKS - time.time()))
            file.write(feed(tick, begun + tick / _TICKS))
            seen.look(out)
            if tick % (5 * _TICKS) == 0:
                seen.look_behind(state / "capture" / "capture.json")
    return seen, stopped(watcher)


def stopped(watcher: subprocess.Popen[bytes]) -> float:
    """Stop a watch; return its CPU seconds. One that does not stop is ended, and that is said."""
    watcher.terminate()
    end = time.monotonic() + _PATIENCE
    done, _, usage = os.wait4(watcher.pid, os.WNOHANG)
    while not done and time.monotonic() < end:
        time.sleep(0.1)
        done, _, usage = os.wait4(watcher.pid, os.WNOHANG)
    if not done:
        _say(f"the watch did not stop within {_PATIENCE:.0f} s: killed")
        watcher.kill()
        _, _, usage = os.wait4(watcher.pid, 0)
    watcher.returncode = 0
    return usage.ru_utime + usage.ru_stime


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def quantile(values: list[float], share: float) -> float:
    """Return the value that a share of all do not exceed.

    >>> quantile([3.0, 1.0, 2.0], 0.5), quantile([3.0, 1.0, 2.0], 0.99)
    (2.0, 3.0)
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main() -> None:
    """Measure each sensor and print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=20_000, help="events a second")
    parser.add_argument("--seconds", type=int, default=190)
    parser.add_argument("--sensor", action="append", choices=list(FEEDS), help="only this one")
    parser.add_argument("--rules-only", action="store_true", help="no model")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        model = None if given.rules_only else Path(name) / "model"
        if model is not None:
            _say("training a model")
            run(TRAIN, str(ROOT / "datasets" / "lab-v1" / "capture"), str(model))
        for sensor in given.sensor or FEEDS:
            (place := Path(name) / sensor).mkdir()
            _say(f"{sensor}: feeding for {given.seconds} s")
            seen, cpu = measured(sensor, place, given.rate, given.seconds, model)
            _show(sensor, given.rate, seen, cpu / given.seconds)


def _show(sensor: str, rate: int, seen: Seen, cores: float) -> None:
    late, behind = list(seen.late.values()), seen.behind
    told = "no finding was told"
    if late:
        shares = ", ".join(f"{quantile(late, n / 100):.1f} s (p{n})" for n in (50, 99))
        goal = "held" if max(late) < GOAL else "MISSED"
        told = f"{len(late)} findings late by {shares}, {max(late):.1f} s (max): {goal}"
    ages = "never committed"
    if behind:
        ages = f"{quantile(behind, 0.5):.1f} s (p50), {behind[-1]:.1f} s at the end"
    sys.stdout.write(f"{sensor}, {rate:,} a second: {told}; behind by {ages}; {cores:.2f} cores\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
