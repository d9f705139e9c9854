"""Real sensor files for the import benchmark, repeated until there is something to measure."""

from __future__ import annotations

from pathlib import Path

__all__ = ["sensor_inputs"]

_SHARED = Path(__file__).parents[2] / "shared" / "data"
_REPEATED = {
    "bpftrace": ("lab/benign/bpftrace.jsonl.gz", 2),
    "sysflow": ("sysflow/*.sf", 3),
    "beth": ("beth/*.csv", 30),
}


def sensor_inputs() -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return input files per sensor, and the reason for each sensor that has none here."""
    found, skipped = {}, {}
    for sensor, (pattern, times) in _REPEATED.items():
        files = sorted(str(path) for path in _SHARED.glob(pattern)) if _SHARED.is_dir() else []
        if files:
            found[sensor] = files * times
        else:
            skipped[sensor] = f"{_SHARED / pattern} is absent"
    return found, skipped
