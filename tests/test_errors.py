"""Errors can be caught by kind, and the library never speaks of the command line."""

from __future__ import annotations

import ast
import pickle
import re
from pathlib import Path

import polars as pl
import pytest
from typer.main import get_command

from rtml.captures import open_capture
from rtml.cli import app
from rtml.commands.options import OPTIONS
from rtml.detectors.rarity import Rarity
from rtml.errors import (
    MissingError,
    MissingFileError,
    RtmlError,
    UnknownNameError,
    UsageError,
    did_you_mean,
    lookup,
    unreadable,
)
from rtml.evaluation.labels import read_labels
from rtml.experiment.config import load_experiment
from rtml.experiment.judge import read_findings
from rtml.models import load_model
from rtml.reading.user_yaml import MissingSettingsError, YamlError
from tests.conftest import LAB, REPOSITORY
from tests.test_cli import rtml


@pytest.mark.parametrize(
    ("kind", "also", "code"),
    [
        (RtmlError, Exception, 1),
        (UsageError, ValueError, 2),
        (UnknownNameError, LookupError, 2),
        (UnknownNameError, ValueError, 2),
        (MissingError, LookupError, 1),
        (MissingFileError, FileNotFoundError, 1),
        (MissingSettingsError, FileNotFoundError, 2),
        (MissingSettingsError, ValueError, 2),
    ],
)
def test_a_kind_is_also_what_python_calls_so(kind: type[RtmlError], also: type[Exception], code: int):
    error = kind("a: 'b'", argument="out")
    assert isinstance(error, RtmlError) and isinstance(error, also)
    assert (str(error), error.exit_code, error.argument) == ("a: 'b'", code, "out")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.argument) == (kind, str(error), "out")


def test_a_place_in_a_file_can_be_asked_for():
    error = YamlError("a.yml", 3, 1, "wrong")
    assert (str(error), error.line, error.column, error.reason) == ("a.yml:3:1: wrong", 3, 1, "wrong")


def test_what_is_missing_is_caught_by_kind(tmp_path: Path):
    for read in (open_capture, load_model, read_labels, read_findings, load_experiment):
        with pytest.raises(FileNotFoundError, match="absent"):
            read(tmp_path / "absent.parquet")
    with pytest.raises(LookupError, match="did you mean 'exe'"):
        open_capture(LAB / "capture").events(["exee"])
    pl.DataFrame({"attack": ["a"]}).write_parquet(tmp_path / "a.parquet")
    for reader in (read_labels, read_findings):
        with pytest.raises(LookupError, match="no column"):
            reader(tmp_path / "a.parquet")
    with pytest.raises(LookupError):
        lookup({"a": 1}, "b", "letter")
    with pytest.raises(LookupError, match="no column"):
        Rarity().learn(pl.DataFrame({"container_id": ["c"]}))


def test_errors_of_the_system_keep_their_kind(tmp_path: Path):
    assert isinstance(unreadable("x", FileNotFoundError(2, "gone")), FileNotFoundError)
    assert not isinstance(unreadable("x", PermissionError(13, "no")), FileNotFoundError)
    assert str(unreadable("x", OSError("odd"))) == "x: odd"


def options() -> set[str]:
    """Return every option of every command, as a user writes it."""
    names, groups = set(), [get_command(app)]
    while groups:
        command = groups.pop()
        groups += getattr(command, "commands", {}).values()
        names |= {name for parameter in command.params for name in parameter.opts if name.startswith("--")}
    return names - {"--help", "--version"}


def test_the_library_names_arguments_and_not_options():
    ours = options()
    assert {"--out", "--budget", "--since", "--set"} <= ours
    spoken = re.compile(rf"(?:^|[\s`(\"'])({'|'.join(sorted(ours, key=len, reverse=True))})(?![\w-])")
    for path in sorted((REPOSITORY / "rtml").rglob("*.py")):
        if "commands" in path.parts or path.name == "cli.py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            prose = isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value
            if prose and (said := spoken.search(node.value)):
                raise AssertionError(f"{path}:{node.lineno} speaks of {said[1]}")


def test_the_command_line_knows_what_it_calls_an_argument(tmp_path: Path):
    for option in OPTIONS.values():
        assert option.startswith("`rtml ") or option.split()[0] in options()
    raised = set()
    for path in (REPOSITORY / "rtml").rglob("*.py"):
        raised |= set(re.findall(r'argument="(\w+)"', path.read_text("utf-8")))
    assert raised == set(OPTIONS)
    (tmp_path / "log").write_text("{}")
    (tmp_path / "c").mkdir()
    done = rtml("capture", "import", "bpftrace", tmp_path / "log", "--out", tmp_path / "c")
    assert (done.returncode, done.stderr.strip().endswith("another place (--out)")) == (1, True)
    done = rtml("capture", "info", tmp_path)
    assert "(`rtml capture import SENSOR INPUT... --out CAPTURE` makes one)" in done.stderr


def test_of_many_names_an_error_lists_some():
    names = [f"{number:04d}" for number in range(1234)]
    said = did_you_mean("of another kind", names)
    assert said == f"known: {', '.join(names[:40])} and 1,194 more"
    assert did_you_mean("of another kind", names[:40]).endswith("0039")
