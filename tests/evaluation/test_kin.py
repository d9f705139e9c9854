"""Kin of known cheats: changes that are none, spans that touch, scores and budgets that say nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from rtml.errors import RtmlError
from rtml.evaluation import Side, assess, build_ledger, in_capture
from rtml.evaluation.suspicions import much_labelled, suspicious_columns, suspicious_score
from rtml.experiment.selftest.ground import CONTAINERS, Ground, finding

GROUND = Ground()


def change(parts: list[tuple[str, int]]) -> pl.DataFrame:
    """Return a change that shows two events of each of some processes."""
    rows = pl.concat([GROUND.events.filter(pl.col("process_id") == process)[:2] for _, process in parts])
    minutes = (rows["time"] - GROUND.windows["window"].min()).dt.total_microseconds() / 60e6
    listed = [{"host": "h", "seq": seq} for seq in rows["seq"]]
    return finding(
        None, minutes.min() - 0.1, minutes.max() + 0.1, evidence=listed,
        containers=sorted({name for name, _ in parts}), type="Change:Runtime/WorkloadChanged",
    )  # fmt: skip


def test_a_change_of_one_container_is_charged_as_any_finding():
    matched = GROUND.track().match(change([("c7", GROUND.job(7, 2))]))
    assert matched.changes == [] and matched.false == 1
    both = GROUND.track().match(change([("c6", GROUND.job(6, 2)), ("c7", GROUND.job(7, 2))]))
    assert both.changes == [0] and both.false == 0


def test_a_side_that_calls_most_findings_changes_is_told_so():
    jobs = [[("c6", GROUND.job(6, n)), ("c7", GROUND.job(7, n))] for n in range(12)]
    found = pl.concat([change(parts) for parts in jobs])
    said = [assess(Side("m", "model", rows), GROUND.track(), 0).remarks for rows in (found, found[:9])]
    assert said[0][0].startswith("12 of 12 findings call themselves changes") and said[1] == []


@pytest.mark.parametrize("budget", [1e308, 1e-300])
def test_any_budget_above_nothing_is_judged(budget):
    features = GROUND.track().windows.select(
        "container_id", "window", **{"x.y": pl.int_range(pl.len()) % 7 / 1}
    )
    ledger = build_ledger([GROUND.rules, GROUND.model], GROUND.track(), features=features, budget=budget)
    assert "best single feature" in " ".join(ledger.summary["side"])


@pytest.mark.parametrize("asked", [float("nan"), float("inf"), 0.0, -1.0])
def test_a_side_asks_for_a_number_above_nothing(asked):
    with pytest.raises(RtmlError, match="a budget of"):
        replace(GROUND.model, asked=asked)


def test_scores_that_say_who_or_when_are_named_and_honest_ones_are_not():
    windows, scores = GROUND.windows.select("container_id", "window"), GROUND.scores()
    told = {
        name: suspicious_score(replace(GROUND.model, scores=scores.with_columns(score=score)), windows)
        for name, score in {
            "honest": pl.col("score"),
            "who": pl.col("container_id").hash(1).cast(pl.Float64),
            "when": -pl.col("window").to_physical().cast(pl.Float64),
            "constant": pl.lit(1.0),
            "silent": pl.lit(None, pl.Float64),
        }.items()
    }
    assert told["who"] == ["m: its scores name containers, not what they do"]
    assert told["when"] == ["m: its scores tell the time, not what was done"]
    assert told["honest"] == told["constant"] == told["silent"] == []
    assert suspicious_score(Side("r", "rules", GROUND.rules.findings), windows) == []


def test_three_containers_apart_by_their_work_are_no_names():
    rng = np.random.default_rng(1)
    rows = GROUND.windows.filter(pl.col("container_id").is_in(CONTAINERS[:3])).select(
        "container_id", "window"
    )
    load = rows["container_id"].str.slice(1).cast(pl.Float64) + rng.random(rows.height) / 2
    assert suspicious_columns(rows.with_columns(load.alias("activity.all"))) == []


def test_a_label_of_nobody_beside_another_is_a_copy_and_apart_from_it_is_none():
    nobody = GROUND.labels[:1].with_columns(
        attack_id=pl.lit("again"), process_id=pl.lit(None, pl.Int64), start=pl.col("end")
    )
    with pytest.raises(RtmlError, match=r"1 of 13 labels are of the same process tree.*'again'"):
        in_capture(pl.concat([GROUND.labels, nobody]), CONTAINERS)
    later = nobody.with_columns(pl.col("start", "end") + pl.duration(minutes=1, time_unit="ns"))
    assert in_capture(pl.concat([GROUND.labels, later]), CONTAINERS)[0].height == 13


def test_time_that_is_labelled_as_attack_is_said_from_a_half_on():
    track = GROUND.track()
    assert much_labelled(track) == []
    for parts, said in ((3, []), (1.5, ["67% of the container time"])):
        hit = (pl.int_range(pl.len()) % 3 < 3 / parts).cast(pl.Int32)
        told = much_labelled(replace(track, windows=track.windows.with_columns(target=hit)))
        assert [text[:25] for text in told] == said
