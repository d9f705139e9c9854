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
        Path | None,
        typer.Option("--out", help="Folder for robustness.parquet; that of a run gets it into its page."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every level of each change; without it two or three make a curve.")
    ] = False,
    asked: Annotated[
        float | None,
        typer.Option("--budget", help="False findings per container-day to show: 0.5, 1, 3, 10 or 30."),
    ] = None,
    set_: Set = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Poison, lose, evade, roll out: `rtml experiment robustness experiments/lab.yml --out runs/lab`.

    Each change is made in a copy of the capture, which is judged at all budgets of the headline and counts
    as a look at the test labels.
    """
    from rtml.commands.experiment_checks import check_experiment
    from rtml.experiment.config import load_experiment
    from rtml.experiment.robustness import CHANGES
    from rtml.experiment.robustness.judging import robustness as judge_changes

    arguments.one_of("change", CHANGES)(change)
    shown = _shown(asked)
    experiment = load_experiment(config, set_ or [])
    check_experiment(experiment)
    with progress("judging changed copies"):
        table = judge_changes(experiment, change or None, every_level=every)
    if out is not None:
        write_parquet(table, out / "robustness.parquet")
        _into_page(table, out / "report.html")
    if as_json:
        print_json(table.to_dicts())
        return
    title = f"found / false findings at {shown:g} a container-day, ! = budget broken"
    print_table(title, ["change", "level", *_SIDES], _rows(table, shown))
    reasons = table.drop_nulls("reason").unique(["change", "level"], keep="first", maintain_order=True)
    for row in reasons.iter_rows(named=True):
        console.print(f"  {row['change']} {row['level']:g}: {row['reason']}", markup=False)


_SIDES = ("rules", "models", "both")


def _shown(asked: float | None) -> float:
    from rtml.errors import UsageError
    from rtml.schema import BUDGETS

    if asked is not None and asked not in BUDGETS:
        listed = ", ".join(f"{budget:g}" for budget in BUDGETS)
        raise UsageError(f"{asked:g}: sides are set to {listed}", argument="budget")
    return 1.0 if asked is None else asked


def _into_page(table: pl.DataFrame, page: Path) -> None:
    from rtml.report import add_robustness

    if page.is_file():
        add_robustness(page, table)
        console.print(f"in the page of the run: {page}", markup=False)


def _rows(table: pl.DataFrame, asked: float) -> Iterator[list[object]]:
    import polars as pl

    judged = table.filter(pl.col("asked").is_null() | (pl.col("asked") == asked))
    for (change, level, unit), rows in judged.partition_by(
        "change", "level", "unit", as_dict=True, maintain_order=True
    ).items():
        cells = {row["side"]: _cell(row) for row in rows.iter_rows(named=True)}
        yield [change, f"{level:g} {unit}" if unit else "", *(cells[side] for side in _SIDES)]


def _cell(row: dict[str, object]) -> str:
    if row["found"] is None:
        return "-"
    return f"{row['found']} of {row['of']} / {row['false']}{' !' if row['budget'] == 'broken' else ''}"
