"""An experiment is known by the content of what it read: edited labels or rules are another experiment."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtml.captures import Capture
from rtml.experiment.config import Experiment
from rtml.experiment.inputs import digests
from rtml.experiment.outcome import Outcome
from rtml.experiment.result import read_result
from rtml.rules.chosen import Chosen


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "sigma").mkdir()
    named = {"labels": "labels.csv", "rules": "sigma/one.yml", "lists": "bad.txt"}
    for name in named.values():
        (tmp_path / name).write_text("before")
    return {kind: tmp_path / name for kind, name in named.items()}


@pytest.mark.parametrize("edited", ["labels", "rules", "lists"])
def test_what_was_edited_in_place_is_another_input(edited: str, files: dict[str, Path], lab: Capture):
    chosen = Chosen(sigma=(files["rules"].parent,), intel=(files["lists"],))
    experiment = Experiment(capture=["c"], labels=files["labels"], rules=chosen)
    before = digests(experiment, lab)
    assert digests(experiment, lab) == before
    files[edited].write_text("after")
    after = digests(experiment, lab)
    assert {kind for kind in before if before[kind] != after[kind]} == {edited, "all"}


def test_a_run_keeps_them(demo: Outcome):
    kept = read_result(demo.out / "sides.json").inputs
    assert kept == dict(demo.inputs) and {"labels", "captures", "configuration", "all"} <= kept.keys()
