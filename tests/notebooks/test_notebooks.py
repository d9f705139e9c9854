"""The analysts' notebooks run from their own folder, on the shipped capture and on another one."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import Capture, open_capture
from rtml.captures.write import write_capture
from rtml.errors import RtmlError, UsageError
from rtml.schema import REJECTS, empty
from tests.conftest import REPOSITORY

nbformat = pytest.importorskip("nbformat", reason="needs rtml[notebooks]")
pytest.importorskip("nbclient", reason="needs rtml[notebooks]")
pytest.importorskip("ipykernel", reason="needs rtml[notebooks]")

from rtml.notebook.__main__ import main  # noqa: E402
from rtml.notebook.execute import execute, execute_file  # noqa: E402

FOLDER = REPOSITORY / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LEARNT = dt.datetime(2026, 11, 24, 10, 15, tzinfo=dt.UTC)
"""Within the first sitting of the other recording, which is benign."""


def run(name: str, **parameters: object):
    """Run a notebook from its own folder with these parameters."""
    (path,) = FOLDER.glob(f"{name}*.ipynb")
    return execute(nbformat.read(path, 4), FOLDER, parameters)


def shown(notebook, cell: str) -> str:
    """What a cell shows, as plain text."""
    (told,) = (entry for entry in notebook.cells if entry.get("id") == cell)
    return told.outputs[-1].data["text/plain"]


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three workloads of another recording, in its benign time: a capture without labels."""
    whole = open_capture(REPOSITORY / "datasets" / "replays-v1" / "capture")
    facts = whole.containers().filter(pl.col("workload").is_in(["app", "cache", "db"]))
    ours = pl.col("container_id").cast(pl.String).is_in(facts["container_id"].implode())
    events = whole.events().filter(ours & (pl.col("time") < LEARNT)).collect()
    kept = [
        c for c in whole.manifest.containers if c.container_id in set(events["container_id"].cast(pl.String))
    ]
    about = {"events": events.height, "end": events["time"].max(), "containers": kept}
    place = tmp_path_factory.mktemp("other") / "capture"
    processes = whole.processes().filter(pl.col("container_id").is_in(facts["container_id"].implode()))
    manifest = whole.manifest.model_copy(update=about)
    write_capture(place, manifest, events, processes.collect(), empty(REJECTS))
    return place


def test_the_first_look_counts_what_is_there(lab: Capture):
    ran = run("01")
    assert f"{lab.manifest.events:,}" in shown(ran, "open")
    assert shown(ran, "containers").count("\n") == lab.containers().height
    assert "infra" in shown(ran, "activity") and "lineage" in shown(ran, "families")
    assert "10 containers of 5 workloads" in shown(ran, "promises")


def test_the_hunt_finds_an_attack_and_everything_about_it_is_shown(tmp_path: Path, lab_labels: Path):
    ran = run("02", VERDICTS=str(tmp_path / "v.jsonl"), LABELS="datasets/lab-v1/labels.parquet")
    assert re.search(r"Hunt\(\d+ incidents of \d+ findings, \d+ of noisy rules set aside", shown(ran, "hunt"))
    assert "bits" in shown(ran, "tree") and "this one at" in shown(ran, "timeline")
    assert shown(ran, "history") and "new" in shown(ran, "connections")
    assert "◀" in shown(ran, "peers") and "check:" in shown(ran, "explain")
    assert (tmp_path / "v.jsonl").read_text().count("\n") == 1 and "unsure" in shown(ran, "verdict")
    assert "0 findings in benign time" in shown(ran, "rule") and "selection_1" in shown(ran, "rule")
    attacks = pl.read_parquet(lab_labels)["attack_id"].to_list()
    assert any(attack in shown(ran, "labels") for attack in attacks), "the gravest incident is an attack"


def test_a_feature_family_is_tried_out_in_a_cell():
    ran = run("03")
    assert "all" in shown(ran, "laws") and "cache" in shown(ran, "values")
    assert "with reach" in shown(ran, "adds") and "without" in shown(ran, "adds")


def test_estimators_of_others_stand_beside_ours():
    ran = run("04")
    assert {"surprise", "one_class_svm", "river_trees"} <= set(re.findall(r"\w+", shown(ran, "calibration")))
    assert "rules, tuned" in shown(ran, "compare")
    assert shown(ran, "save").endswith("yes")


def test_rules_and_models_are_judged_and_a_rule_is_distilled():
    ran = run("05")
    assert "10 attacks" in shown(ran, "ledger") and "a07" in shown(ran, "misses")
    assert "rules, tuned" in shown(ran, "headline")
    assert "a container-day" in shown(ran, "rule") and "Download" in shown(ran, "noisy")


