"""What a workload has just shown is not told again, and nothing else is kept back."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtml.models.explaining.repeats import at_settings, repeats_of
from rtml.schema import SETTINGS
from rtml.times import UTC_NS

BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
TREE = ["container_id", "window", "process_id"]


def made(*trees: tuple[str, str, int, int | None, dict[str, float]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Alarms and surprises of trees: workload, container, minute, process, bits of each key."""
    rows = [
        {"workload": of, "container_id": where, "window": BEGIN + dt.timedelta(minutes=at), "process_id": who}
        for of, where, at, who, _ in trees
    ]
    kinds = {"workload": pl.String, "container_id": pl.String, "window": UTC_NS, "process_id": pl.Int64}
    alarms = pl.DataFrame(rows, schema=kinds)
    pairs = [row | {"key": key, "bits": bits} for row, tree in zip(rows, trees, strict=True)
             for key, bits in tree[4].items()]  # fmt: skip
    shown = pl.DataFrame(pairs, schema={**kinds, "key": pl.String, "bits": pl.Float64})
    return alarms, shown.rename({"process_id": "root_id"}).with_columns(
        family=pl.lit("files"), conditional=pl.lit("files.read"), context=pl.lit("web"), shared=pl.lit(False)
    )


def repeated(*trees: tuple[str, str, int, int | None, dict[str, float]]) -> list[int | None]:
    return repeats_of(*made(*trees), "1h")["process_id"].to_list()


FIRST = ("web", "a", 0, 1, {"/x": 20.0})


@pytest.mark.parametrize(
    ("second", "again"),
    [
        (("web", "b", 5, 2, {"/x": 20.0}), [2]),
        (("web", "a", 5, 2, {"/x": 20.0}), []),
        (("web", "b", 5, 2, {"/x": 20.0, "/own": 9.9}), [2]),
        (("web", "b", 5, 2, {"/x": 20.0, "/own": 10.0}), []),
        (("web", "b", 5, 2, {"/y": 20.0}), []),
        (("db", "b", 5, 2, {"/x": 20.0}), []),
        (("web", "b", 60, 2, {"/x": 20.0}), [2]),
        (("web", "b", 61, 2, {"/x": 20.0}), []),
        (("web", "a", 5, 1, {"/x": 20.0}), []),
        (("web", "b", 5, 2, {}), []),
        (("web", "b", 5, None, {"/x": 20.0}), [None]),
    ],
    ids=["peer", "same container", "weaker news", "news", "other cause", "other workload", "in the hour",
         "later", "goes on", "shows nothing", "no process"],
)  # fmt: skip
def test_a_repeat_shows_nothing_that_is_new_to_its_workload(second, again):
    assert repeated(FIRST, second) == again


def test_repeats_prolong_what_was_told():
    trees = [("web", name, at, at, {"/x": 9.0}) for name, at in zip("abcd", (0, 50, 100, 150), strict=True)]
    assert repeated(*trees) == [50, 100, 150]


def test_what_peers_share_makes_no_repeat():
    alarms, surprises = made(FIRST, ("web", "b", 5, 2, {"/x": 20.0}))
    assert repeats_of(alarms, surprises.with_columns(shared=True), "1h").is_empty()


@pytest.mark.parametrize("rows", [0, 1])
def test_nothing_and_one_tree_have_no_repeat(rows: int):
    alarms, surprises = made(FIRST)
    assert repeats_of(alarms.head(rows), surprises, "1h").is_empty()


TREES = st.lists(
    st.tuples(
        st.sampled_from(["web", "db"]),
        st.sampled_from("abc"),
        st.integers(0, 200),
        st.integers(1, 4),
        st.dictionaries(st.sampled_from(["/x", "/y", "/z"]), st.sampled_from([4.0, 9.0, 20.0])),
    ),
    max_size=12,
    unique_by=lambda tree: tree[1:4],
)


@given(TREES, st.randoms())
def test_all_that_was_shown_was_told_within_the_hour_whatever_the_order(trees, random):
    alarms, surprises = made(*trees)
    repeats = repeats_of(alarms, surprises, "1h")
    shuffled = random.sample(range(alarms.height), alarms.height)
    assert repeats_of(alarms[shuffled], surprises.sample(fraction=1.0, shuffle=True, seed=3), "1h").equals(
        repeats
    )
    told = alarms.join(repeats, on=TREE, how="anti", nulls_equal=True)
    named = told.join(surprises, left_on=TREE, right_on=["container_id", "window", "root_id"])
    for of, where, at, who, bits in trees:
        if (
            repeats.filter(container_id=where, process_id=who)
            .filter(pl.col("window") == BEGIN + dt.timedelta(minutes=at))
            .is_empty()
        ):
            continue
        notable = {key for key, value in bits.items() if value >= 0.5 * max(bits.values())}
        before = named.filter(pl.col("workload") == of, pl.col("window") <= BEGIN + dt.timedelta(minutes=at))
        assert notable <= set(before["key"]), "each notable surprise stands in a finding of the workload"


def test_a_tree_is_a_repeat_only_at_budgets_at_which_the_first_is_told():
    alarms, surprises = made(FIRST, ("web", "b", 5, 2, {"/x": 20.0}))
    scores = alarms.with_columns(detector=pl.lit("surprise"), budget=pl.Series([3.0, 1.0]))
    (row,) = at_settings(scores, surprises.lazy(), "1h").to_dicts()
    assert row["process_id"] == 2
    assert row["repeats"] == [asked for asked in SETTINGS if asked >= 3.0]
