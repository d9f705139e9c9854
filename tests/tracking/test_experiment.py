"""What an experiment leaves in MLflow: one run, one below it per side, inputs, model, challenger."""

from __future__ import annotations

import hashlib
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from rtml.captures import Capture
from rtml.captures.digest import digest_capture
from rtml.errors import RtmlError
from rtml.experiment import Outcome, run_experiment
from rtml.experiment.config import Experiment
from rtml.experiment.tracked import log_outcome, main_side
from rtml.reading.whole import whole_folder
from rtml.tracking.inputs import capture_input
from rtml.tracking.runs import Run, tracked_run
from rtml.tracking.tags import REASON, SELFTEST
from rtml.tracking.view import COLUMNS, KEY
from tests.tracking.conftest import client


@pytest.fixture
def used(outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{outcome.out.parent}/mlflow.db")
    return outcome


def parent_and_children(run_id: str | None) -> tuple[Any, dict[str, Any]]:
    """Return a run, and those below it by side."""
    with client() as asked:
        parent = asked.get_run(run_id)
        below = asked.search_runs([parent.info.experiment_id], f"tags.`mlflow.parentRunId` = '{run_id}'")
    return parent, {run.data.params["side"]: run for run in below}


def test_there_is_one_run_per_side_and_seed_with_the_numbers_of_the_ledger(used: Outcome):
    parent, children = parent_and_children(used.run_id)
    rows = {row["side"]: row for row in used.ledger.summary.to_dicts()}
    assert children.keys() == rows.keys()
    for side, run in children.items():
        assert run.info.run_name == f"{side} · seed 7" and run.info.status == "FINISHED"
        for name in ("found", "false", "rate", "recall", "auroc"):
            assert run.data.metrics.get(name) == pytest.approx(rows[side][name]), (side, name)
    assert parent.data.tags["rtml.side"] == main_side(used.ledger) == "combined"
    assert parent.data.metrics["found"] == rows["combined"]["found"] > 0


def test_names_of_metrics_are_plain_and_the_page_shows_them(used: Outcome):
    parent, children = parent_and_children(used.run_id)
    names = {name for run in (parent, *children.values()) for name in run.data.metrics}
    assert all(re.fullmatch(r"[a-z0-9_.]+", name) for name in names), names
    with client() as asked:
        tags = asked.get_experiment(parent.info.experiment_id).tags
    shown = json.loads(tags[f"mlflow.sharedViewState.{KEY}"])["selectedColumns"]
    columns = {name.removeprefix("metrics.`").rstrip("`") for name in shown if name.startswith("metrics.")}
    assert columns == {*COLUMNS} and columns <= names
    assert tags["mlflow.experimentKind"] == "custom_model_development"
    assert used.page is not None
    place, asked_for = used.page.split("#/experiments/")[1].split("?")
    assert place == f"{parent.info.experiment_id}/runs"
    assert asked_for == f"workflowType=machine_learning&viewStateShareKey={KEY}"


def test_a_curve_has_steps(used: Outcome):
    _, children = parent_and_children(used.run_id)
    with client() as asked:
        points = asked.get_metric_history(children["surprise"].info.run_id, "found_by_false")
    curve = (
        used.ledger.curve.filter(pl.col("side") == "surprise").group_by("false").agg(pl.col("found").max())
    )
    assert {point.step: point.value for point in points} == dict(curve.iter_rows()) != {}


def test_inputs_have_the_digests_of_what_was_read(used: Outcome, capture: Capture):
    assert used.experiment.labels is not None
    wanted = {
        "capture": digest_capture(capture),
        "labels": hashlib.sha256(used.experiment.labels.read_bytes()).hexdigest(),
        "windows": hashlib.sha256((used.out / "windows.parquet").read_bytes()).hexdigest(),
    }
    parent, children = parent_and_children(used.run_id)
    for run in (parent, *children.values()):
        got = {}
        for one in run.inputs.dataset_inputs:
            tags = {tag.key: tag.value for tag in one.tags}
            got[tags["mlflow.data.context"]] = tags["sha256"]
            assert tags["sha256"].startswith(one.dataset.digest)
        assert got == wanted


def test_tags_say_code_split_test_and_the_canaries_when_known(used: Outcome):
    parent, _ = parent_and_children(used.run_id)
    tags = parent.data.tags
    assert "max(train) < min(calibrate)" in tags["rtml.split_proof"]
    assert re.fullmatch(r"[0-9a-f]{40}(\+changes)?", tags["rtml.git_commit"])
    assert len(tags["rtml.test"]) == len(tags["rtml.data.0"]) == 64
    assert SELFTEST not in tags and REASON not in tags
    used.ledger.facts["selftest"] = "caught 40/40 · accused 0/10"
    try:
        with tracked_run("again", "test") as run:
            log_outcome(used, run)
    finally:
        del used.ledger.facts["selftest"]
    assert parent_and_children(run.run_id)[0].data.tags[SELFTEST] == "caught 40/40 · accused 0/10"


def test_cost_stands_with_every_side_that_was_measured(used: Outcome):
    parent, children = parent_and_children(used.run_id)
    for side in ("rules, tuned", "first seen", "surprise", "half space trees", "combined"):
        metrics = children[side].data.metrics
        assert metrics["cpu_seconds"] > 0 and metrics["events_per_second"] > 0, side
        assert 10 < metrics["peak_memory_mb"] < 100_000
    assert "cpu_seconds" not in children["random"].data.metrics
    alone = children["surprise"].data.metrics["cpu_seconds"]
    assert parent.data.metrics["cpu_seconds"] >= alone


def test_the_model_is_logged_registered_and_challenger(used: Outcome):
    parent, _ = parent_and_children(used.run_id)
    model_id = parent.data.tags["rtml.model_id"]
    assert [output.model_id for output in parent.outputs.model_outputs] == [model_id]
    with client() as asked:
        version = asked.get_model_version_by_alias("rtml-shop", "challenger")
        logged = asked.get_logged_model(model_id)
    assert parent.data.tags["rtml.registered"].startswith("models:/rtml-shop/")
    assert {metric.key for metric in logged.metrics} >= {"found", "false", "cpu_seconds"}
    assert version.tags["rtml.found"] == f"{parent.data.metrics['found']:g}"


def test_a_store_that_goes_away_at_the_end_leaves_the_results(
    experiment: Experiment, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def gone(run: Run, path: Path) -> None:
        raise run.mlflow.exceptions.MlflowException("API request to http://h:1/x failed with exception …")

    monkeypatch.setattr(Run, "file", gone)
    with pytest.raises(RtmlError, match=r"MLflow at sqlite.*the results are whole in .*/out, MLflow lacks"):
        run_experiment(experiment, tmp_path / "out")
    assert (tmp_path / "out" / "ledger.json").is_file()
    with client() as asked:
        runs = asked.search_runs([asked.get_experiment_by_name("rtml").experiment_id])
    assert runs[0].info.status == "FAILED" and "MLflow lacks some" in runs[0].data.tags[REASON]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "terminated"])
