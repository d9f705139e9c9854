"""A real `mlflow server` over HTTP, on loopback: an experiment, a scoring job, one that fails."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rtml.captures import Capture
from rtml.cli import app
from rtml.experiment import Outcome
from rtml.experiment.tracked import log_outcome
from rtml.tracking.promotion import promote
from rtml.tracking.runs import tracked_run
from rtml.tracking.tags import REASON
from tests.tracking.conftest import client

_PATIENCE = 120.0


@pytest.fixture(scope="module")
def server(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server of this test, which serves the artifacts too."""
    place = tmp_path_factory.mktemp("server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (place / "mlflow.db").write_bytes(empty_store.read_bytes())
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
               "--backend-store-uri", f"sqlite:///{place}/mlflow.db", "--workers", "1",
               "--artifacts-destination", str(place / "artifacts")]  # fmt: skip
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=place, env={**clean, **quiet}, start_new_session=True
        )
        try:
            _wait(f"http://127.0.0.1:{port}/health", process, place / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"mlflow server did not answer: {log.read_text('utf-8', 'replace')[-2000:]}")


def test_over_http_as_with_a_file(
    server: str, outcome: Outcome, capture: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "over http")
    monkeypatch.chdir(tmp_path)
    with tracked_run("shop", "experiment") as run:
        log_outcome(outcome, run)
    assert run.page.startswith(f"{server}/#/experiments/")
    assert promote(run.run_id, first=True).promoted
    words = ["score", capture.path, "--model", "models:/rtml-shop@champion", "--out"]
    done = CliRunner().invoke(app, [*words, "scored"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    (tmp_path / "quiet.yml").write_text("- not: a rule")
    failed = CliRunner().invoke(app, [*words, "failed", "--suppress", "quiet.yml"])
    assert failed.exit_code != 0
    with client() as asked:
        place = asked.get_experiment_by_name("over http").experiment_id
        runs = {run.info.run_name: run for run in asked.search_runs([place])}
        read = asked.get_run(runs["score scored"].info.run_id).inputs.model_inputs
    assert len(runs) == 1 + outcome.ledger.summary.height + 2
    scored, broken = runs["score scored"], runs["score failed"]
    assert (scored.info.status, broken.info.status) == ("FINISHED", "FAILED")
    assert "quiet.yml" in broken.data.tags[REASON]
    assert scored.data.metrics["windows"] > 0 and scored.data.metrics["events_per_second"] > 0
    assert scored.data.tags["rtml.model_id"] == runs["shop"].data.tags["rtml.model_id"]
    assert [one.model_id for one in read] == [scored.data.tags["rtml.model_id"]]
    assert [one.dataset.name for one in scored.inputs.dataset_inputs]
    assert not Path("mlruns").exists() and not Path("mlflow.db").exists()
