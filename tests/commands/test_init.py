"""From a sensor's files to ranked incidents, with the lines that `rtml init` prints."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.conftest import LAB, REPOSITORY
from tests.models.conftest import shop
from tests.test_cli import rtml


def test_the_printed_lines_lead_to_incidents(tmp_path: Path):
    """They are run as they are printed: learn, score, look."""
    shop(tmp_path / "day")
    told = rtml("init", "day", "--out", "mine.yml", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert "cannot be checked yet" in told.stdout
    steps = re.findall(r"^  rtml (.*)$", told.stdout, re.MULTILINE)
    assert [shlex.split(step)[0] for step in steps] == ["train", "score", "findings"]
    for step in steps:
        extra = ["--no-track", "--set", "detectors=[surprise]"] if step.startswith("train") else []
        done = rtml(*shlex.split(step), *extra, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert "incidents" in done.stdout and "app-1" in done.stdout and ".kit" in done.stdout


def test_the_page_of_the_first_hour_is_true(tmp_path: Path):
    """Its lines are run as they stand there, on the shipped capture, and `rtml init` says what it says."""
    page = (REPOSITORY / "docs" / "first-hour.md").read_text("utf-8")
    (tmp_path / "datasets").symlink_to(REPOSITORY / "datasets")
    shutil.copytree(LAB / "capture", tmp_path / "captures" / "shop")
    first = re.search(r"`rtml (init datasets.*?)`\) it says:\n\n```\n(.*?)```", page, re.DOTALL)
    assert first is not None
    told = rtml(*shlex.split(first[1]), cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert [line for line in first[2].splitlines() if line not in told.stdout] == []
    steps = re.findall(r"^\$ rtml ((?!init).*)$", page, re.MULTILINE)
    assert [shlex.split(step)[0] for step in steps] == ["train", "score", "findings"]
    for step in steps:
        done = rtml(*shlex.split(step), *(["--no-track"] if step.startswith("train") else []), cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert "incidents" in done.stdout


def test_a_model_is_learnt_without_any_file(tmp_path: Path):
    shop(tmp_path / "day")
    done = rtml("train", "day", "--out", "m", "--no-track", "--set", "detectors=[surprise]", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "cannot be checked yet" in done.stderr and "model       m" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "nowhere: No such file"),
        (["empty"], "empty"),
        (["day", "--out", "day"], "day"),
        (["short"], "too few to learn"),
    ],
)
def test_what_cannot_be_proposed_is_said_in_a_line(tmp_path: Path, arguments: list[str], said: str):
    shop(tmp_path / "day")
    shop(tmp_path / "short", until=3)
    (tmp_path / "empty").mkdir()
    done = rtml("init", *arguments, cwd=tmp_path)
    assert done.returncode in (1, 2) and said in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "first.yml").exists()
