"""A scope in a configuration is obeyed as one that is given to import, follow and score."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from rtml.errors import UsageError
from rtml.experiment.config import Experiment, load_experiment
from rtml.experiment.judge import judge
from rtml.experiment.looked_at import capture_of
from rtml.experiment.result import read_result
from rtml.experiment.run import run_experiment
from tests.experiment.shops import small_experiment

SCOPE = {"containers": {"exclude": ["app-*"]}, "sources": {"dns": False}}


def test_what_is_out_of_scope_is_neither_learnt_nor_judged_and_the_run_says_so(tmp_path: Path):
    experiment = small_experiment(tmp_path, scope=SCOPE)
    events = capture_of(experiment).events(["container_id", "kind"]).collect().cast(pl.String)
    assert "dns" not in events["kind"].to_list() and "app-1" not in events["container_id"].to_list()
    outcome = run_experiment(experiment, tmp_path / "out", False)
    assert outcome.model.trees is not None
    for table in (outcome.model.trees, outcome.track.windows, outcome.scored.windows):
        assert not {"app-1", "app-2"} & set(table["container_id"])
    assert set(outcome.track.windows["container_id"]) >= {"web-1", "web-2"}
    notes = json.loads((tmp_path / "out" / "ledger.json").read_text())["facts"]["limits"]
    assert any(note.startswith("looked at within a scope: without dns events") for note in notes)
    kept = read_result(tmp_path / "out" / "sides.json")
    assert json.loads(kept.terms.scope) == SCOPE
    whole = small_experiment(tmp_path / "whole")
    assert experiment.digest() != whole.digest()
    assert experiment.labels is not None
    found = [tmp_path / "out" / "findings.parquet"]
    ledger, _, _ = judge(experiment.capture, experiment.labels, found, tmp_path / "again")
    assert ledger.summary.equals(outcome.ledger.summary)


def test_without_a_scope_nothing_changes(tmp_path: Path):
    experiment = Experiment(capture=["c"])
    assert "scope" not in json.dumps(sorted(experiment.model_dump(exclude_defaults=True)))
    assert experiment.digest() == Experiment(capture=["c"], scope={}).digest()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("scope: {namespace: {}}", "unknown key 'namespace' in scope; did you mean 'namespaces'"),
        ("scope: {sources: {dsn: false}}", "unknown key 'dsn' in sources; did you mean 'dns'"),
        ("scope: [dns]", "scope is a mapping"),
        ("scope: {images: {include: [7]}}", "put numbers into quotes"),
    ],
)
def test_a_wrong_scope_is_said_with_the_file(tmp_path: Path, text: str, words: str):
    (tmp_path / "e.yml").write_text(text)
    with pytest.raises(UsageError) as error:
        load_experiment(tmp_path / "e.yml")
    assert words in str(error.value) and "e.yml" in str(error.value)


def test_a_scope_is_set_on_the_command_line_and_lies_on_a_base(tmp_path: Path):
    (tmp_path / "default.yml").write_text("scope: {sources: {dns: false}}")
    (tmp_path / "e.yml").write_text("base: default\nscope: {images: {exclude: [pause]}}")
    experiment = load_experiment(tmp_path / "e.yml", ["scope.sources.network=false"])
    assert experiment.looked_at.off == ("dns", "network")
    assert experiment.looked_at.exclude == {"images": ("pause",)}
