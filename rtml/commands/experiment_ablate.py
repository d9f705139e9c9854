"""``rtml experiment ablate``: what each family and each detector is good for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtml.commands import arguments
from rtml.commands.experiment import Set
from rtml.commands.experiment_sweep import Side
from rtml.commands.output import console, print_json, print_table, write_parquet
from rtml.commands.progress import progress
from rtml.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["ablate"]


def ablate(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG", help="Experiment file.", callback=arguments.configuration)
    ],
    test: Annotated[bool, typer.Option("--test", help="On the test: each part is a counted look.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Table as Parquet; with --test a new folder of runs.", callback=arguments.new
        ),
    ] = None,
    set_: Set = None,
    side: Side = None,
    track: Annotated[bool, typer.Option(help="With --test: log the runs to MLflow.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Leave each part out in turn: `rtml experiment ablate experiments/lab.yml`.

    Judged is in the time before the test, where process trees of other workloads are to be found.
    """
    from rtml.commands.experiment_checks import check_experiment
    from rtml.experiment.ablation import ablate as rehearse
    from rtml.experiment.ablation import ablate_on_test
    from rtml.experiment.config import load_experiment

    experiment = load_experiment(config, set_ or [])
    check_experiment(experiment)
    if test and out is None:
        raise UsageError("where to? every part is a run of its own", argument="out")
    with progress("leaving parts out"):
        if test and out is not None:
            table = ablate_on_test(experiment, out, side, track)
        else:
            table = rehearse(experiment, side)
            if out is not None:
                write_parquet(table, out)
    if as_json:
        print_json(table.to_dicts())
    else:
        _show(table, test)


def _show(table: pl.DataFrame, test: bool) -> None:
    columns = ["without", "side", "found", "of", "false", "budget", "lost", "more_false", "auroc_lost"]
    rows = (
        [*row[:-1], "-" if row[-1] is None else f"{row[-1]:+.3f}"]
        for row in table.select(columns).iter_rows()
    )
    print_table("", [*columns[:-2], "more false", "AUROC lost"], rows)
    where = (
        f"judged on the test: {table.height} looks at its labels were counted"
        if test
        else "judged before the test, on process trees of other workloads: not how good any part is"
    )
    console.print(f"  {where}", markup=False)
