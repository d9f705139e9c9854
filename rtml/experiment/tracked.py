"""What an experiment leaves in MLflow: a run with its inputs and model, and below it one run per side.

The run itself carries the numbers of its main side (`main_side`) under plain names, as every run below it
does for its own: so the page's table has one column ``found`` for all of them. The curve of a side is the
metric ``found_by_false``: attacks found, at the step that is the number of false findings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from rtml.captures.digest import digest_capture
from rtml.errors import RtmlError
from rtml.evaluation import Ledger, read_labels
from rtml.experiment.outcome import Outcome
from rtml.experiment.result import SIDES
from rtml.progress import steps
from rtml.report import LAYER, MEASURED
from rtml.schema import COMBINED
from rtml.tracking import tags
from rtml.tracking.challenge import digest_of_test
from rtml.tracking.inputs import Input, capture_input, file_input
from rtml.tracking.logged import LoggedModel, log_model, register
from rtml.tracking.names import plain, registry_name
from rtml.tracking.runs import Run
from rtml.tracking.store import clear_errors, tracking_uri

__all__ = ["log_outcome", "main_side"]

_FILES = (
    "ledger.json",
    "ledger.parquet",
    "report.html",
    "findings.parquet",
    "scores.parquet",
    SIDES,
    MEASURED,
    LAYER,
)


def log_outcome(outcome: Outcome, run: Run) -> None:
    """Log everything an experiment made; its files are in place already.

    Raises
    ------
    RtmlError
        The store does not answer any more, or refuses; the error says where the results are all the same.
    """
    try:
        with clear_errors(run.mlflow, tracking_uri()):
            _log(outcome, run)
    except RtmlError as error:
        error.args = (f"{error}; the results are whole in {outcome.out}, MLflow lacks some of them",)
        raise


def _log(outcome: Outcome, run: Run) -> None:
    inputs, main = _inputs(outcome), main_side(outcome.ledger)
    row = {} if main is None else _row(outcome.ledger, main)
    run.params({**outcome.experiment.model_dump(mode="json", exclude={"name"}), "side": main})
    run.inputs(inputs)
    run.tags({**_tags(outcome, inputs[0].digest), **({} if main is None else {tags.SIDE: main})})
    for name in _FILES:
        run.file(outcome.out / name)
    _below(outcome, run, inputs)
    logged = None
    if (outcome.out / "model").is_dir():
        logged = log_model(run, outcome.model, outcome.out / "model")
    model_id = None if logged is None else logged.model_id
    run.metrics({**row, **_cost(outcome, main), **_counts(outcome)}, model_id)
    if logged is not None:
        _register(outcome, run, row, logged)


def main_side(ledger: Ledger) -> str | None:
    """Return the side that stands for the experiment: the combination, else the first model, else none."""
    models = ledger.summary.filter((ledger.summary["kind"] == "model") & ~ledger.summary["oracle"])
    names = models["side"].to_list()
    return COMBINED if COMBINED in names else next(iter(names), None)


def _below(outcome: Outcome, run: Run, inputs: list[Input]) -> None:
    """Log one run per row of the ledger; its name has the seed, for runs of other seeds lie beside it."""
    ledger, seed = outcome.ledger, outcome.experiment.seed
    parameters = outcome.model.description.parameters
    for row in steps(ledger.summary.to_dicts(), "logging to MLflow", "sides"):
        side = row["side"]
        with run.below(f"{side} · seed {seed}") as child:
            kept: dict[str, Any] = {
                name: row[name] for name in ("side", "kind", "oracle", "asked", "budget") if name in row
            }
            child.params({**kept, "seed": seed, **parameters.get(side.replace(" ", "_"), {})})
            child.tags({tags.SIDE: side, tags.KIND: "side", **_said(row)})
            child.inputs(inputs)
            child.metrics({**row, **_cost(outcome, side)})
            points = ledger.curve.filter(pl.col("side") == side).group_by("false").agg(pl.col("found").max())
            steps_of = points.sort("false").iter_rows()
            child.curve([(false, {"found_by_false": found}) for false, found in steps_of])


def _said(row: Mapping[str, Any]) -> dict[str, str]:
    return {f"rtml.{name}": row[name] for name in ("note", "remarks") if row.get(name)}


def _row(ledger: Ledger, side: str) -> dict[str, Any]:
    return ledger.summary.row(by_predicate=pl.col("side") == side, named=True)


def _cost(outcome: Outcome, side: str | None) -> dict[str, float | None]:
    cost = outcome.costs.get(side or "")
    return {} if cost is None else cost.numbers()


def _counts(outcome: Outcome) -> dict[str, float]:
    facts = outcome.ledger.facts
    gain = facts.get("gain", {}).get("value")
    return {
        "container_days": outcome.track.container_days,
        "windows": outcome.scored.windows.height,
        "looks": outcome.looks.times,
        "configurations": outcome.looks.configurations,
        **({} if gain is None else {"gain": gain}),
    }


def _inputs(outcome: Outcome) -> list[Input]:
    experiment, out = outcome.experiment, outcome.out
    assert experiment.labels is not None
    path = experiment.capture[0] if len(experiment.capture) == 1 else outcome.capture.path
    labels = read_labels(experiment.labels)
    return [
        capture_input(path, digest_capture(outcome.capture), "capture"),
        file_input(experiment.labels, "labels", labels),
        file_input(out / "windows.parquet", "windows", outcome.scored.windows),
    ]


def _tags(outcome: Outcome, capture: str) -> dict[str, str]:
    data, facts = outcome.model.description.data, outcome.ledger.facts
    known = facts.get("selftest")
    return {
        tags.EXPERIMENT: outcome.inputs["all"][:12],
        tags.SPLIT: outcome.proof.statement,
        **{f"{tags.DATA}.{number}": digest for number, digest in enumerate(data.values())},
        tags.TEST: digest_of_test(outcome.ledger.by_attack, capture, outcome.split.edges[2]),
        "mlflow.note.content": _note(outcome),
        **({} if known is None else {tags.SELFTEST: known if isinstance(known, str) else json.dumps(known)}),
    }


def _note(outcome: Outcome) -> str:
    """Return what stands at the top of the run's page: a line for each side. Names are code there."""
    lines = [
        f"- `{side.replace('`', '')}`: found {found:g} of {attacks}, {false:g} false"
        for side, found, attacks, false in outcome.ledger.summary.select(
            "side", "found", "attacks", "false"
        ).iter_rows()
    ]
    return "\n".join([f"Split: {outcome.proof.statement}", "", *lines])


def _register(outcome: Outcome, run: Run, row: Mapping[str, Any], logged: LoggedModel) -> None:
    """Register the model as challenger; a store without a registry keeps the run, which then says so."""
    said = {f"rtml.{plain(name)}": f"{row[name]:g}" for name in ("found", "attacks", "false") if name in row}
    try:
        version = register(
            run, logged, registry_name(outcome.experiment.name), {**said, tags.RUN: run.run_id}
        )
    except RtmlError as error:
        run.tags({tags.REGISTERED: f"no: {error}"})
    else:
        run.tags({tags.REGISTERED: version, tags.MODEL: logged.model_id})