def test_a_run_that_is_stopped_leaves_nothing_that_blocks_the_next(
    experiment: Experiment, store: str, tmp_path: Path, how: signal.Signals
):
    config, out = tmp_path / "shop.yml", tmp_path / "out"
    config.write_text(yaml.safe_dump(experiment.model_dump(mode="json", exclude_none=True)))
    command = [sys.executable, "-m", "rtml.cli", "experiment", "run", str(config), "--out", str(out)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        until = time.monotonic() + 120
        while not list(tmp_path.glob(".out.partial-*")) and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(how)
        process.wait(60)
    assert process.returncode != 0 and not out.exists()
    assert bool(list(tmp_path.glob(".out.partial-*"))) == (how == signal.SIGKILL)
    with tracked_run("next", "experiment"), whole_folder(out) as half:
        (half / "done").touch()
    assert (out / "done").is_file()
    with client() as asked:
        place = asked.get_experiment_by_name("rtml").experiment_id
        runs = {run.info.run_name: run for run in asked.search_runs([place])}
    reason = runs["shop"].data.tags[REASON]
    assert (runs["shop"].info.status, runs["next"].info.status) == ("KILLED", "FINISHED"), reason
    assert reason == (
        "stopped by SIGTERM" if how == signal.SIGTERM else "its process was killed; closed by a later run"
    )


def test_hostile_names_are_only_names():
    for path in ("a/`'\"<script>/capture", "c[1]", "/", "s3://bucket/x/capture"):
        assert capture_input(path, "0" * 64, "x").name
