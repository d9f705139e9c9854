"""``rtml experiment run``: everything, tracked; ``rtml train``: the model alone."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtml.commands import amounts, arguments
from rtml.commands.experiment_seeds import seeds as run_seeds
from rtml.commands.output import console, print_json
from rtml.commands.progress import progress
from rtml.commands.shared_options import Address, Engine
from rtml.errors import RtmlError, UsageError
from rtml.text import visible

if TYPE_CHECKING:
    from rtml.experiment.config import Experiment

__all__ = ["app", "train"]

app = typer.Typer(help="Run experiments.", no_args_is_help=True)

Set = Annotated[
    list[str] | None, typer.Option("--set", help="Override a value: --set budget=2 (repeatable).")
]


@app.command()
def run(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG", help="Experiment file.", callback=arguments.configuration)
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="New folder for results.", callback=arguments.new)
    ] = None,
    set_: Set = None,
    hold_out: Annotated[
        list[str] | None,
        typer.Option(
            "--hold-out", help="Judge what was never learnt: image=, host=, workload=, technique=NAME."
        ),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", help="Run it with so many seeds; print median and range.")
    ] = None,
    track: Annotated[bool, typer.Option(help="Log the run to MLflow.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print ledger.json instead.")] = False,
) -> None:
    """Train, score, judge, report: `rtml experiment run experiments/demo.yml --set seed=3`.

    Runs are kept in `mlflow.db` here, or where MLFLOW_TRACKING_URI says: one run, and below it one per
    side. The model is registered as `rtml-NAME`, alias `challenger`; `rtml experiment promote` tests it.
    With `--seeds 5` each seed has its own folder, OUT/seed-N.
    """
    from rtml.commands.experiment_checks import check_experiment
    from rtml.experiment.config import load_experiment

    experiment = load_experiment(config, [*(set_ or []), *held_out(hold_out or [])])
    check_experiment(experiment)
    from rtml.experiment import run_experiment
    from rtml.experiment.printing import print_outcome

    place = out or Path("runs") / f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H-%M-%S}-{experiment.name}"
    if seeds is not None:
        run_seeds(experiment, place, seeds, track, as_json)
        return
    with progress(f"running {experiment.name}"):
        outcome = run_experiment(experiment, place, track)
    if as_json:
        typer.echo((outcome.out / "ledger.json").read_text("utf-8"))
    else:
        print_outcome(console, outcome)


def held_out(wanted: Sequence[str]) -> list[str]:
    """Return overrides of an experiment for what is held out.

    Examples
    --------
    >>> held_out(["image=shop/web:1", "image=shop/db:1"])
    ['hold_out.image=["shop/web:1", "shop/db:1"]']
    """
    names: dict[str, list[str]] = {}
    for text in wanted:
        kind, equals, name = text.partition("=")
        if not equals or not name:
            raise UsageError(f"{text!r}: write kind=name, for instance image=shop/web:1", argument="hold_out")
        names.setdefault(kind, []).append(name)
    return [f"hold_out.{kind}={json.dumps(listed)}" for kind, listed in names.items()]


@app.command()
def promote(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="Run of an experiment, or models:/NAME/VERSION or @ALIAS.")
    ],
    alpha: Annotated[
        float, typer.Option("--alpha", help="The p-value must lie below.", callback=amounts.probability)
    ] = 0.05,
    first: Annotated[
        bool, typer.Option("--first", help="Take it untested where there is no champion yet.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Make a run's model the champion, if it beats the present one: `rtml experiment promote RUN`.

    A tracked `experiment run` registers its model as `rtml-NAME`, alias `challenger`. This sets it against
    the version with alias `champion`, attack by attack: same test data, budget kept (or no more false
    findings than the champion), more attacks found, exact McNemar p-value times the number of challenges
    so far below --alpha. Then the alias `champion` moves, and
    `rtml score --model models:/rtml-NAME@champion` uses it; else nothing moves, and the exit code is 1.
    """
    from dataclasses import asdict

    from rtml.tracking.promotion import promote as challenge

    outcome = challenge(run, alpha, first)
    if as_json:
        print_json({**asdict(outcome), "promoted": outcome.promoted})
    elif outcome.promoted:
        console.print(visible(outcome.sentence(), 2000), markup=False, soft_wrap=True)
    if not outcome.promoted:
        raise RtmlError(outcome.sentence(), argument=None if outcome.champion else "first")


def train(
    captures: Annotated[
        list[str], typer.Argument(metavar="CAPTURE...", help="Benign captures.", callback=arguments.capture)
    ],
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            help="Experiment file; without it, what rtml init would write.",
            callback=arguments.configuration,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Also keep the model here.", callback=arguments.new)
    ] = None,
    verdicts: Annotated[
        Path | None,
        typer.Option(
            "--verdicts",
            help="Verdicts of analysts: attacks are left out, what is benign is learnt.",
            callback=arguments.existing,
        ),
    ] = None,
    set_: Set = None,
    engine: Engine = "local",
    workers: Annotated[
        int, typer.Option("--workers", help="Processes that read events, on the engine.", min=1)
    ] = 1,
    address: Address = None,
    track: Annotated[bool, typer.Option(help="Log the model to MLflow.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Learn what is normal: `rtml train CAPTURE... --config experiments/demo.yml`.

    Prints the model's URI, which `rtml score --model` takes. Time after the config's `split.test`
    is not read when that is a time; with shares all of the captures is benign time. Without a config the
    first three quarters of the active time are learnt. Engines and workers change nothing of the model.
    """
    if out is None and not track:
        raise UsageError("the model would be lost: give --out, or leave tracking on")
    from rtml.commands.experiment_checks import check_names
    from rtml.experiment.config import DEFAULT, load_experiment

    experiment = load_experiment(DEFAULT if config is None else config, set_ or [])
    check_names(experiment)
    if config is None:
        experiment = _fitted(captures, set_ or [])
    from rtml.commands.training import train_and_keep
    from rtml.job.training import readers

    with progress("training"):
        reading = readers(engine, workers, address)
        facts = train_and_keep(experiment, captures, out, track, verdicts, reading)
    if as_json:
        print_json(facts)
        return
    console.print(
        f"{facts['detectors']} detectors · {facts['train']} training and {facts['calibrate']}"
        f" calibration windows · learnt until {facts['until']}",
        markup=False,
    )
    console.print(f"model       {facts['model']}", markup=False)


def _fitted(captures: list[str], overrides: list[str]) -> Experiment:
    """Return the experiment that fits captures, and say what they can promise."""
    from rtml.captures import open_captures
    from rtml.experiment.proposed import proposed

    proposal = proposed(open_captures(captures), captures)
    for sentence in proposal.promises:
        typer.echo(f"- {visible(sentence, 1000)}", err=True)
    return proposal.experiment(overrides)
