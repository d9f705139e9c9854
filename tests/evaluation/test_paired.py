"""Paired comparisons: exact tests against hand and scipy, Holm, recordings, rates and their causes."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rtml.errors import RtmlError
from rtml.evaluation.across import paired_runs
from rtml.evaluation.measures import ROWS
from rtml.evaluation.paired import RATES, holm, paired
from rtml.schema import empty
from tests.evaluation.frames import at


def table(kinds=None, **found):
    """Make an attacks table from who found which of the attacks a0, a1, ... (1 found, 0 missed)."""
    return pl.concat(
        pl.DataFrame(
            {
                "attack_id": [f"a{n}" for n in range(len(flags))],
                "container_id": "c",
                "start": at(0),
                "end": at(1),
                "side": side,
                "kind": (kinds or {}).get(side, "rules" if side == "rules" else "model"),
                "found": [flag == "1" for flag in flags],
            }
        )
        for side, flags in found.items()
    )


def test_counts_and_exact_p():
    """The reference's own numbers: surprise alone 7, rules alone 10, p = 0.63; a union 7 and 0, p = 0.016."""
    rules = "1" * 10 + "0" * 7 + "1" * 33 + "0" * 5
    both = "0" * 10 + "1" * 7 + "1" * 33 + "0" * 5
    either = "1" * 50 + "0" * 5
    rows = paired(table({"union": "union"}, rules=rules, surprise=both, union=either), "rules")
    first, second = rows.rows(named=True)
    names = ("attacks", "both", "only_side", "only_reference", "neither")
    assert [first[name] for name in names] == [55, 33, 7, 10, 5]
    assert first["p"] == pytest.approx(0.6291, abs=1e-4) and first["remark"] is None
    assert second["p"] == pytest.approx(2 * 0.5**7) and "by construction" in second["remark"]
    assert second["p_holm"] == pytest.approx(2 * second["p"]) and first["p_holm"] == first["p"]
    assert first["p_false"] is None and first["false"] is None, "a bare table knows no rates"


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_p_equals_scipy_whatever_was_found(pairs):
    ours, theirs = ("".join(str(int(flag)) for flag in flags) for flags in zip(*pairs, strict=True))
    row = paired(table(rules=theirs, forest=ours), "rules").row(0, named=True)
    won, lost = sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs)
    assert (row["only_side"], row["only_reference"]) == (won, lost) == (row["won"], row["lost"])
    assert row["p"] == pytest.approx(stats.binomtest(won, won + lost).pvalue if won + lost else 1.0)
    turned = paired(table(rules=theirs, forest=ours), "forest").row(0, named=True)
    assert turned["p"] == pytest.approx(row["p"]) and turned["only_side"] == lost


def test_five_all_one_way_are_too_few_and_that_is_said():
    row = paired(table(rules="00000", forest="11111"), "rules").row(0, named=True)
    assert row["p"] > 0.05 and row["remark"].startswith("5 discordant")
    assert paired(table(rules="000000", forest="111111"), "rules")["p"][0] < 0.05


def test_copies_of_one_recording_are_one_win():
    """Ten trials of one recording, all found by the model alone, prove as little as one."""
    copies = table(rules="0" * 10, forest="1" * 10).with_columns(
        attack_id=pl.col("attack_id").str.replace("a", "shell~000")
    )
    row = paired(copies, "rules").row(0, named=True)
    assert (row["only_side"], row["won"], row["p"]) == (10, 1, 1.0)


def test_trivial_sides_are_not_compared_and_unknown_ones_are_named():
    rows = table({"flag all": "trivial"}, rules="10", **{"flag all": "11", "forest": "01"})
    assert paired(rows, "rules")["side"].to_list() == ["forest"]
    with pytest.raises(RtmlError, match="no side 'rulse' to compare with; did you mean 'rules'"):
        paired(rows, "rulse")


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_monotone_and_at_most_bonferroni(values):
    corrected = np.array(holm(values))
    order = np.argsort(values, kind="stable")
    assert (np.diff(corrected[order]) >= 0).all()
    assert (corrected >= np.array(values) - 1e-12).all()
    assert (corrected <= np.minimum(1, np.array(values) * len(values)) + 1e-12).all()


def test_rates_are_compared_given_their_sum():
    rates = pl.DataFrame([("rules", 1, 1, 1.18), ("surprise", 20, 4, 1.18)], schema=RATES, orient="row")
    row = paired(table(rules="10", surprise="01"), "rules", rates).row(0, named=True)
    assert row["p_false"] == pytest.approx(stats.binomtest(1, 21).pvalue) and row["p_false"] < 1e-4
    assert row["p_causes"] == pytest.approx(stats.binomtest(1, 5).pvalue) and row["p_causes"] > 0.3
    longer = rates.with_columns(days=pl.Series([1.0, 20.0]))
    row = paired(table(rules="10", surprise="01"), "rules", longer).row(0, named=True)
    assert row["p_false"] == pytest.approx(stats.binomtest(20, 21, 20 / 21).pvalue) == pytest.approx(1)


@dataclass
class Run:
    """What a comparison reads of a ledger."""

    attacks: pl.DataFrame
    false: int
    measures: pl.DataFrame = field(default_factory=lambda: empty(ROWS))

    @property
    def summary(self):
        sides = self.attacks.select("side", "kind").unique(maintain_order=True)
        return sides.with_columns(false=pl.lit(float(self.false)), days=pl.lit(1.0))


def test_runs_are_paired_over_the_same_attacks():
    old, new = Run(table(forest="1100"), 8), Run(table(forest="1111"), 2)
    row = paired_runs({"old": old, "new": new}, "old: forest").row(0, named=True)
    assert row["side"] == "new: forest" and (row["won"], row["lost"]) == (2, 0)
    assert row["p_false"] == pytest.approx(stats.binomtest(2, 10).pvalue) and row["p_causes"] is None
    other = Run(table(forest="11111"), 2)
    with pytest.raises(RtmlError, match="0 only in the first, 1 only in the second"):
        paired_runs({"old": old, "other": other}, "old: forest")
