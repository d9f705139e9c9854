"""Sigma's correlations against a plain reference of loops, and their cost."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtml.rules.language.contract import Rule
from rtml.rules.running.evaluate import evaluate
from rtml.rules.running.windows import whole, within
from rtml.rules.sigma.loading import load
from tests.rules.conftest import capture_of
from tests.rules.sigma_over import OPERATORS, base, over, run, written

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["id", "ls", "ps"]), st.integers(0, 24), st.sampled_from("ab"), st.sampled_from("xyz")
    ),
    min_size=1,
    max_size=14,
)


def reference(kind: str, events: list[dict[str, Any]], operator: str, count: int) -> set[int]:
    """Say what must be hit, with loops: of each event, what lies in the ten seconds before it."""
    names, found = ["/bin/id", "/bin/ls", "/bin/ps"], set()
    for event in events:
        group = [e for e in events if e["container_id"] == event["container_id"]]
        before = [e for e in group if 0 <= (event["time"] - e["time"]).total_seconds() <= 10]
        if kind == "temporal_ordered":
            order = sorted(before, key=lambda e: (e["time"], e["seq"]))
            order = order[: order.index(event) + 1]
            wanted = list(names)
            # Greedy from the end: the latest that fits leaves the most room.
            if event["exe"] == wanted.pop():
                for e in reversed(order[:-1]):
                    if wanted and e["exe"] == wanted[-1]:
                        wanted.pop()
                found |= set() if wanted else {event["seq"]}
            continue
        first = min(e["time"] for e in before)
        later = [e for e in group if e["time"] > event["time"]]
        whole = not any((e["time"] - first).total_seconds() <= 10 for e in later)
        values = {"event_count": "seq", "value_count": "cmdline", "temporal": "exe"}[kind]
        counted = len({e[values] for e in before})
        if OPERATORS[operator](counted, count) and (whole or operator in ("gt", "gte")):
            found.add(event["seq"])
    return found


@pytest.mark.parametrize("kind", ["event_count", "value_count", "temporal", "temporal_ordered"])
def test_it_finds_what_loops_find(tmp_path_factory: pytest.TempPathFactory, kind: str):
    folder = tmp_path_factory.mktemp("rules")
    bases = [base(name) for name in ("id", "ls", "ps")]

    def rules_of(operator: str, count: int) -> list[Rule]:
        condition: dict[str, Any] | None = {operator: count}
        if kind == "value_count":
            condition = {operator: count, "field": "CommandLine"}
        if kind == "temporal_ordered":
            condition = None
        outer = over(kind, ["id", "ls", "ps"], condition, **{"group-by": ["ContainerId"]})
        return load(written(folder, a=[*bases, outer]))[0]

    loaded = {(o, n): rules_of(o, n) for o in OPERATORS for n in (1, 2, 3)}

    @given(EVENTS, st.sampled_from(sorted(loaded)))
    def holds(drawn: list[tuple[str, int, str, str]], asked: tuple[str, int]) -> None:
        rows = [run(p, at, container_id=c, cmdline=v, seq=i) for i, (p, at, c, v) in enumerate(drawn)]
        capture = capture_of(rows)
        got = evaluate(capture, loaded[asked]).hits
        assert set(got["seq"]) == reference(kind, rows, *asked)
        assert got.height == got["seq"].n_unique()

    holds()


def test_many_matches_in_one_timespan_take_no_square_of_time():
    n = 300_000
    rows = pl.select(
        group=pl.repeat(0, n), value=pl.int_range(n) % 1000, time=pl.int_range(n), weight=pl.repeat(1, n)
    )
    assert within(rows, n).max() == 1000
    assert whole(rows, n).sum() == 1
