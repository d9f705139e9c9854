"""Votes of several detectors, the strangest tree of a window, and the highest score of a tree."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtml.models.combining import CEILING, FLOOR, combine
from rtml.models.judging import in_windows, worst_of_trees
from rtml.schema import SCORES, TREE_SCORES
from rtml.testing.events import MINUTE, START

NAN = math.nan
VOTES = st.one_of(st.just(NAN), st.floats(-1e9, 1e9))


def combined(*votes: float) -> float:
    """Combine one margin of each detector."""
    return float(combine({str(n): np.array([vote]) for n, vote in enumerate(votes)})[0])


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        ((1.0, 3.0), 2.0),
        ((1.0, NAN), 1.0),  # no opinion, no vote: not a vote of 0
        ((NAN, 4.0, 6.0), 5.0),
        ((99.0, 1.0), (CEILING + 1.0) / 2),  # nobody decides alone
        ((-99.0, 3.0), (FLOOR + 3.0) / 2),  # how usual it is says little
        ((math.inf, 3.0), (CEILING + 3.0) / 2),
        ((7.0,), 7.0),
    ],
)
def test_votes_by_hand(votes: tuple[float, ...], expected: float):
    assert combined(*votes) == pytest.approx(expected)


def test_without_any_opinion_there_is_none():
    assert math.isnan(combined(NAN, NAN))
    assert combine({"a": np.empty(0), "b": np.empty(0)}).shape == (0,)


@given(st.lists(VOTES, min_size=1, max_size=5), st.floats(0, 50))
def test_a_stranger_vote_never_makes_the_whole_less_strange(votes: list[float], more: float):
    before, after = combined(*votes), combined(votes[0] + more, *votes[1:])
    assert math.isnan(before) if all(map(math.isnan, votes)) else FLOOR <= before <= CEILING
    assert math.isnan(before) or after >= before


@given(st.lists(VOTES, min_size=1, max_size=5).flatmap(lambda v: st.tuples(st.just(v), st.permutations(v))))
def test_the_order_of_detectors_does_not_matter(both: tuple[list[float], list[float]]):
    one, two = (combined(*votes) for votes in both)
    assert one == pytest.approx(two, nan_ok=True)


def scores(*rows: tuple[str, float, int | None, float | None, bool, bool]) -> pl.DataFrame:
    """Return scores of trees: container, minute, tree, margin, alarm, complete."""
    names = ("container_id", "window", "process_id", "margin", "alarm", "complete")
    full = [{**dict(zip(names, row, strict=True)), "window": START + row[1] * MINUTE} for row in rows]
    table = [
        {"detector": "d", "workload": "web", "score": row["margin"], "p_value": 0.5, "budget": None, **row}
        for row in full
    ]
    return pl.DataFrame(table, schema_overrides=TREE_SCORES).select(TREE_SCORES.names())


def test_a_window_is_as_strange_as_its_strangest_tree():
    table = scores(
        ("a", 0, 1, 3.0, False, True),
        ("a", 0, 2, 7.0, True, True),
        ("a", 0, None, 5.0, False, False),
        ("a", 1, 1, None, False, True),
        ("a", 1, 2, -4.0, False, True),
        ("b", 0, 1, None, False, True),
    )
    found = in_windows(table)
    assert found.schema == SCORES
    assert found.select("container_id", "margin", "alarm", "complete").rows() == [
        ("a", 7.0, True, False),
        ("a", -4.0, False, True),
        ("b", None, False, True),
    ]
    assert in_windows(table.reverse()).equals(found)


def test_a_window_alarms_where_any_of_its_trees_does():
    """Of two trees of one margin the first by number stands for the window; the alarm is kept."""
    table = scores(("a", 0, 1, 5.0, False, True), ("a", 0, 2, 5.0, True, True))
    assert in_windows(table)["alarm"].to_list() == [True]


def test_detectors_have_windows_of_their_own():
    one = scores(("a", 0, 1, 5.0, True, True))
    two = one.with_columns(detector=pl.lit("e"), margin=pl.lit(1.0), alarm=pl.lit(False))
    found = in_windows(pl.concat([one, two]))
    assert found.select("detector", "alarm").rows() == [("d", True), ("e", False)]
    assert in_windows(one.clear()).schema == SCORES


def test_a_tree_has_its_highest_score_whatever_the_window():
    rows = pl.DataFrame(
        {
            "container_id": ["a", "a", "a", "b", "a"],
            "process_id": [1, 1, None, 1, None],
            "workload": ["web", "web", "web", "app", "web"],
        }
    )
    found = worst_of_trees(rows, np.array([1.0, 4.0, 2.0, NAN, 9.0]))
    assert found.select("container_id", "process_id", "peers", "score").rows() == [
        ("a", 1, "web", 4.0),
        ("a", None, "web", 9.0),
        ("b", 1, "app", None),
    ]
