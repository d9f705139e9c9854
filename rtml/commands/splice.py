"""``rtml replay splice``."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from rtml.commands import arguments
from rtml.commands.names import VARIANTS
from rtml.commands.output import console, print_json, print_table
from rtml.commands.progress import progress

__all__ = ["splice"]

Time = Annotated[dt.datetime | None, typer.Option(help="Only benign time from here / before here.")]


def splice(
    captures: Annotated[
        list[str], typer.Argument(metavar="CAPTURE...", help="Captures.", callback=arguments.capture)
    ],
    labels: Annotated[
        list[Path], typer.Option("--labels", help="Labels of their attacks.", callback=arguments.existing)
    ],
    out: Annotated[
        Path, typer.Option("--out", help="New folder: capture/ and labels.parquet.", callback=arguments.new)
    ],
    trials: Annotated[int, typer.Option("--trials", help="How many to make.")] = 100,
    seed: Annotated[int, typer.Option("--seed", help="What the choice depends on.")] = 0,
    gap: Annotated[float, typer.Option("--gap", help="Least seconds between attacks.")] = 60.0,
    into: Annotated[
        str,
        typer.Option(
            "--into",
            help="Where: peers, rollouts, or images of other workloads.",
            callback=arguments.one_of("variant", VARIANTS),
        ),
    ] = "peers",
    replicas: Annotated[int, typer.Option("--replicas", help="In how many containers at once.")] = 1,
    since: Time = None,
    until: Time = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Put recorded attacks into benign time of other containers: many trials from few recordings.

    `rtml replay splice CAPTURE --labels labels.parquet --out spliced --trials 200 --seed 1`.
    Harder: `--into rollouts`, `--into images` (of other workloads, where the programs are), `--replicas 3`.
    Labels of trials say `spliced`; reports say so too. Times without an offset are UTC.
    """
    import polars as pl

    from rtml.captures.joining import open_captures
    from rtml.container_ids import renamed, resolved
    from rtml.evaluation.labels.reading import read_labels, validate
    from rtml.evaluation.trees import attack_trees
    from rtml.splicing.recorded import read_rejects
    from rtml.splicing.splice import splice as spliced_trials
    from rtml.splicing.splice_files import splice_to

    with progress("splicing"):
        capture = open_captures(captures)
        attacks = validate(pl.concat([read_labels(path) for path in labels]))
        meant = resolved(attacks["container_id"].unique(), capture.containers()["container_id"])
        attacks = renamed(attacks, meant.ids)
        trees = attack_trees(attacks, capture.processes().collect())
        done = spliced_trials(
            capture,
            attacks,
            trees,
            trials=trials,
            seed=seed,
            gap=gap,
            within=(_utc(since), _utc(until)),
            into=into,
            replicas=replicas,
        )
        splice_to(out, done, read_rejects(capture))
    if as_json:
        print_json({"trials": done.trials, "left_out": done.left_out, "seed": seed})
        return
    print_table("", ["attack", "trials"], done.trials.items())
    for name, why in done.left_out.items():
        console.print(f"left out {name}: {why}", markup=False)
    total = sum(done.trials.values())
    console.print(
        f"{out}: {total:,} trials of {len(done.trials)} attacks, marked `spliced`, beside"
        f" {attacks.height:,} labels as they were",
        markup=False,
    )


def _utc(at: dt.datetime | None) -> dt.datetime | None:
    """Read a time without an offset as UTC."""
    return at if at is None or at.tzinfo else at.replace(tzinfo=dt.UTC)
