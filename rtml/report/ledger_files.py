"""Write a ledger: ``ledger.json`` for people and programs, two tables for analysis."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from rtml.evaluation.ledger import MEASURES, Ledger
from rtml.reading.whole import write_parquet, write_text
from rtml.report.techniques import write_layer

__all__ = ["as_json", "write_ledger"]

FORMAT = 1

MEASURED = "measures.parquet"
"""One row per side and measure: `rtml.evaluation.measures.ROWS`."""


def write_ledger(ledger: Ledger, folder: Path | str) -> tuple[Path, Path]:
    """Write ``ledger.json``, ``ledger.parquet`` (one row per attack and side), `MEASURED` and a layer.

    The layer (`rtml.report.techniques.LAYER`) is for the ATT&CK Navigator. Each file appears whole or not
    at all. The JSON is strict: unknown is null with a reason, there is no NaN.
    """
    ledger_file, attacks_file = Path(folder) / "ledger.json", Path(folder) / "ledger.parquet"
    text = json.dumps(as_json(ledger), allow_nan=False, indent=1, ensure_ascii=True)
    write_text(ledger_file, text + "\n")
    write_parquet(attacks_file, ledger.attacks)
    write_parquet(Path(folder) / MEASURED, ledger.measures)
    write_layer(ledger, folder)
    return ledger_file, attacks_file


def as_json(ledger: Ledger) -> dict[str, Any]:
    """Return the ledger as strict JSON values, a measure as value, interval, method, reason."""
    return {
        "format": FORMAT,
        "facts": ledger.facts,
        "headline": _plain(ledger.headline),
        "sides": [_side(row) for row in ledger.summary.iter_rows(named=True)],
        "by_attack": _plain(ledger.by_attack),
        "by_grade": _plain(ledger.by_grade),
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
