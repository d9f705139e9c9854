"""A correlation is a rule to everything that takes rules: levels, tuning, suppression, findings."""

from __future__ import annotations

import polars as pl
import pytest

from rtml.experiment.config import Experiment
from rtml.rules import apply, findings_of, rule_scores, tune
from rtml.rules.chosen import Chosen
from rtml.rules.correlations import CORRELATIONS, NEW_BINARY_EXECUTED
from rtml.rules.correlations.examples import examples_of
from rtml.rules.running.run import run_all
from rtml.rules.running.suppressed import with_suppressed
from tests.rules.conftest import capture_of

STORY = [dict(event) for event in examples_of(NEW_BINARY_EXECUTED)[0].events]


@pytest.fixture(scope="module")
def ran():
    return run_all(capture_of(STORY), Chosen())


def test_the_lowest_level_leaves_it_out(ran):
    assert NEW_BINARY_EXECUTED.id in set(ran.hits["rule"])
    high = run_all(capture_of(STORY), Chosen(level="high"))
    assert NEW_BINARY_EXECUTED.id not in set(high.evaluation.table["rule"])
    kept = {one.id for one in CORRELATIONS if one.level == "high"}
    assert kept <= set(high.evaluation.table["rule"])


def test_no_pack_no_correlations():
    table = run_all(capture_of(STORY), Chosen(pack=())).evaluation.table
    assert table.is_empty()


def test_its_findings_say_what_it_was(ran):
    own = ran.findings().filter(pl.col("type") == NEW_BINARY_EXECUTED.finding_type)
    features = [part["feature"] for part in own["contributions"][0]]
    assert any(feature.endswith(": /tmp/x written by /usr/bin/curl") for feature in features)
    assert own["evidence"][0][0] == {"host": "h", "seq": 1}


def test_tuning_excepts_it(ran):
    days = pl.DataFrame({"workload": ["web"], "container_days": [0.1]})
    exceptions = tune(ran.hits, days, budget=0.5)
    assert NEW_BINARY_EXECUTED.id in set(exceptions["rule"])
    assert NEW_BINARY_EXECUTED.id not in set(apply(ran.hits, exceptions)["rule"])


def test_suppressed_hits_are_counted(ran):
    table = with_suppressed(ran, ran.findings())
    row = table.row(by_predicate=pl.col("rule") == NEW_BINARY_EXECUTED.id, named=True)
    assert (row["hits"], row["suppressed"]) == (1, 1)


def test_windows_are_scored_by_it(ran):
    hits = ran.hits.filter(pl.col("rule") == NEW_BINARY_EXECUTED.id)
    windows = hits.select("container_id", window=pl.col("time").dt.truncate("60s"))
    assert rule_scores(hits, CORRELATIONS, windows)["score"].to_list() == [0.501]
    assert findings_of(hits, CORRELATIONS)["severity"].to_list() == [5.0]


def test_experiments_choose_the_gate():
    assert Experiment().rules.gate == "none"
    assert Experiment.model_validate({"rules": {"gate": "ours"}}).rules.gate == "ours"
