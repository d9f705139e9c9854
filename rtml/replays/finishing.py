"""From raw logs and journal to what importers read: ``bpftrace.jsonl.gz``, ``sitting.json``."""

from __future__ import annotations

import gzip
import json
import platform
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rtml.replays.clock import stepped
from rtml.replays.scenario import Scenario

__all__ = ["join_logs", "log_of", "sitting_of", "write_json"]

_TIME = re.compile(rb'"data": "[a-z0-9]+\\u001f(\d+)')
Facts = list[dict[str, Any]]


def join_logs(raw: Path, facts: Facts, out: Path) -> int:
    """Write one log of a sitting from those of its sensors; return the number of lines.

    Of each log only the lines between ``since`` and ``until`` (nanoseconds since boot) count. Lines
    that carry no time, such as losses, are kept.
    """
    bounds = {f["log"]: (f["since"] or 0, f["until"] or 2**63) for f in facts if f["what"] == "sensor"}
    count = 0
    with gzip.open(out, "wb", compresslevel=5) as stream:
        for path in sorted(raw.glob("sensor-*.jsonl"), key=lambda p: int(p.stem.split("-")[1])):
            since, until = bounds.get(path.name, (0, 2**63))
            for line in _between(path, since, until):
                stream.write(line)
                count += 1
    return count


def _between(path: Path, since: int, until: int) -> Iterator[bytes]:
    with path.open("rb") as lines:
        for line in lines:
            time = _TIME.search(line[:80])
            if line.endswith(b"\n") and (time is None or since <= int(time[1]) < until):
                yield line


def sitting_of(facts: Facts) -> dict[str, Any]:
    """Return ``sitting.json``: containers, clocks, host, what operators did."""
    containers = {f["name"]: _without(f, "what", "name") for f in facts if f["what"] == "container"}
    begin, end = _last(facts, "begin"), _last(facts, "end")
    actions = [
        {"what": f["action"], **_without(f, "what", "action", "output")}
        for f in facts
        if f["what"] == "action"
    ]
    return {
        "containers": containers,
        "clock_start": _without(begin, "what"),
        "clock_end": _without(end, "what", "cpu_busy_share"),
        "host": _host(),
        "benign_operator_actions": actions,
    }


def log_of(scenario: Scenario, facts: Facts, lines: int) -> dict[str, Any]:
    """Return ``log.json``: how the sitting went, what the sensor cost, what failed."""
    begin, up, end = (_last(facts, kind) for kind in ("begin", "up", "end"))
    seconds = (end.get("mono_ns", 0) - begin.get("mono_ns", 0)) / 1e9 if begin else 0.0
    step = stepped(begin, end) if begin and end else 0.0
    why = [f["why"] for f in facts if f["what"] == "incomplete"]
    if abs(step) > 1:
        why.append(f"the wall clock was set by {step:+.1f} s during the sitting")
    sensors = [_without(f, "what") for f in facts if f["what"] == "sensor"]
    return {
        "scenario": scenario.model_dump(mode="json"),
        "complete": bool(end) and not why,
        "incomplete_because": why,
        "seconds": round(seconds, 1),
        "start_up_seconds": round((up.get("mono_ns", 0) - begin.get("mono_ns", 0)) / 1e9, 1)
        if up and begin
        else None,
        "lines": lines,
        "lines_per_second": round(lines / seconds, 1) if seconds else None,
        "cpu_busy_share": end.get("cpu_busy_share"),
        "sensor_cpu_share": round(sum(s["cpu_seconds"] for s in sensors) / max(seconds, 1e-9), 4),
        "sensors": sensors,
        "not_done": [_without(f, "what") for f in facts if f["what"] in ("failed", "died")],
        "stretched": _without(_last(facts, "stretched"), "what"),
        "changes": [f for f in facts if f["what"] in ("grow", "shrink", "drift")]
        + [_without(f, "what") for f in facts if f["what"] in ("restart", "rollout")],
        "attacks": [_without(f, "what") for f in facts if f["what"] == "attack"],
    }


def _last(facts: Facts, kind: str) -> dict[str, Any]:
    return next((f for f in reversed(facts) if f["what"] == kind), {})


def _without(fact: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in fact.items() if key not in keys}


def _host() -> dict[str, str]:
    versions = {name: _version(name) for name in ("podman", "runc", "bpftrace")}
    return {"hostname": platform.node() or "lab", "kernel": platform.release(), **versions}


def _version(program: str) -> str:
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return (done.stdout.splitlines() or ["unknown"])[0]


def write_json(path: Path, value: Any) -> None:
    """Write one JSON file, readable by people."""
    path.write_text(json.dumps(value, indent=1) + "\n", "utf-8")
