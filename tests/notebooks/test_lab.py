"""`make lab` opens copies: what people run and write there is theirs, and git sees none of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rtml.notebook.copies import copied
from tests.conftest import REPOSITORY


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_the_lab_opens_copies_that_are_never_written_over_and_survive_clean(tmp_path: Path):
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    shutil.copytree(REPOSITORY / "notebooks", tmp_path / "notebooks")
    (tmp_path / "runs" / "demo").mkdir(parents=True)

    def make(*words: str) -> str:
        # Nothing is installed here: what is opened is printed in the place of JupyterLab.
        command = ["make", "--silent", *words, "BIN=bin", "--assume-old=install", "--assume-old=desk"]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    (tmp_path / "bin").mkdir()
    jupyter = tmp_path / "bin" / "jupyter"
    jupyter.write_text('#!/bin/sh\necho "$@"\n')
    jupyter.chmod(0o755)
    python = tmp_path / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec env PYTHONPATH={REPOSITORY} {sys.executable} "$@"\n')
    python.chmod(0o755)
    assert "runs/desk/01-first-look.ipynb" in make("lab")
    desk = tmp_path / "runs" / "desk"
    ours = {path.name for path in REPOSITORY.glob("notebooks/*.ipynb")}
    assert {copy.name for copy in desk.glob("*.ipynb")} == ours
    mine = desk / "02-hunt.ipynb"
    mine.write_text("mine")
    make("lab")
    make("clean")
    assert mine.read_text() == "mine" and not (tmp_path / "runs" / "demo").exists()
    assert "runs/" in (REPOSITORY / ".gitignore").read_text().splitlines()


def _notebook(path: Path, source: str, output: str = "") -> Path:
    cell = {"cell_type": "code", "source": [source], "outputs": [output] if output else []}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"cells": [cell]}))
    return path


def test_a_copy_learns_of_a_newer_notebook_and_stays_as_it_is(tmp_path: Path):
    ours, desk = tmp_path / "notebooks", tmp_path / "desk"
    notebook = _notebook(ours / "02-hunt.ipynb", "hunt()")
    assert copied(ours, desk) == []
    mine = _notebook(desk / "02-hunt.ipynb", "hunt() # mine")
    assert copied(ours, desk) == []  # what they changed is no news
    _notebook(notebook, "hunt()", output="run again")
    assert copied(ours, desk) == []  # an output of ours is none either
    _notebook(notebook, "hunt(model)")
    for _ in range(2):
        (sentence,) = copied(ours, desk)
        assert "is newer than your copy" in sentence and str(mine) in sentence
    assert "# mine" in mine.read_text()
    mine.rename(desk / "02-mine.ipynb")
    assert copied(ours, desk) == [] == copied(ours, desk)
    assert mine.read_text() == notebook.read_text()


@pytest.mark.parametrize("list_", ["", "[]", "{", "{}"])
def test_a_copy_of_unknown_age_is_told_once(tmp_path: Path, list_: str):
    ours, desk = tmp_path / "notebooks", tmp_path / "desk"
    _notebook(ours / "a.ipynb", "new")
    _notebook(desk / "a.ipynb", "old")
    (desk / ".taken.json").write_text(list_)
    (sentence,) = copied(ours, desk)
    assert "may be newer" in sentence
    assert copied(ours, desk) == []
    assert "old" in (desk / "a.ipynb").read_text()


def test_a_copy_that_is_no_notebook_any_more_is_left_alone(tmp_path: Path):
    ours, desk = tmp_path / "notebooks", tmp_path / "desk"
    _notebook(ours / "a.ipynb", "new")
    copied(ours, desk)
    (desk / "a.ipynb").write_text("scribbled")
    assert copied(ours, desk) == []
    _notebook(ours / "a.ipynb", "newer")
    assert len(copied(ours, desk)) == 1
    assert (desk / "a.ipynb").read_text() == "scribbled"
