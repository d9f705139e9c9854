"""Exceptions from benign data: the noisiest pairs go, the rest stays within the budget."""

from __future__ import annotations

import datetime as dt

import polars as pl

from rtml.rules import apply, tune
from tests.rules.conftest import START


def hits(**alarms: int) -> pl.DataFrame:
    rows = [
        {
            "rule": name,
            "workload": "job",
            "image": "j",
            "container_id": "c",
            "root_id": i,
            "time": START + dt.timedelta(minutes=5 * i),
        }
        for name, n in alarms.items()
        for i in range(n)
    ]
    schema = {
        "rule": pl.String,
        "workload": pl.String,
        "image": pl.String,
        "container_id": pl.String,
        "root_id": pl.Int64,
        "time": pl.Datetime("ns", "UTC"),
    }
    return pl.DataFrame(rows, schema=schema)


def days(value: float) -> pl.DataFrame:
    return pl.DataFrame({"workload": ["job"], "container_days": [value]})


def test_noisiest_pairs_are_excepted_until_the_rest_fits():
    found = tune(hits(loud=10, middle=3, quiet=1), days(2.0), budget=2.0)
    assert found["rule"].to_list() == ["loud"]
    assert found["per_container_day"].to_list() == [5.0]


def test_what_fits_needs_no_exception():
    assert tune(hits(quiet=1), days(2.0), budget=1.0).is_empty()
    assert tune(hits(), days(2.0)).is_empty()


def test_short_benign_data_excepts_everything_that_fired():
    assert tune(hits(a=1), days(0.01), budget=1.0)["rule"].to_list() == ["a"]


def test_a_workload_whose_time_is_unknown_keeps_no_noisy_rule():
    assert tune(hits(a=1), days(1.0).filter(pl.lit(False)))["rule"].to_list() == ["a"]


def test_exceptions_hold_for_their_workload_only():
    exceptions = tune(hits(a=9), days(1.0))
    other = hits(a=2).with_columns(workload=pl.lit("web"))
    kept = apply(pl.concat([hits(a=9, b=1), other]), exceptions)
    assert kept.group_by("rule", "workload").len().sort("rule", "workload").rows() == [
        ("a", "web", 2),
        ("b", "job", 1),
    ]
