"""Surprise against values worked out by hand, and the properties that make it a probability."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtml.baselines import Baseline, Conditional, Level, Selection
from rtml.baselines.backoff import SCALE
from rtml.baselines.counting import COUNTS, merge_counts

CHOICE = Conditional(
    name="toy.choice",
    selection=Selection(("exec",), ("exe",)),
    key=pl.col("exe"),
    subject=pl.col("exe"),
    levels=(Level("workload", 2), Level("workload", 1), Level("workload"), Level("fleet")),
)


def baseline(*rows: tuple[str, str, str, str, int]) -> Baseline:
    names = ("workload", "subject", "key", "container", "count")
    records = [{"family": CHOICE.name, **dict(zip(names, row, strict=True))} for row in rows]
    return Baseline(merge_counts([pl.DataFrame(records, COUNTS)]))


def probabilities(history: Baseline, workload: str | None, subject: str | None, *keys: str):
    pairs = pl.DataFrame(
        {"workload": workload, "image": None, "repository": None, "subject": subject, "key": keys},
        dict.fromkeys(("workload", "image", "repository", "subject", "key"), pl.String),
    )
    scored = history.surprise(CHOICE, pairs)
    return scored.with_columns(p=(-pl.col("bits") / SCALE).map_elements(math.exp2, pl.Float64))


def test_one_context_by_hand():
    # m(a) = log2(1+1) = 1, m(b) = log2(1+3) = 2, M = 3, T = 2, V = 2. Every level holds the same
    # evidence, so one counts: P(a) = (1 + 2/3) / 5, P(b) = (1 + 2 + 2/3) / 5, P(new) = (2/3) / 5.
    history = baseline(("web", "nginx", "a", "c1", 1), ("web", "nginx", "b", "c1", 3))
    found = probabilities(history, "web", "nginx", "a", "b", "new")
    assert found["p"].to_list() == pytest.approx([1 / 3, 11 / 15, 2 / 15], abs=1e-3)
    assert found["seen"].to_list() == [True, True, False]
    assert found["known"].to_list() == [True, True, True]


def test_two_workloads_by_hand():
    # Fleet: m(a) = 2, m(b) = 2, tied: both have the tail 4, P = (4 + 2/3) / 6 = 7/9, P(new) = 1/9.
    # web: P(a) = (1 + 2 * 7/9) / 5 = 23/45, P(b) = (3 + 2 * 7/9) / 5 = 41/45, P(new) = 2/45.
    history = baseline(
        ("web", "nginx", "a", "c1", 1), ("web", "nginx", "b", "c1", 3), ("app", "sh", "a", "c2", 1)
    )
    found = probabilities(history, "web", "nginx", "a", "b", "new")
    assert found["p"].to_list() == pytest.approx([23 / 45, 41 / 45, 2 / 45], abs=1e-3)


def test_an_unknown_workload_is_scored_by_the_fleet_and_says_so():
    history = baseline(("web", "nginx", "a", "c1", 1), ("web", "nginx", "b", "c1", 3))
    known = probabilities(history, "web", "nginx", "a", "new")
    other = probabilities(history, "shop", "nginx", "a", "new")
    nameless = probabilities(history, None, None, "a", "new")
    assert other["bits"].to_list() == known["bits"].to_list() == nameless["bits"].to_list()
    assert other["known"].to_list() == [False, False]


def test_a_shorter_chain_is_asked_when_the_long_one_is_new():
    history = baseline(("web", "sh\nnginx", "ls", "c1", 7), ("web", "bash\ninit", "nginx", "c1", 7))
    near = probabilities(history, "web", "sh\ncron", "ls")
    far = probabilities(history, "web", "perl\ncron", "ls")
    assert near["bits"].item() < far["bits"].item()
    assert near["known"].item() is False


def test_repeats_in_one_container_weigh_less_than_containers():
    loud = baseline(("web", "s", "a", "c1", 1000), ("web", "s", "b", "c1", 1))
    many = baseline(*(("web", "s", "a", f"c{i}", 1) for i in range(1000)), ("web", "s", "b", "c1", 1))
    assert (
        probabilities(many, "web", "s", "b")["bits"].item()
        > probabilities(loud, "web", "s", "b")["bits"].item()
    )


def test_without_history_every_key_is_as_likely_as_the_unseen():
    found = probabilities(Baseline(), "web", "nginx", "a")
    assert found["bits"].item() == 0
    assert found["known"].to_list() == [False]
    assert found["seen"].to_list() == [False]


rows = st.lists(
    st.tuples(
        st.sampled_from(["web", "app"]),
        st.sampled_from(["a", "a\nb", "b"]),
        st.sampled_from("xyz"),
        st.sampled_from(["c1", "c2"]),
        st.integers(1, 10**9),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(rows)
def test_what_is_rare_is_rarely_seen(counted):
    """A p-value is valid: keys with P <= p carry at most the share p of the context's evidence."""
    one = [("web", "s", key, container, n) for _, _, key, container, n in counted]
    history = baseline(*one)
    single = history.counts.group_by("key", "container").agg(pl.col("count").sum())
    keys = single.group_by("key").agg(m=(pl.col("count") + 1).log(2).sum()).sort("key")
    found = probabilities(history, "web", "s", *keys["key"]).with_columns(keys["m"])
    whole = keys["m"].sum() + keys.height
    for p in found["p"]:
        assert found.filter(pl.col("p") <= p)["m"].sum() / whole <= p + 2e-3


def test_variety_alone_is_not_surprising():
    many = baseline(*(("web", "s", f"file{i}", "c1", 1) for i in range(40)))
    seen, new = probabilities(many, "web", "s", "file7", "elsewhere")["bits"] / SCALE
    assert seen < 1 < 5 < new


@settings(max_examples=40, deadline=None)
@given(rows, st.sampled_from("xyz"))
def test_more_evidence_for_a_key_never_makes_it_more_surprising(counted, key):
    before = probabilities(baseline(*counted), "web", "a", key)["bits"].item()
    more = [*counted, ("web", "a", key, "c1", 10**6)]
    assert probabilities(baseline(*more), "web", "a", key)["bits"].item() <= before + 1


@settings(max_examples=40, deadline=None)
@given(rows)
def test_never_seen_is_more_surprising_than_seen(counted):
    history = baseline(*counted)
    workload, subject, key, _, _ = counted[0]
    seen, new = probabilities(history, workload, subject, key, "never seen")["bits"]
    assert new > seen
