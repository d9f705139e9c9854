"""The page on baselines shows what the program prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rtml.cli import app
from rtml.profiles.formats import FORMATS
from tests.conftest import LAB, REPOSITORY

PAGE = (REPOSITORY / "docs/baselines.md").read_text("utf-8")


def test_its_commands_print_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "datasets" / "lab-v1").mkdir(parents=True)
    (tmp_path / "datasets" / "lab-v1" / "capture").symlink_to(LAB / "capture")
    ran = 0
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.S):
        for command, wanted in re.findall(r"\$ rtml (.*)\n((?:[^$].*\n)*)", block):
            done = CliRunner().invoke(app, command.split())
            assert done.exit_code == 0, (command, done.exception)
            assert not wanted or done.stdout == wanted, command
            ran += 1
    assert ran == 5


def test_every_format_is_on_the_page():
    assert [name for name in FORMATS if f"| `{name}` |" not in PAGE] == []
