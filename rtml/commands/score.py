"""``rtml score``: the batch job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtml.commands import arguments, names
from rtml.commands.destinations import print_destinations_only
from rtml.commands.output import console, print_json
from rtml.commands.progress import progress
from rtml.errors import RtmlError
from rtml.text import visible

__all__ = ["score"]


def score(
    captures: Annotated[
        list[str], typer.Argument(metavar="CAPTURE...", help="Captures.", callback=arguments.capture)
    ],
    model: Annotated[str, typer.Option("--model", help="Folder, or MLflow URI of a model.")],
    out: Annotated[Path, typer.Option("--out", help="New folder for scores and findings.")],
    budget: Annotated[
        float | None,
        typer.Option(
            "--budget", help="False findings per container-day.", min=0, callback=arguments.above_zero
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            "--engine", help="Where it runs: local.", callback=arguments.one_of("engine", names.ENGINES)
        ),
    ] = "local",
    resume: Annotated[bool, typer.Option("--resume", help="Keep a result that is done.")] = False,
    suppress: Annotated[
        Path | None, typer.Option("--suppress", help="Suppression rules (YAML).", callback=arguments.existing)
    ] = None,
    scope: Annotated[
        Path | None, typer.Option("--scope", help="What to look at (YAML).", callback=arguments.existing)
    ] = None,
    hold: Annotated[
        str | None,
        typer.Option(
            "--hold", help="Look ahead for roll-outs so far only, as a watch: 10m.", show_default=False
        ),
    ] = None,
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
    """Score captures: `rtml score CAPTURE --model runs:/ID/model --out scored`.

    Windows that the model has learnt from are skipped and counted. The folder appears when it is
    complete, never half. Findings that `--suppress quiet.yml` means are archived in it, in
    `suppressed.parquet`. A tracked job is a run in MLflow; one that fails says why in its tag
    `rtml.status_reason`.
    """
    from rtml.tracking.places import fetched_model
    from rtml.tracking.store import configured

    if out.exists() and not resume:
        raise RtmlError(f"{out}: exists already; --resume keeps a finished result")
    tracked = (configured() if track is None else track) and not out.exists()
    with fetched_model(model) as folder, progress("scoring"):
        if tracked:
            from rtml.tracking.jobs import run_tracked_job

            done = run_tracked_job(captures, folder, out, budget, suppress, model, scope, hold)
        else:
            from rtml.models.job import run_job

            done = run_job(captures, folder, out, budget, resume, suppress, model, scope, hold)
    if as_json:
        print_json(done)
        return
    console.print(
        f"{out}: {done['windows']:,} windows · {done['alarms']:,} alarms ·"
        f" {done['findings']:,} findings · {done['skipped']:,} windows skipped (learnt from)",
        markup=False,
    )
    if done.get("nameless"):
        console.print(f"  {done['nameless']}", markup=False)
    for rule in done.get("suppressions", []):
        outcome = f"archived {rule['archived']:,}" if rule["active"] else "expired, archived none"
        console.print(f"  {visible(rule['name'])}: {outcome} of {rule['matched']:,}", markup=False)
    for name, sentence in done["budget"].items():
        console.print(f"  {name}: {sentence}", markup=False)
    for sentence in done.get("drift", []):
        console.print(f"  drift: {visible(sentence, 200)}", markup=False)
    print_destinations_only(captures)
