"""``rtml score``: the scoring job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtml.commands import arguments, job_arguments
from rtml.commands.job_metrics import INCOMPLETE, metered
from rtml.commands.json_log import following
from rtml.commands.output import print_json
from rtml.commands.shared_options import Address, Budget, Engine, Falco, Lists, Scope, Sigma, Suppress

__all__ = ["score"]


def score(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Captures, folders of captures, patterns; here or in a store.",
            callback=job_arguments.inputs,
        ),
    ],
    model: Annotated[str, typer.Option("--model", help="Folder, or MLflow URI of a model.")],
    out: Annotated[
        str,
        typer.Option(
            "--out", help="Folder for scores and findings, here or in a store.", callback=job_arguments.place
        ),
    ],
    budget: Budget = None,
    suppress: Suppress = None,
    scope: Scope = None,
    rules: Annotated[
        bool, typer.Option("--rules", help="Tell what our rules find too, of the packs that fit.")
    ] = False,
    sigma: Sigma = None,
    falco: Falco = None,
    lists: Lists = None,
    engine: Engine = "local",
    workers: Annotated[
        int | None,
        typer.Option("--workers", help="Processes at a time; by default one per processor.", min=1),
    ] = None,
    memory: Annotated[
        str, typer.Option("--memory", help="For all workers together.", callback=job_arguments.memory)
    ] = "2GB",
    address: Address = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and stop.")] = False,
    metrics: Annotated[
        Path | None,
        typer.Option("--metrics", help="File for Prometheus' text format.", callback=arguments.local),
    ] = None,
    log_format: Annotated[
        str,
        typer.Option(
            "--log-format",
            help="Progress as text or json.",
            callback=arguments.one_of("format", ("text", "json")),
        ),
    ] = "text",
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Go on with another model, for days that have something new.")
    ] = False,
    track: Annotated[
        bool | None,
        typer.Option(
            "--track/--no-track",
            help="Log the job to MLflow; by default where MLFLOW_TRACKING_URI is set.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Score what is new: `rtml score captures/ --model runs:/ID/model --out scored`, every hour.

    Exit codes: 0 all is scored (or nothing is new), 1 it failed, 2 wrong use, 3 something was set aside,
    4 another job is writing there. Windows that the model has learnt from are skipped and counted.
    Findings that `--suppress quiet.yml` means go to `suppressed.parquet`. With `--rules`, and with files
    (`--sigma`, `--falco`), findings of rules stand beside the model's. docs/scoring.md says what lies where,
    and what is final when.
    """
    from rtml.tracking.places import fetched_model

    more = {
        "budget": budget, "suppress": suppress, "scope": scope, "engine": engine, "workers": workers,
        "memory": job_arguments.amount(memory), "address": address, "adopt": adopt,
        "rules": job_arguments.chosen(rules, sigma, falco, lists),
    }  # fmt: skip
    place = None if dry_run else metrics
    with following("scoring", log_format) as told, metered(place) as done, fetched_model(model) as folder:
        from rtml.tracking.jobs import planned_job, run_tracked_job

        if dry_run:
            plan = planned_job(inputs, folder, out, model, more)
        else:
            done.append(run_tracked_job(inputs, folder, out, model, more, track))
            told(done[0].facts())
    from rtml.commands.job_output import print_done, print_plan

    if dry_run:
        print_json(plan.facts()) if as_json else print_plan(plan)
        return
    print_json(done[0].result) if as_json else print_done(out, done[0])
    if not done[0].complete:
        raise typer.Exit(INCOMPLETE)
