"""The logged model: registered, loaded by MLflow itself, scoring as the model does, without pickle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from rtml.captures import Capture
from rtml.cli import app
from rtml.errors import MissingError, MissingFileError, RtmlError
from rtml.models import Model
from rtml.tracking.loader import labels_of, rows_of
from rtml.tracking.logged import log_model
from rtml.tracking.places import fetched_model, model_folder
from rtml.tracking.runs import tracked_run
from rtml.tracking.store import mlflow_here, quiet
from tests.models.conftest import kept, learnt
from tests.tracking.conftest import client, own_store

HOLDS = """
import sys, time
from rtml.tracking.places import fetched_model
with fetched_model(sys.argv[1]) as folder:
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def model(capture: Capture) -> Model:
    return learnt(capture)


@pytest.fixture(scope="module")
def logged(model: Model, empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Store and URI of the model."""
    place = tmp_path_factory.mktemp("logged")
    with pytest.MonkeyPatch.context() as patch:
        store = own_store(empty_store, place, patch)
        with tracked_run("logs", "test") as run:
            uri = log_model(run, model, kept(model, place / "model")).uri
    return store, uri


@pytest.fixture
def uri(logged: tuple[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", logged[0])
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tmp").mkdir()
    return logged[1]


def test_mlflow_loads_it_and_its_answers_are_those_of_scoring(uri: str, model: Model, capture: Capture):
    trees = model.score(capture).trees.sort("window", "container_id", "process_id", nulls_last=True)
    asked = trees.with_columns(pl.col("window").dt.replace_time_zone(None)).select(
        "container_id", "workload", "image", "window", "complete", *model.description.features
    )
    with quiet():
        loaded = mlflow_here().pyfunc.load_model(uri)
        answers = pl.from_pandas(loaded.predict(asked.to_pandas()))
        strict = pl.from_pandas(loaded.predict(asked.to_pandas(), params={"budget": 0.001}))
    scores = model.score(capture).tree_scores
    for label in labels_of(model):
        wanted = scores.filter(pl.col("detector") == label)
        known = trees.select("container_id", "window", "process_id").join(
            wanted, on=["container_id", "window", "process_id"], nulls_equal=True, maintain_order="left"
        )
        assert answers[f"{label}.score"].fill_nan(None).equals(known["score"].alias(f"{label}.score")), label
        assert answers[f"{label}.alarm"].to_list() == known["alarm"].to_list()
    assert answers["combined.alarm"].any() and not strict["combined.alarm"].any()
    assert loaded.get_raw_model().description == model.description


def test_signature_and_example_are_there_and_the_example_can_be_judged(uri: str, model: Model):
    with quiet():
        loaded = mlflow_here().pyfunc.load_model(uri)
        example = loaded.input_example
        answer = loaded.predict(example)
    signature = loaded.metadata.signature
    assert signature.inputs.input_names()[6:] == model.description.features
    assert signature.outputs.input_names() == list(answer.columns)
    assert len(answer) == len(example) > 0


def test_rows_without_what_they_must_have_are_refused_by_name(model: Model):
    with pytest.raises(MissingError, match="need features such as"):
        rows_of(
            pl.DataFrame({"container_id": ["c"], "window": [None]}).cast({"window": pl.Datetime("ns")}),
            ["a.x"],
        )


def test_register_model_takes_it_and_scoring_takes_what_was_registered(
    uri: str, capture: Capture, tmp_path: Path
):
    with quiet(), client() as asked:
        version = mlflow_here().register_model(uri, "container models")
        asked.set_registered_model_alias("container models", "champion", version.version)
    for place in ("models:/container models/1", "models:/container models@champion", uri):
        out = tmp_path / str(len(list(tmp_path.iterdir())))
        words = ["score", capture.path, "--model", place, "--out", str(out), "--no-track"]
        done = CliRunner().invoke(app, words, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        assert json.loads((out / "score.json").read_text())["uri"] == place
        assert pl.read_parquet(out / "scores.parquet")["alarm"].any()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_nothing_in_it_is_a_pickle_and_it_loads_where_pickle_is_forbidden(uri: str):
    with fetched_model(uri) as folder:
        files = [path for path in folder.parents[1].rglob("*") if path.is_file()]
        assert {path.suffix for path in files} <= {".json", ".parquet", ".npz", ".yaml", ".txt", ""}
        assert (folder.parents[1] / "MLmodel").read_text().count("pickle") == 0
        from rtml.models import load_model

        assert load_model(folder).detectors


def test_a_copy_goes_with_the_work_and_that_of_a_killed_process_with_the_next(uri: str, tmp_path: Path):
    place = tmp_path / "tmp"
    with fetched_model(uri) as folder:
        assert len(list(place.iterdir())) == 1 and (folder / "model.json").is_file()
    with pytest.raises(ZeroDivisionError), fetched_model(uri):
        1 / 0  # noqa: B018
    assert list(place.iterdir()) == []
    (place / "rtml-model-mine").mkdir()  # not made by us: no lock in it
    environment = {**os.environ, "TMPDIR": str(place)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, uri], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        theirs = Path(process.stdout.readline().strip())
        with fetched_model(uri):
            assert (theirs / "model.json").is_file()  # in use by another process: left alone
        process.kill()
        process.wait(30)
        assert theirs.exists()
    with fetched_model(uri):
        assert not theirs.exists()
    assert [path.name for path in place.iterdir()] == ["rtml-model-mine"]


def test_what_holds_no_model_of_ours_is_said(uri: str, tmp_path: Path):
    with client() as asked:
        run_id = uri.split("/")[1]
        (tmp_path / "other.txt").write_text("x")
        asked.log_artifact(run_id, str(tmp_path / "other.txt"), "other")
    with (
        pytest.raises(MissingFileError, match=f"^runs:/{run_id}/other: no model of rtml"),
        fetched_model(f"runs:/{run_id}/other"),
    ):
        pass
    with pytest.raises(RtmlError, match="MLflow at models:/absent/1"), fetched_model("models:/absent/1"):
        pass
    with pytest.raises(MissingFileError, match="no model here"):
        model_folder(tmp_path)


def test_what_earlier_versions_logged_as_plain_files_still_loads(store: str, model: Model, tmp_path: Path):
    kept(model, tmp_path / "old")
    with client() as asked, tracked_run("earlier", "test") as run:
        asked.log_artifacts(run.run_id, str(tmp_path / "old"), "model")
    with fetched_model(run.model_uri) as folder:
        assert (folder / "model.json").read_bytes() == (tmp_path / "old" / "model.json").read_bytes()
