"""Write a ledger: ``ledger.json`` for people and programs, ``ledger.parquet`` for analysis."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from rtml.evaluation.ledger import MEASURES, Ledger

__all__ = ["as_json", "write_ledger", "write_whole"]

FORMAT = 1


def write_ledger(ledger: Ledger, folder: Path | str) -> tuple[Path, Path]:
    """Write ``ledger.json`` and ``ledger.parquet`` (one row per attack and side) into ``folder``.

    Each file appears whole or not at all. The JSON is strict: unknown is null with a reason, there
    is no NaN.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(as_json(ledger), allow_nan=False, indent=1, ensure_ascii=True)
    return (
        write_whole(folder / "ledger.json", lambda path: path.write_text(text + "\n", "utf-8")),
        write_whole(folder / "ledger.parquet", ledger.attacks.write_parquet),
    )


def write_whole(path: Path, write: Callable[[Path], Any]) -> Path:
    """Let ``write`` fill a file beside ``path``, then move it into place in one step."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    os.close(handle)
    try:
        write(Path(name))
        Path(name).chmod(0o644)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)
    return path


def as_json(ledger: Ledger) -> dict[str, Any]:
    """Return the ledger as strict JSON values, a measure as value, interval, method, reason."""
    return {
        "format": FORMAT,
        "facts": ledger.facts,
        "sides": [_side(row) for row in ledger.summary.iter_rows(named=True)],
        "by_attack": _plain(ledger.by_attack),
        "attacks": _plain(ledger.attacks),
        "budget_curve": _plain(ledger.curve),
        "operating_points": _plain(ledger.points),
    }


def _side(row: dict[str, Any]) -> dict[str, Any]:
    plain = {
        name: value
        for name, value in row.items()
        if not any(name == m or name.startswith(f"{m}_") for m in MEASURES)
    }
    ends = ("low", "high", "method", "reason")
    return plain | {
        name: {"value": row[name], **{end: row[f"{name}_{end}"] for end in ends}} for name in MEASURES
    }


def _plain(frame: pl.DataFrame) -> list[dict[str, Any]]:
    times = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime)]
    numbers = [name for name, kind in frame.schema.items() if kind == pl.Float64]
    return frame.with_columns(
        pl.col(times).dt.to_string("iso:strict"),
        # A threshold of infinity ("rules alone") has no place in strict JSON.
        pl.when(pl.col(numbers).is_finite()).then(pl.col(numbers)),
    ).to_dicts()