@pytest.mark.parametrize(
    ("source", "words"),
    [("tests/data/tetragon/export.jsonl", "tetragon"), ("tests/data/falco/events.jsonl", "falco")],
)
def test_a_sensor_file_becomes_findings(source: str, words: str):
    ran = run("06", SOURCE=source)
    assert words in shown(ran, "import") and "too few" in shown(ran, "model")
    assert shown(ran, "hunt").startswith("Hunt(")


@pytest.mark.parametrize(("name", "cell"), [("01", "promises"), ("02", "rule"), ("04", "compare")])
def test_they_run_on_another_capture_without_labels(name: str, cell: str, other: Path, tmp_path: Path):
    given = {"02": {"VERDICTS": str(tmp_path / "v.jsonl")}, "04": {"LABELS": None}}.get(name, {})
    ran = run(name, CAPTURE=str(other), **given)
    assert shown(ran, cell)
    assert "db" in shown(ran, {"01": "containers", "02": "containers", "04": "drift"}[name]) or name == "04"


@pytest.mark.parametrize(
    ("name", "parameters", "sentence"),
    [
        ("01", {"CAPTURE": "no/such/place"}, "no/such/place: no such file or folder"),
        ("02", {"CAPTURE": "tests"}, "no capture here"),
        ("02", {"MODEL": "datasets"}, "no model"),
        ("05", {"LABELS": None}, "set LABELS; 02-hunt needs none"),
        ("06", {"SOURCE": "LICENSE"}, "LICENSE"),
    ],
)
def test_what_is_lacking_is_one_sentence_and_nothing_after_it_is_run(
    name: str, parameters: dict, sentence: str
):
    (path,) = FOLDER.glob(f"{name}*.ipynb")
    notebook = nbformat.read(path, 4)
    for cell in notebook.cells:
        cell.pop("outputs", None) if cell.cell_type == "markdown" else cell.update(outputs=[])
    with pytest.raises(RtmlError, match="a cell of the notebook failed"):
        execute(notebook, FOLDER, parameters)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    told = [output for output in outputs if output.output_type != "execute_result"]
    assert [output.output_type for output in told] == ["stream"], "no traceback"
    assert sentence in told[0].text and told[0].text.count("\n") == 1


def test_an_error_while_a_value_is_shown_is_one_sentence_too():
    lines = [
        "from rtml.errors import RtmlError",
        "from rtml.notebook import short_errors",
        "short_errors()",
        "class Value:",
        "    def _repr_html_(self):",
        "        raise RtmlError('cannot be shown \\x1b[2J')",
        "Value()",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("\n".join(lines))])
    with pytest.raises(RtmlError, match="a cell of the notebook failed"):
        execute(notebook, FOLDER)
    said = [line for output in notebook.cells[0].outputs for line in output.get("traceback", [])]
    assert said == ["cannot be shown \\x1b[2J"]


def test_wrong_parameters_are_named():
    with pytest.raises(UsageError, match="no parameter 'CAPTUR'; did you mean 'CAPTURE'"):
        run("01", CAPTUR="x")
    bare = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", id="one")])
    with pytest.raises(UsageError, match="no cell tagged 'parameters'"):
        execute(bare, FOLDER, {"CAPTURE": "x"})


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_committed_notebook_is_whole_small_and_clean(path: Path):
    text = path.read_text("utf-8")
    notebook = nbformat.reads(text, 4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert all(cell.outputs for cell in code[1:]), "every cell after the parameters shows something"
    kinds = {output.output_type for cell in code for output in cell.outputs}
    assert kinds == {"execute_result"}, "no error, no warning, no stray print"
    assert len(text) < 1_000_000
    assert not re.search(r"/(home|Users|work|tmp)/\w+/|<script|mlflow\.db", text)
    tags = [cell.metadata for cell in notebook.cells if cell.metadata]
    assert tags == [{"tags": ["parameters"]}] and code[0].metadata, "the first code cell takes parameters"


def test_a_failing_cell_is_an_error_and_keeps_the_file(tmp_path: Path):
    path = tmp_path / "bad.ipynb"
    cells = [nbformat.v4.new_code_cell("1 / 0", id="bad")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    before = path.read_bytes()
    with pytest.raises(RtmlError, match="ZeroDivisionError"):
        execute_file(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["bad.ipynb"]


def test_running_again_gives_the_same_bytes(tmp_path: Path):
    path = tmp_path / "good.ipynb"
    source = "from rtml.notebook import facts\nfacts({'events': 1})"
    cells = [nbformat.v4.new_code_cell(source, id="good")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    assert main([str(path)]) == 0
    once = path.read_bytes()
    assert b"<table" in once
    assert main([str(path)]) == 0
    assert path.read_bytes() == once
    assert main([]) == 2
