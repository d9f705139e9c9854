"""`make lab` opens copies: what people run and write there is theirs, and git sees none of it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

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
    assert "runs/desk/01-first-look.ipynb" in make("lab")
    desk = tmp_path / "runs" / "desk"
    ours = {path.name for path in REPOSITORY.glob("notebooks/*.ipynb")}
    assert {copy.name for copy in desk.iterdir()} == ours
    mine = desk / "02-hunt.ipynb"
    mine.write_text("mine")
    make("lab")
    make("clean")
    assert mine.read_text() == "mine" and not (tmp_path / "runs" / "demo").exists()
    assert "runs/" in (REPOSITORY / ".gitignore").read_text().splitlines()
