"""Scores of labelled rows: counted by hand, refused where the rows cannot carry a number."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from rtml.errors import RtmlError
from rtml.evaluation.measure import Measure
from rtml.evaluation.tables import judge_rows, kept_share


def table(groups: int = 20, rows: int = 50, seed: int = 0) -> pl.DataFrame:
    """Every second group ends with five rows of an attack, which score 10 more."""
    draw = np.random.default_rng(seed)
    n = groups * rows
    group, place = np.arange(n) // rows, np.arange(n) % rows
    attack = (group % 2 == 0) & (place >= rows - 5)
    return pl.DataFrame(
        {
            "part": [f"p{g % 4}" for g in group],
            "group": [f"g{g}" for g in group],
            "attack": attack.astype(int),
            "attack_id": [f"a{g}" if hit else None for g, hit in zip(group, attack, strict=True)],
            "score": draw.normal(size=n) + 10 * attack,
        }
    )


def flagged(rows: pl.DataFrame, over: float) -> pl.DataFrame:
    return rows.with_columns(flagged=pl.col("score") > over)


def test_counts_are_those_of_a_pencil():
    rows = pl.DataFrame(
        {
            "part": "all",
            "group": ["a", "a", "a", "b", "b", "b"],
            "attack": [0, 0, 1, 1, 1, None],
            "attack_id": [None, None, "x", "y", "y", None],
            "score": [1.0, 2, 3, 4, 0, 99],
            "flagged": [False, True, False, True, False, True],
        }
    )
    one = judge_rows(rows, row_seconds=8640.0)
    assert (one.found, one.attacks) == (1, 2) and (one.caught, one.positives) == (1, 3)
    assert (one.false, one.benign, one.false_share.value) == (1, 2, 0.5)
    assert one.rate.value == pytest.approx(1 / (2 * 0.1)) and one.prevalence == 0.6
    assert one.auroc.value == pytest.approx(4 / 6)


def test_a_perfect_score_finds_all_and_an_inverted_one_ranks_below_chance():
    rows = table()
    best, worst = (judge_rows(flagged(rows.with_columns(pl.col("score") * sign), 6)) for sign in (1, -1))
    assert best.found == best.attacks == 10 and best.false == 0 and best.auroc.value == 1.0
    assert worst.found == 0 and worst.auroc.value == 0.0
    assert best.average_precision.value == 1.0 > worst.average_precision.value


def test_rows_that_are_no_time_have_no_rate_and_no_threshold_means_no_count():
    rows = table()
    assert judge_rows(flagged(rows, 6)).rate.reason.startswith("rows are no time")
    blind = judge_rows(rows.with_columns(flagged=pl.lit(None, pl.Boolean)), 60)
    assert all(one.value is None for one in (blind.recall, blind.false_share, blind.rate))
    assert blind.auroc.value == 1.0


def test_silence_ranks_lowest_and_is_said():
    rows = table().with_columns(score=pl.when(pl.col("attack") == 1).then(None).otherwise("score"))
    silent = judge_rows(flagged(rows, 6).with_columns(pl.col("flagged").fill_null(False)))
    assert silent.auroc.value == 0.0 and "no opinion on 5.0% of rows" in silent.remarks[0]


def test_false_rows_of_one_run_widen_the_interval():
    rows = table()
    spread = flagged(rows, 6).with_columns(flagged=(pl.int_range(pl.len()) % 50 == 0))
    burst = flagged(rows, 6).with_columns(flagged=pl.int_range(pl.len()) < 20)
    even, lumped = (judge_rows(one).false_share for one in (spread, burst))
    assert even.value == pytest.approx(lumped.value, rel=0.05)
    assert lumped.high - lumped.low > 2 * (even.high - even.low) and "20 groups" in lumped.method


def test_attacks_of_one_part_are_no_independent_trials():
    rows = table(groups=96).with_columns(part=pl.col("group").str.slice(1).cast(pl.Int64) // 8)
    named = rows.with_columns(pl.col("part").cast(pl.String))
    half = named.with_columns(flagged=(pl.col("attack") == 1) & (pl.col("part").cast(pl.Int64) % 2 == 0))
    recall = judge_rows(half).recall
    assert recall.value == 0.5 and "in 12 groups" in recall.method
    alone = judge_rows(half.with_columns(part=pl.col("group"))).recall
    assert recall.high - recall.low > alone.high - alone.low


def test_without_benign_rows_nothing_is_judged_and_without_attacks_nothing_is_found():
    rows = flagged(table(), 6)
    with pytest.raises(RtmlError, match="no benign row among 50 labelled ones"):
        judge_rows(rows.filter(pl.col("attack") == 1))
    calm = judge_rows(rows.filter(pl.col("attack") == 0))
    assert calm.attacks == 0 and calm.recall.value is None and calm.auroc.value is None
    assert calm.false_share.value == 0.0 and calm.false_share.high > 0


def test_a_budget_is_broken_where_the_whole_interval_lies_above_it():
    assert kept_share(Measure(0.004, 0.002, 0.006), 0.001) == "broken"
    assert kept_share(Measure(0.004, 0.0009, 0.006), 0.001) == "held"
    assert kept_share(Measure(None), 0.001) == ""
