"""The analyst's notebook runs from its own folder and from the root, and tells the truth."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import Capture
from rtml.errors import RtmlError
from rtml.evaluation import read_labels
from tests.conftest import REPOSITORY

nbformat = pytest.importorskip("nbformat", reason="needs rtml[notebooks]")
pytest.importorskip("nbclient", reason="needs rtml[notebooks]")
pytest.importorskip("ipykernel", reason="needs rtml[notebooks]")

from rtml.notebook.__main__ import main  # noqa: E402
from rtml.notebook.execute import execute, execute_file  # noqa: E402

NOTEBOOK = REPOSITORY / "notebooks" / "01-hunt.ipynb"

RESULTS = """
import json
json.dumps({
    "events": manifest.events,
    "containers": containers.height,
    "windows": [scored.windows.height, model.windows.height],
    "ranking": ranking.select("container_id", "alarms", "margin").rows(),
    "highest": scored.scores.filter(detector=detector)["margin"].max(),
    "finding": {name: finding[name] for name in ("container_id", "process_id", "contributions")},
    "features": [n for n in scored.windows.columns if "." in n],
    "trained": [n for n in model.windows.columns if "." in n],
    "lineage": lineage,
    "notes": sorted(notes),
    "here": minutes.filter("here").height,
    "rules": [rule_findings.height, same_root.height, rules.evaluation.table.height, blind.height],
    "overlapping": labels.filter(overlaps)["attack_id"].to_list(),
}, default=str)
"""


@pytest.fixture(scope="module")
def ran():
    """The notebook, run from its own folder; the last cell holds its results as JSON."""
    notebook = nbformat.read(NOTEBOOK, 4)
    notebook.cells.append(nbformat.v4.new_code_cell(RESULTS, id="results"))
    return execute(notebook, NOTEBOOK.parent)


@pytest.fixture(scope="module")
def found(ran) -> dict:
    return json.loads(ast.literal_eval(ran.cells[-1].outputs[0].data["text/plain"]))


def shown(notebook, cell: str) -> str:
    """What a cell shows, as plain text."""
    (one,) = (each for each in notebook.cells if each.get("id") == cell)
    return one.outputs[-1].data["text/plain"]


def test_it_shows_the_capture_that_the_repository_ships(ran, found, lab: Capture):
    assert found["events"] == lab.manifest.events == lab.events().collect().height
    assert found["containers"] == lab.containers().height
    assert f"{lab.manifest.events:,}" in shown(ran, "facts")
    assert "infra" in shown(ran, "activity")
    assert "app" in shown(ran, "maturity").splitlines()[0]


def test_the_strangest_container_was_attacked(found, lab_labels: Path):
    ranking = pl.DataFrame(found["ranking"], ["container_id", "alarms", "margin"], orient="row")
    assert ranking["margin"].is_sorted(descending=True)
    assert ranking["margin"][0] == pytest.approx(found["highest"])
    assert ranking["alarms"][0] >= 1
    assert ranking["container_id"][0] in read_labels(lab_labels)["container_id"].to_list()
    assert all(found["windows"])


def test_the_finding_is_explained_by_real_features(ran, found):
    finding = found["finding"]
    assert finding["container_id"] == found["ranking"][0][0]
    parts = finding["contributions"]
    assert parts and {part["feature"] for part in parts} <= set(found["features"])
    assert all(0 < part["share"] <= 1 for part in parts)
    assert sum(part["share"] for part in parts) <= 1 + 1e-9
    assert [part["share"] for part in parts] == sorted((p["share"] for p in parts), reverse=True)
    assert parts[0]["feature"] in shown(ran, "reasons")
    assert found["features"] == found["trained"], "peers are compared in the same columns"
    assert found["here"] == 1, "one window of the peers is the finding's"
    assert "◀" in shown(ran, "peers")


def test_the_tree_holds_the_finding_and_its_surprises(ran, found):
    waiting, inside = [found["lineage"]], set()
    while waiting:
        node = waiting.pop()
        inside.add(node["process_id"])
        waiting += node["children"]
    assert found["finding"]["process_id"] in inside
    assert found["notes"] and set(found["notes"]) <= inside
    assert shown(ran, "tree").count("◀") == len(found["notes"])


def test_the_rules_were_asked_and_the_label_is_the_last_word(ran, found):
    everywhere, here, rules, blind = found["rules"]
    assert everywhere >= here >= 0 and rules > blind >= 0
    assert shown(ran, "rules").startswith("first_seen")
    assert found["overlapping"], "the finding that is explained is an attack"
    assert "◀ this finding" in shown(ran, "labels")
    code = [cell for cell in ran.cells[:-1] if cell.cell_type == "code"]
    assert [cell["id"] for cell in code if "labels" in cell.source] == ["labels"]
    assert code[-1]["id"] == "labels"


def test_it_opens_from_the_root_as_well():
    notebook = nbformat.read(NOTEBOOK, 4)
    notebook.cells = [c for c in notebook.cells if c.get("id") in ("setup", "facts", "containers")]
    again = execute(notebook, REPOSITORY)
    assert len(shown(again, "containers").splitlines()) > 2


def test_the_committed_notebook_is_whole_small_and_clean():
    text = NOTEBOOK.read_text("utf-8")
    notebook = nbformat.reads(text, 4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert all(cell.outputs for cell in code[1:]), "every cell after the imports shows something"
    kinds = {output.output_type for cell in code for output in cell.outputs}
    assert kinds == {"execute_result"}, "no error, no warning, no stray print"
    assert len(text) < 1_000_000
    assert not re.search(r"/(home|Users|root|work|tmp/pytest)/|<script|mlflow", text)
    assert all(not cell.metadata for cell in notebook.cells), "no times, no state of a viewer"


def test_a_failing_cell_is_an_error_and_keeps_the_file(tmp_path: Path):
    path = tmp_path / "bad.ipynb"
    cells = [nbformat.v4.new_code_cell("1 / 0", id="bad")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    before = path.read_bytes()
    with pytest.raises(RtmlError, match="ZeroDivisionError"):
        execute_file(path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["bad.ipynb"]


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
