"""``rtml experiment sweep``: search among settings before the test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtml.commands import arguments
from rtml.commands.experiment import Set
from rtml.commands.output import console, print_json, print_table
from rtml.commands.progress import progress

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Side", "rehearsed", "sweep"]

Side = Annotated[str | None, typer.Option("--side", help="Whose result counts; else the combination.")]


def sweep(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG", help="Experiment file.", callback=arguments.configuration)
    ],
    vary: Annotated[list[str], typer.Option("--vary", help="key=value,value (repeatable).")],
    out: Annotated[
        Path, typer.Option("--out", help="New folder: sweep.parquet, chosen.yml.", callback=arguments.new)
    ],
    set_: Set = None,
    side: Side = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Try every combination: `rtml experiment sweep experiments/lab.yml --vary blocks=4,8 --out tuned`.

    Each is trained and judged in the time before the test, where process trees of other workloads are to be
    found; the labels stay closed. The best is written as an experiment file, with `tried` counted on.
    """
    from rtml.commands.experiment_checks import check_experiment
    from rtml.experiment.sweep import configurations, write_sweep
    from rtml.experiment.sweep import sweep as search

    base, tried = configurations(config, set_ or [], vary)
    for one in tried.values():
        check_experiment(one)
    with progress(f"trying {len(tried)} settings"):
        result = search(base, tried, side)
        file = write_sweep(result, out)
    if as_json:
        print_json({"tried": result.chosen.tried, "chosen": str(file), "rows": result.table.to_dicts()})
        return
    rehearsed("settings", result.table.filter("chosen"))
    console.print(
        f"{result.tried} configurations tried here, {result.chosen.tried} in all; the best: {file}",
        markup=False,
    )


def rehearsed(first: str, table: pl.DataFrame) -> None:
    """Print what was found of what was put in, by the column that is named first."""
    columns = [first, "side", "found", "of", "false", "budget", "auroc"]
    rows = table.select(columns).iter_rows()
    print_table("", [*columns[:-1], "AUROC"], ([*row[:-1], _digits(row[-1])] for row in rows))


def _digits(number: float | None) -> str:
    return "-" if number is None else f"{number:.3f}"
