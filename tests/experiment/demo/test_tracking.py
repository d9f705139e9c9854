"""MLflow keeps what decides a result, and gives the model back bit for bit."""

from __future__ import annotations

import json
import os
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from rtml.captures import open_capture
from rtml.cli import app
from rtml.errors import RtmlError
from rtml.experiment import Outcome
from rtml.job.running import run_job
from rtml.tracking.places import fetched_model
from rtml.tracking.store import mlflow_here, quiet
from tests.conftest import LAB


@pytest.fixture
def tracked(store: str, demo: Outcome, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    return demo


def test_parameters_hashes_proof_and_metrics_are_logged(tracked: Outcome):
    with quiet():
        asked = mlflow_here().MlflowClient()
        run = asked.get_run(tracked.run_id)
        wanted = f"tags.`mlflow.parentRunId` = '{tracked.run_id}' AND params.side = 'flag all'"
        (flag_all,) = asked.search_runs([run.info.experiment_id], wanted)
    assert run.data.params["seed"] == "7"
    assert run.data.params["split.test"].startswith("2026-11-24")
    assert "max(train) < min(calibrate)" in run.data.tags["rtml.split_proof"]
    assert len(run.data.tags["rtml.data.0"]) == 64
    assert flag_all.data.metrics["found"] == 16
    assert run.info.status == "FINISHED"


def test_the_model_scores_the_same_from_its_uri(tracked: Outcome, tmp_path: Path):
    with fetched_model(tracked.model_uri) as folder:
        done = run_job([str(LAB / "capture")], folder, tmp_path / "scored")
    ours, theirs = (
        pl.read_parquet(folder / "scores.parquet") for folder in (tracked.out, tmp_path / "scored")
    )
    assert ours.filter(pl.col("detector").is_in(theirs["detector"].unique().implode())).equals(theirs)
    assert done["skipped"] > 0  # the windows that the model had learnt from


def test_its_baseline_is_shown_from_its_uri_and_from_its_folder(tracked: Outcome):
    shown = [
        CliRunner().invoke(app, ["baseline", "show", place, "--json"]).stdout
        for place in (tracked.model_uri, str(tracked.out / "model"), str(tracked.out / "model" / "baseline"))
    ]
    maturity = [json.loads(text)["maturity"] for text in shown]
    assert maturity[0] == maturity[1] == maturity[2]
    wanted = tracked.model.baseline.maturity()
    assert [row["events"] for row in maturity[0]] == wanted["events"].to_list()


def test_a_finished_job_is_resumed_and_another_is_not(tracked: Outcome, tmp_path: Path):
    job = [str(LAB / "capture")], tracked.out / "model", tmp_path / "out"
    first = run_job(*job)
    assert run_job(*job) == first
    with pytest.raises(RtmlError, match="another job"):
        run_job(*job, budget=500.0)


def test_a_tampered_model_is_refused(tracked: Outcome, tmp_path: Path):
    import shutil

    folder = tmp_path / "model"
    shutil.copytree(tracked.out / "model", folder)
    victim = next(p for p in sorted(folder.rglob("*")) if p.is_file() and p.name != "model.json")
    victim.write_bytes(victim.read_bytes() + b"x")
    with pytest.raises(RtmlError, match="changed"):
        run_job([str(LAB / "capture")], folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_unknown_run_is_said(tracked: Outcome):
    with pytest.raises(RtmlError, match="MLflow at runs:/nope"), fetched_model("runs:/nope/model"):
        pass


def test_telemetry_is_off():
    mlflow_here()
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_the_capture_is_not_changed_by_any_of_it(tracked: Outcome):
    assert open_capture(LAB / "capture").manifest == tracked.capture.manifest
