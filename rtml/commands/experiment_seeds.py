"""What ``rtml experiment run --seeds`` prints: each side at each budget, median and range."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rtml.commands.output import console, print_json, print_table
from rtml.commands.progress import progress

if TYPE_CHECKING:
    import polars as pl

    from rtml.experiment.config import Experiment

__all__ = ["seeds"]


def seeds(experiment: Experiment, out: Path, number: int, track: bool, as_json: bool) -> None:
    """Run an experiment over seeds and print what they spread over."""
    from rtml.experiment.seeds import run_seeds

    with progress(f"running {experiment.name} with {number} seeds"):
        table = run_seeds(experiment, out, number, track)
    if as_json:
        print_json(table.to_dicts())
        return
    budgets = table["asked"].unique().sort().to_list()
    title = f"{number} seeds: found / false findings, median and range, ! = budget broken with some seed"
    print_table(title, ["side", *(f"{asked:g} a day" for asked in budgets)], _rows(table))
    console.print(f"runs        {out}/seed-*", markup=False)


def _rows(table: pl.DataFrame) -> Iterator[list[object]]:
    for (side,), rows in table.partition_by("side", as_dict=True, maintain_order=True).items():
        yield [side, *(_cell(row) for row in rows.sort("asked").iter_rows(named=True))]


def _cell(row: dict[str, float]) -> str:
    found, false = (_ranged(*(row[f"{name}_{end}"] for end in ("median", "low", "high"))) for name in _NAMES)
    return f"{found} / {false}{' !' if row['held'] < row['seeds'] else ''}"


_NAMES = ("found", "false")


def _ranged(median: float, low: float, high: float) -> str:
    return f"{median:g}" if low == high else f"{median:g} ({low:g}–{high:g})"
