"""JSON is read in one place: endless depth is a fault of the file, never of the program."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from rtml.errors import RtmlError
from rtml.evaluation.labels.reading import read_labels
from rtml.experiment.finished import read_finished
from rtml.experiment.looks import look
from rtml.reading.json_text import json_of
from rtml.replays.journal import read_journal

ROOT = Path(__file__).parents[2] / "rtml"
HOME = {
    "reading/json_text.py",
    "reading/documents.py",  # says itself which documents are too deep
    "replays/services",  # run inside containers, without rtml
    "rules/language/computed.py",  # names of columns, which rtml made
    "replays/containers.py",  # what podman prints
    "testing",
}
DEEP = "[" * 100_000


@pytest.mark.parametrize(
    "path", sorted(ROOT.rglob("*.py")), ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_python_s_own_parser_is_called_in_one_place(path: Path):
    name = path.relative_to(ROOT).as_posix()
    if name.startswith(tuple(HOME)):
        return
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute)]
    assert [node.lineno for node in calls if node.attr == "loads" and ast.unparse(node.value) == "json"] == []


def test_depth_without_end_is_no_json():
    with pytest.raises(RecursionError):
        json.loads(DEEP)
    with pytest.raises(ValueError, match="nested too deeply"):
        json_of(DEEP)


def test_a_deep_line_is_a_look_like_any_other(tmp_path: Path):
    labels = tmp_path / "labels.parquet"
    (tmp_path / "labels.looks.jsonl").write_text(DEEP + "\n")
    (tmp_path / "labels.looked.json").write_text(DEEP)
    assert look(labels, "one").times == 2


def test_deep_files_are_refused_or_passed_over(tmp_path: Path):
    (tmp_path / "ledger.json").write_text(DEEP)
    with pytest.raises(RtmlError, match="its ledger cannot be read .nested too deeply"):
        read_finished(tmp_path)
    (tmp_path / "journal.jsonl").write_text('{"what": "note"}\n' + DEEP + "\n")
    assert read_journal(tmp_path / "journal.jsonl") == [{"what": "note"}]
    (tmp_path / "labels.jsonl").write_text(DEEP + "\n")
    with pytest.raises(RtmlError, match="labels"):
        read_labels(tmp_path / "labels.jsonl")
