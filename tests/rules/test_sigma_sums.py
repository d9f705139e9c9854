"""Sums, means and percentiles of Sigma's correlations: worked out by hand, against numpy, and their cost."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtml.rules.running.evaluate import evaluate
from rtml.rules.running.measures import average, percentile, total
from rtml.rules.sigma.loading import load
from tests.rules.conftest import START, capture_of
from tests.rules.sigma_over import OPERATORS, over, written

SENT = {
    "title": "Sent",
    "name": "sent",
    "level": "low",
    "logsource": {"product": "linux", "category": "network_connection"},
    "detection": {"s": {"Initiated": True}, "condition": "s"},
}


def sent(number: int | None, at: float, **more: Any) -> dict[str, Any]:
    when = START + dt.timedelta(seconds=at)
    return {"kind": "connect", "dst_ip": "192.0.2.9", "bytes_out": number, "time": when, **more}


def hits(folder: Path, outer: dict[str, Any], events: list[dict[str, Any]]) -> list[int]:
    rules, skipped = load(written(folder, rules=[SENT, outer]))
    assert skipped == []
    return sorted(evaluate(capture_of(events), rules).hits["seq"].to_list())


def asked(kind: str, condition: dict[str, Any], **more: Any) -> dict[str, Any]:
    return over(f"value_{kind}", ["sent"], {"field": "BytesSent", **condition}, **more)


@pytest.mark.parametrize(
    ("kind", "condition", "found"),
    [
        # 10, 20, 70 within ten seconds; 5 much later. Sums grow: from the event on that reaches them.
        ("sum", {"gte": 100}, [2]),
        ("sum", {"gt": 29}, [1, 2]),
        ("sum", {"gt": 100}, []),
        ("sum", {"gt": 2.5}, [0, 1, 2, 3]),
        ("sum", {"eq": 100}, [2]),
        ("sum", {"lt": 100}, [3]),
        ("sum", {"gt": 50, "lte": 100}, [2]),
        # Means and percentiles are asked of the whole: 100 / 3, the middle of 10, 20, 70.
        ("avg", {"gt": 33.3, "lt": 33.4}, [2]),
        ("avg", {"lte": 5}, [3]),
        ("avg", {"gt": 12}, [2]),
        ("median", {"gte": 10}, [2]),
        ("avg", {"eq": 15}, []),
        ("median", {"eq": 20}, [2]),
        ("percentile", {"eq": 20, "percentile": 50}, [2]),
        ("percentile", {"eq": 10, "percentile": 0}, [2]),
        ("percentile", {"eq": 70, "percentile": 100}, [2]),
        # Place 0.755 * 2 = 1.51: half of the way from 20 to 70, and a little.
        ("percentile", {"gte": 45.4, "lte": 45.6, "percentile": 75.5}, [2]),
        ("percentile", {"neq": 5, "percentile": 99}, [2]),
    ],
)
def test_by_hand(tmp_path: Path, kind: str, condition: dict[str, Any], found: list[int]):
    events = [sent(10, 0), sent(20, 4), sent(70, 9), sent(5, 100)]
    assert hits(tmp_path, asked(kind, condition), events) == found


def test_groups_apart_absent_values_left_out_and_counted_events_as_many(tmp_path: Path):
    apart = [sent(60, 0, container_id="a"), sent(60, 1, container_id="b")]
    assert hits(tmp_path, asked("sum", {"gte": 100}), apart) == [1]
    assert hits(tmp_path, asked("sum", {"gte": 100}, **{"group-by": ["ContainerId"]}), apart) == []
    assert hits(tmp_path, asked("avg", {"eq": 60}), [sent(60, 0), sent(None, 1)]) == [0]
    assert hits(tmp_path, asked("sum", {"gte": 100}), [sent(25, 0, count=4)]) == [0]
    assert hits(tmp_path, asked("median", {"eq": 1}), [sent(1, 0, count=3), sent(9, 0, count=2)]) == [0, 1]


@pytest.mark.parametrize(("last", "found"), [(10, [1]), (10.000001, [])])
def test_the_border_of_the_timespan_belongs_to_it(tmp_path: Path, last: float, found: list[int]):
    assert hits(tmp_path, asked("sum", {"gte": 20}), [sent(10, 0), sent(10, last)]) == found


def test_an_event_of_two_rules_is_added_once_and_aliases_name_its_field(tmp_path: Path):
    again = {**SENT, "title": "Again", "name": "again"}
    outer = over("value_sum", ["sent", "again"], {"field": "size", "gte": 20})
    outer["correlation"]["aliases"] = {"size": {"sent": "BytesSent", "again": "BytesSent"}}
    rules, skipped = load(written(tmp_path, rules=[SENT, again, outer]))
    assert skipped == []
    assert evaluate(capture_of([sent(10, 0)]), rules).hits.is_empty()
    assert evaluate(capture_of([sent(20, 0)]), rules).hits["seq"].to_list() == [0]


def test_the_number_among_several_columns_is_what_is_added(tmp_path: Path):
    audit = {**SENT, "logsource": {"product": "kubernetes", "service": "audit"}}
    audit["detection"] = {"s": {"verb": "get"}, "condition": "s"}
    outer = over("value_avg", ["sent"], {"field": "responseStatus.code", "gte": 400})
    rules, skipped = load(written(tmp_path, rules=[audit, outer]))
    assert skipped == [] and rules[0].parts[0].leaves[0].values == ("code",)


def test_a_sensor_without_the_field_is_told(tmp_path: Path):
    rules, _ = load(written(tmp_path, rules=[SENT, asked("sum", {"gte": 1})]))
    row = evaluate(capture_of([sent(None, 0)]), rules).table.row(0, named=True)
    assert not row["could_match"] and "always null here: bytes_out" in row["why_not"]


ROWS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 30), st.integers(-(2**40), 2**40), st.integers(1, 4)),
    min_size=1,
    max_size=25,
)


@given(ROWS, st.integers(1, 12), st.integers(0, 100))
def test_they_are_what_numpy_says(drawn: list[tuple[int, int, int, int]], span: int, percent: int):
    rows = pl.DataFrame(drawn, schema=["group", "time", "value", "weight"], orient="row")
    before = [
        np.repeat(
            *np.array([(v, w) for g, t, v, w in drawn if g == group and 0 <= at - t <= span]).T.tolist()
        )
        for group, at, _, _ in drawn
    ]
    assert total(rows, span).to_list() == [float(values.sum()) for values in before]
    assert np.allclose(average(rows, span), [values.mean() for values in before])
    wanted = [np.percentile(values, percent) for values in before]
    assert np.allclose(percentile(rows, span, percent), wanted)


def test_what_other_groups_hold_leaves_no_rest():
    rows = pl.DataFrame({"group": [0, 1], "time": [0, 0], "value": [2**62, 3], "weight": [2**20, 1]})
    assert total(rows, 5)[1] == 3 and average(rows, 5)[1] == 3


def test_many_matches_in_one_timespan_take_no_square_of_time():
    n = 200_000
    rows = pl.select(
        group=pl.repeat(0, n), time=pl.int_range(n), value=pl.int_range(n) * 7919 % n, weight=pl.repeat(1, n)
    )
    begin = time.process_time()
    assert percentile(rows, n, 100).tail(1).item() == n - 1
    assert total(rows, n).tail(1).item() == n * (n - 1) / 2
    assert time.process_time() - begin < 10


def test_every_operator_is_asked_of_the_whole(tmp_path: Path):
    for name, holds in OPERATORS.items():
        for burst in range(1, 6):
            events = [sent(10, at) for at in range(burst)]
            found = hits(tmp_path, asked("sum", {name: 30}), events)
            assert bool(found) == holds(10 * burst, 30), (name, burst)
