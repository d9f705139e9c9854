"""Folding: what a baseline has no room for is one row, the same whenever it is folded."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtml.baselines import Baseline, folding
from rtml.baselines.counting import COUNTS, merge_counts
from rtml.features.files import READ


@pytest.fixture(autouse=True)
def little_room(monkeypatch):
    monkeypatch.setattr(folding, "ROOM", 3)


def table(rows: list[tuple[str, str | None, str, int]]) -> pl.DataFrame:
    names = ("key", "region", "container", "count")
    return pl.DataFrame([{"family": "f", **dict(zip(names, row, strict=True))} for row in rows], COUNTS)


rows = st.lists(
    st.tuples(
        st.integers(0, 12).map("/tmp/{}".format),
        st.sampled_from(["/tmp/**", "/**", None]),
        st.sampled_from(["c1", "c2"]),
        st.integers(1, 9),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(rows, rows, rows)
def test_folding_early_late_or_twice_is_the_same(one, two, three):
    whole = merge_counts([table(one + two + three)])
    first, second, third = (merge_counts([table(part)]) for part in (one, two, three))
    assert merge_counts([merge_counts([first, second]), third]).equals(whole)
    assert merge_counts([first, merge_counts([third, second])]).equals(whole)
    assert merge_counts([whole]).equals(whole)


@settings(max_examples=60, deadline=None)
@given(rows)
def test_nothing_is_lost_and_no_region_is_crowded(counted):
    whole = merge_counts([table(counted)])
    assert whole["count"].sum() == sum(count for *_, count in counted)
    kept = whole.filter(pl.col("region").is_not_null() & (pl.col("key") != pl.col("region")))
    assert kept.group_by("region", "container").len().filter(pl.col("len") > 3).is_empty()
    free = [(key, container) for key, region, container, _ in counted if region is None]
    assert whole.filter(pl.col("region").is_null()).height == len(set(free))


def test_which_names_stay_does_not_depend_on_a_library():
    """Pinned: a baseline of today merges with one of next year."""
    whole = merge_counts([table([(f"/tmp/{n}", "/tmp/**", "c", 1) for n in range(40)])])
    assert whole.select("key", "count").rows() == [
        ("/tmp/**", 37),
        ("/tmp/6", 1),
        ("/tmp/7", 1),
        ("/tmp/8", 1),
    ]


def test_what_was_folded_counts_as_usual_and_as_seen():
    found = [
        {"family": READ.name, "workload": "web", "subject": "cc", "key": f"read /tmp/{n}.o", "count": 9}
        for n in range(40)
    ]
    placed = pl.DataFrame(found, COUNTS).with_columns(container=pl.lit("c"), region=READ.region)
    history = Baseline(merge_counts([placed.cast(dict(COUNTS.items()))]))
    assert history.counts.height == 4
    names = ("workload", "image", "repository", "subject", "key")
    asked = pl.DataFrame({"workload": "web", "subject": "cc", "key": ["read /tmp/7.o", "read /etc/shadow"]})
    pairs = asked.with_columns(image=pl.lit(None, pl.String), repository=pl.lit(None, pl.String)).select(
        names
    )
    scored = history.surprise(READ, pairs)
    assert scored["seen"].to_list() == [True, False]
    assert scored["bits"][0] < 1024 < scored["bits"][1]
