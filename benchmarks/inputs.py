"""Real sensor files for the import benchmark, repeated until there is something to measure."""

from __future__ import annotations

import shutil
from pathlib import Path

__all__ = ["sensor_inputs"]

_SHARED = Path(__file__).parents[2] / "shared" / "data"
_REPEATED = {"bpftrace": ("lab/benign/bpftrace.jsonl.gz", 2), "sysflow": ("sysflow/*.sf", 3)}
_LENGTHENED = {"beth": ("beth/bethsecure_labelled_training_data.csv", 5000)}
"""Files of a hundred rows: their rows are repeated in one file, or opening files is measured."""


def sensor_inputs(folder: Path) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return input files per sensor, and the reason for each sensor that has none here."""
    found, skipped = {}, {}
    for sensor, (pattern, times) in _REPEATED.items():
        files = sorted(_SHARED.glob(pattern)) if _SHARED.is_dir() else []
        if files:
            found[sensor] = [str(_again(path, number, folder)) for number in range(times) for path in files]
        else:
            skipped[sensor] = f"{_SHARED / pattern} is absent"
    for sensor, (name, times) in _LENGTHENED.items():
        if (_SHARED / name).is_file():
            found[sensor] = [str(_lengthened(_SHARED / name, times, folder))]
        else:
            skipped[sensor] = f"{_SHARED / name} is absent"
    return found, skipped


def _again(path: Path, number: int, folder: Path) -> Path:
    """Return a copy under another name: one file named twice is refused."""
    copy = folder / f"{number}-{path.name}"
    shutil.copyfile(path, copy)
    return copy


def _lengthened(path: Path, times: int, folder: Path) -> Path:
    """Write a CSV file with all rows of another, over and over."""
    header, _, rows = path.read_text("utf-8").partition("\n")
    long = folder / path.name
    long.write_text(f"{header}\n{rows * times}", "utf-8")
    return long
