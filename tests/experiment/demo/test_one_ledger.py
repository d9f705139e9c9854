"""One question, one answer: an experiment and ``rtml evaluate`` print the same ledger."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copy

import polars as pl
import pytest
from typer.testing import CliRunner

from rtml.cli import app
from rtml.errors import RtmlError, UsageError
from rtml.evaluation import Ledger
from rtml.experiment import Outcome
from rtml.experiment.judge import judge
from rtml.experiment.result import read_result
from rtml.job.running import run_job
from rtml.schema import SCORES
from tests.conftest import LAB

CAPTURE, LABELS = str(LAB / "capture"), LAB / "labels.parquet"
SINCE = "2026-11-24T03:14:00Z"
MEASURED = pl.exclude("side", "note", "only", "asked", "calibrated", "budget", "remarks")


def called(*arguments: object) -> None:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output


def row(ledger: Ledger, side: str) -> pl.DataFrame:
    return ledger.summary.filter(pl.col("side") == side).select(MEASURED)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Findings of the rules as they come, by the command; scores lie beside them."""
    folder = tmp_path_factory.mktemp("rules")
    called("rules", CAPTURE, "--out", folder / "findings.parquet")
    return folder / "findings.parquet"


def test_evaluate_prints_every_row_of_the_experiment_bit_for_bit(demo: Outcome, tmp_path: Path):
    where = ("--capture", CAPTURE, "--labels", LABELS, "--out", tmp_path / "e")
    called("evaluate", demo.out / "findings.parquet", *where)
    ours, theirs = (json.loads((out / "ledger.json").read_text()) for out in (demo.out, tmp_path / "e"))
    for part in ("sides", "attacks", "by_attack", "budget_curve", "operating_points"):
        assert ours[part] == theirs[part], part
    assert [side["side"] for side in theirs["sides"]] == demo.ledger.summary["side"].to_list()


def test_the_terms_of_the_experiment_hold_unless_others_are_asked_for(demo: Outcome, tmp_path: Path):
    kept = read_result(demo.out / "sides.json")
    assert kept.terms.since == demo.split.test and kept.terms.seed == 7
    file = [demo.out / "findings.parquet"]
    same, *_ = judge([CAPTURE], LABELS, file, tmp_path / "a", "60s", SINCE, 1.0, 7)
    assert same.summary.equals(demo.ledger.summary)
    other, *_ = judge([CAPTURE], LABELS, file, tmp_path / "b", seed=8)
    assert not other.summary.equals(demo.ledger.summary)


def test_the_commands_for_rules_and_for_models_give_the_same_rows(demo: Outcome, rules: Path, tmp_path: Path):
    run_job([CAPTURE], demo.out / "model", tmp_path / "scored")
    files = [tmp_path / "rules.parquet", tmp_path / "scored" / "findings.parquet"]
    copy(rules, files[0])
    copy(rules.with_name("scores.parquet"), tmp_path / "rules.scores.parquet")
    ledger, *_ = judge([CAPTURE], LABELS, files, tmp_path / "e", since=SINCE, seed=7)
    assert row(ledger, "rules: rules").equals(row(demo.ledger, "rules, default"))
    for model in ("surprise", "rarity", "isolation forest", "half space trees", "fading gaussian"):
        assert row(ledger, f"findings: {model}").equals(row(demo.ledger, model)), model


def test_every_side_has_scores_of_one_shape(demo: Outcome, rules: Path):
    for file in (demo.out / "scores.parquet", rules.with_name("scores.parquet")):
        scores = pl.read_parquet(file)
        assert scores.schema == SCORES
        assert not scores.select("detector", "container_id", "window").is_duplicated().any()
    kept = read_result(demo.out / "sides.json")
    scores = pl.read_parquet(demo.out / "scores.parquet")
    assert set(scores["detector"]) == {side.detector for side in kept.sides}
    heights = scores.group_by("detector").len()["len"]
    assert heights.unique().to_list() == [demo.scored.windows.height]


def test_alerts_without_scores_are_ranked_by_their_findings_and_the_ledger_says_so(
    demo: Outcome, rules: Path, tmp_path: Path
):
    alone = tmp_path / "alerts.parquet"
    copy(rules, alone)
    ledger, *_ = judge([CAPTURE], LABELS, [alone], tmp_path / "e", since=SINCE, seed=7)
    (remarks,) = ledger.summary.filter(pl.col("side") == "rules")["remarks"]
    assert "ranked by findings" in remarks
    found = ledger.summary.filter(pl.col("side") == "rules")["average_precision"].item()
    assert found < demo.ledger.summary.filter(pl.col("side") == "rules, default")["average_precision"].item()


def test_findings_before_the_time_that_is_judged_cost_nothing(rules: Path, tmp_path: Path):
    late, *_ = judge([CAPTURE], LABELS, [rules], tmp_path / "a", since=SINCE)
    all_of_it, *_ = judge([CAPTURE], LABELS, [rules], tmp_path / "b", all_time=True)
    false = [ledger.summary.row(0, named=True)["false"] for ledger in (late, all_of_it)]
    assert 0 < false[0] < false[1]


def test_a_model_is_judged_from_its_first_score_on_and_rules_at_all_times(
    demo: Outcome, rules: Path, tmp_path: Path
):
    run_job([CAPTURE], demo.out / "model", tmp_path / "scored")
    scored, *_ = judge([CAPTURE], LABELS, [tmp_path / "scored" / "findings.parquet"], tmp_path / "a")
    said, *_ = judge(
        [CAPTURE], LABELS, [tmp_path / "scored" / "findings.parquet"], tmp_path / "b", since=SINCE
    )
    assert scored.summary.equals(said.summary) and scored.facts["test_container_hours"] < 2
    alone, *_ = judge([CAPTURE], LABELS, [rules], tmp_path / "c")
    assert alone.facts["test_container_hours"] > 2 * said.facts["test_container_hours"]


def test_a_model_without_scores_is_not_judged_on_time_that_nobody_named(demo: Outcome, tmp_path: Path):
    alone = tmp_path / "findings.parquet"
    pl.read_parquet(demo.out / "findings.parquet").filter(pl.col("detector") == "surprise").write_parquet(
        alone
    )
    with pytest.raises(UsageError, match="has no scores that tell which time it was judged on"):
        judge([CAPTURE], LABELS, [alone], tmp_path / "a")
    judge([CAPTURE], LABELS, [alone], tmp_path / "b", all_time=True)


def test_a_side_is_not_judged_on_time_that_it_was_fitted_on(demo: Outcome, tmp_path: Path):
    with pytest.raises(RtmlError, match="'rules, tuned' was fitted on data up to"):
        judge([CAPTURE], LABELS, [demo.out / "findings.parquet"], tmp_path, since="2026-11-24T03:00:00Z")


def test_two_files_take_no_scores_of_one_detector_from_one_file(rules: Path, tmp_path: Path):
    for name in ("a", "b"):
        copy(rules, tmp_path / f"{name}.parquet")
    copy(rules.with_name("scores.parquet"), tmp_path / "scores.parquet")
    files = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    with pytest.raises(UsageError, match="would both take the scores of 'rules'"):
        judge([CAPTURE], LABELS, files, tmp_path / "e", all_time=True)
    copy(tmp_path / "scores.parquet", tmp_path / "b.scores.parquet")
    ledger, *_ = judge([CAPTURE], LABELS, files, tmp_path / "e", all_time=True)
    assert {"a: rules", "b: rules"} < set(ledger.summary["side"])
