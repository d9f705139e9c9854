"""What is held out is neither learnt nor tuned on, and judged alone; the proof says so."""

from __future__ import annotations

import json

import polars as pl
import pytest

from rtml.captures import open_captures
from rtml.commands.experiment import held_out
from rtml.errors import RtmlError, UsageError
from rtml.evaluation import read_labels
from rtml.experiment.early import without_early_attacks
from rtml.experiment.holding_out import hold_out
from rtml.experiment.run import run_experiment
from tests.experiment.shops import small_experiment
from tests.models.conftest import attack_again, hash_of, minute


def test_a_workload_that_nobody_learnt_is_judged_alone(tmp_path):
    outcome = run_experiment(
        small_experiment(tmp_path, hold_out={"workload": "app"}), tmp_path / "out", False
    )
    assert outcome.model.trees is not None
    assert set(outcome.model.trees["container_id"]) == {"web-1", "web-2"}
    assert set(outcome.track.windows["container_id"]) == {"app-1", "app-2"}
    assert set(outcome.scored.windows["container_id"]) == {"app-1", "app-2"}
    notes = json.loads((tmp_path / "out" / "ledger.json").read_text())["facts"]["split"]["notes"]
    assert "workload: 0 of 1 in test were also trained on" in notes
    assert any("held out: workload app: 2 of 4 containers" in note for note in notes)


def test_nothing_before_the_test_is_learnt_or_tuned_on_and_nothing_of_it_is_missing(tmp_path):
    experiment = small_experiment(tmp_path)
    capture, labels = open_captures(experiment.capture), read_labels(experiment.labels)
    split = experiment.split.of(capture, experiment.every)
    early = without_early_attacks(capture, labels, split, experiment)
    unseen = hold_out({"workload": ["app"]}, capture, labels).unseen(early, split, labels)
    hits = capture.events(["container_id", "time"]).collect()
    for left in (unseen.capture.events(["container_id", "time"]).collect(), unseen.without_attacks(hits)):
        of_app = left.filter(pl.col("container_id").cast(pl.String).str.starts_with("app"))
        whole = hits.filter(pl.col("container_id").cast(pl.String).str.starts_with("app"))
        assert of_app["time"].min() >= minute(30) and left.height < hits.height
        assert of_app.height == whole.filter(pl.col("time") >= minute(30)).height
    assert hold_out({}, capture, labels).unseen(early, split, labels) is early


def test_a_technique_is_judged_alone_and_other_attacks_are_neither_right_nor_wrong(tmp_path):
    experiment = small_experiment(tmp_path, *attack_again("web-1", 37), hold_out={"technique": ["T1105"]})
    labels = pl.read_parquet(experiment.labels)
    times = {
        name: pl.lit(minute(at)).cast(labels.schema[name]) for name, at in (("start", 37.8), ("end", 37.95))
    }
    other = labels.with_columns(
        attack_id=pl.lit("other"), technique=pl.lit("T1059.004"), container_id=pl.lit("web-1"),
        process_id=pl.lit(hash_of("web-1", 902)), **times,
    )  # fmt: skip
    pl.concat([labels, other]).write_parquet(experiment.labels)
    outcome = run_experiment(experiment, tmp_path / "out", False)
    assert outcome.track.labels["attack_id"].to_list() == ["kit"]
    assert "other" in outcome.track.left_out["attack_id"].to_list()
    of_other = outcome.track.windows.filter(
        (pl.col("container_id") == "web-1") & (pl.col("window") == minute(37))
    )
    assert of_other["target"].to_list() == [None]
    assert any("no model learns attacks" in limit for limit in outcome.ledger.facts["limits"])


def test_names_that_do_not_exist_and_holding_out_everything_are_refused(tmp_path):
    experiment = small_experiment(tmp_path)
    capture, labels = open_captures(experiment.capture), read_labels(experiment.labels)
    with pytest.raises(UsageError, match="no container is of workload 'wep'; did you mean 'web'"):
        hold_out({"workload": ["wep"]}, capture, labels)
    with pytest.raises(UsageError, match="no attack is of technique 'T9999'"):
        hold_out({"technique": ["T9999"]}, capture, labels)
    with pytest.raises(RtmlError, match="nothing is left to learn from"):
        hold_out({"image": ["shop/base"]}, capture, labels)
    assert hold_out({"technique": ["T1105"]}, capture, labels).containers is None
    with pytest.raises(UsageError, match="kind=name"):
        held_out(["image"])
