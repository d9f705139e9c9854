"""``rtml evaluate``: judge findings, from wherever they come, against labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtml.commands import amounts, arguments
from rtml.commands.output import console
from rtml.commands.progress import progress

__all__ = ["evaluate"]


def evaluate(
    capture: Annotated[
        list[str], typer.Option("--capture", help="Capture (repeatable).", callback=arguments.capture)
    ],
    labels: Annotated[
        Path, typer.Option("--labels", help="Labels: .parquet, .csv or .jsonl.", callback=arguments.existing)
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for ledger and report.")],
    findings: Annotated[
        list[Path] | None,
        typer.Option("--findings", help="Findings: .parquet or .jsonl.", callback=arguments.existing),
    ] = None,
    more: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FINDINGS...]", help="More findings.", callback=arguments.existing),
    ] = None,
    every: Annotated[
        str | None, typer.Option("--window", help="Length of a window.", callback=amounts.window)
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Only judge from this UTC time on.", callback=amounts.time)
    ] = None,
    all_time: Annotated[
        bool, typer.Option("--all-time", help="All of the capture is test time: nothing was learnt from it.")
    ] = False,
    budget: Annotated[
        float | None,
        typer.Option(
            "--budget", help="False findings per container-day aimed at.", callback=amounts.above_zero
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of resampling.", min=0)] = None,
    measures: Annotated[bool, typer.Option("--measures", help="Print every measure and pair too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print ledger.json instead.")] = False,
) -> None:
    """Make a ledger: `rtml evaluate --capture C --labels L --findings F --out DIR`.

    Each detector in the findings becomes one side. Scores of every window are read from
    `NAME.scores.parquet` beside `NAME.parquet`, else from `scores.parquet`; without any, rules are
    ranked by their findings, and the ledger says so.

    Findings of `rtml experiment run` are judged on that run's terms and give its ledger again;
    of others, models are judged from their first score on (or `--since`, or `--all-time`); windows are 60s,
    the budget is 1, the seed 0.
    """
    from rtml.experiment.judge import judge
    from rtml.report import MeasuresView, ledger_view

    with progress("judging"):
        ledger, report, looks = judge(
            capture,
            labels,
            [*(findings or []), *(more or [])],
            out,
            every,
            since,
            budget,
            seed,
            all_time=all_time,
        )
    if as_json:
        typer.echo((out / "ledger.json").read_text("utf-8"))
        return
    console.print(ledger_view(ledger))
    if measures:
        console.print(MeasuresView(ledger))
    console.print(f"looks       {looks.sentence()}", markup=False)
    console.print(f"report      {report}", markup=False)
