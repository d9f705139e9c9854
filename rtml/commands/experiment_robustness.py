"""``rtml experiment robustness``: what a worse world does to models, rules and both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtml.commands import arguments
from rtml.commands.experiment import Set
from rtml.commands.output import console, print_json, print_table, write_parquet
from rtml.commands.progress import progress

if TYPE_CHECKING:
    import polars as pl

__all__ = ["robustness"]


def robustness(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG", help="Experiment file.", callback=arguments.configuration)
    ],
    change: Annotated[list[str] | None, typer.Option("--change", help="Only this (repeatable).")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for robustness.parquet, such as that of a run.")
    ] = None,
    set_: Set = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Poison, lose, evade, roll out: `rtml experiment robustness experiments/lab.yml --out runs/lab`.

    Each change is made in a copy of the capture, which is judged at the experiment's budget and counts as a
    look at the test labels.
    """
    from rtml.commands.experiment_checks import check_experiment
    from rtml.experiment.config import load_experiment
    from rtml.experiment.robustness import CHANGES
    from rtml.experiment.robustness.judging import robustness as judge_changes

    arguments.one_of("change", CHANGES)(change)
    experiment = load_experiment(config, set_ or [])
    check_experiment(experiment)
    with progress("judging changed copies"):
        table = judge_changes(experiment, change or None)
    if out is not None:
        write_parquet(table, out / "robustness.parquet")
    if as_json:
        print_json(table.to_dicts())
        return
    print_table("found / false findings, ! = budget broken", ["change", "level", *_SIDES], _rows(table))
    reasons = table.drop_nulls("reason").unique(["change", "level"], keep="first", maintain_order=True)
    for row in reasons.iter_rows(named=True):
        console.print(f"  {row['change']} {row['level']:g}: {row['reason']}", markup=False)


_SIDES = ("rules", "models", "both")


def _rows(table: pl.DataFrame) -> Iterator[list[object]]:
    for (change, level, unit), rows in table.partition_by(
        "change", "level", "unit", as_dict=True, maintain_order=True
    ).items():
        cells = {row["side"]: _cell(row) for row in rows.iter_rows(named=True)}
        yield [change, f"{level:g} {unit}" if unit else "", *(cells[side] for side in _SIDES)]


def _cell(row: dict[str, object]) -> str:
    if row["found"] is None:
        return "-"
    return f"{row['found']} of {row['of']} / {row['false']}{' !' if row['budget'] == 'broken' else ''}"
