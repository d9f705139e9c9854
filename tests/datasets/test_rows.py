"""The law of a labelled table: what is a table to judge, and what is said of one that is none."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from rtml.datasets.rows import checked_rows
from rtml.errors import RtmlError

TABLE = pl.DataFrame(
    {
        "role": ["train", "calibrate", "test", "test", "test"],
        "group": ["a", "b", "c", "c", "d"],
        "attack": [0, 0, 0, 1, None],
        "calls.read": [1, 2, 3, 4, 5],
    }
)


def test_numbers_become_features_and_attacks_get_an_id():
    rows = checked_rows(TABLE.with_columns(pl.lit("x").alias("calls.name"), loose=pl.lit(1.0)), "mine")
    assert rows.columns[-1] == "calls.read" and rows["calls.read"].dtype == pl.Float64
    assert rows["attack_id"].to_list() == [None, None, None, "c", None]
    assert rows["part"].unique().to_list() == ["all"]


def test_truth_values_are_labels_and_times_before_1990_are_legal():
    at = pl.lit(dt.datetime(1970, 1, 1, 0, 2, tzinfo=dt.UTC))
    table = TABLE.with_columns(pl.col("attack").cast(pl.Boolean), time=at)
    rows = checked_rows(table, "mine")
    assert rows["attack"].to_list() == [0, 0, 0, 1, None] and rows["time"][0].year == 1970


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (TABLE.drop("group"), "no column 'group'"),
        (TABLE.rename({"attack": "atack"}), "no column 'attack'; did you mean 'atack'"),
        (TABLE.drop("calls.read"), "no feature"),
        (TABLE.with_columns(attack=pl.lit("yes")), "must be 0, 1 or null, not yes"),
        (TABLE.with_columns(attack=pl.lit(2)), "must be 0, 1 or null, not 2"),
        (TABLE.with_columns(role=pl.lit("tset")), "the role 'tset'; known: train, calibrate, test"),
        (TABLE.with_columns(role=pl.lit(None, pl.String)), "the role None"),
        (TABLE.with_columns(group=pl.lit(None, pl.String)), "5 rows have no group"),
        (TABLE.filter(pl.col("role") != "calibrate"), "has the role calibrate; every part needs all three"),
        (TABLE.filter(pl.col("role") != "train"), "has the role train"),
        (TABLE.filter(pl.col("role") != "test"), "has the role test"),
        (TABLE.clear(), "nothing could be false|no row"),
        (TABLE.filter(pl.col("attack") == 1), "role train"),
        (TABLE.filter((pl.col("role") != "test") | (pl.col("attack") == 1)), "no benign row .1 attack row"),
        (TABLE.with_columns(attack=pl.lit(1)), "2 rows of training or calibration are labelled as attacks"),
        (TABLE.with_columns(part=pl.col("group")), "of part 'a' has the role calibrate"),
        (TABLE.with_columns(time=pl.lit("noon")), "a column has the wrong type"),
    ],
)
def test_what_is_no_table_to_judge_is_named(table: pl.DataFrame, message: str):
    with pytest.raises(RtmlError, match=message) as caught:
        checked_rows(table, "mine.parquet")
    assert str(caught.value).startswith("mine.parquet: ")


def test_early_attacks_are_left_out_or_kept_only_when_asked():
    early = TABLE.with_columns(attack=pl.Series([1, 0, 0, 1, None]))
    more = pl.concat([TABLE[:1], early])
    assert checked_rows(more, "mine", "leave out").height == more.height - 1
    assert checked_rows(more, "mine", "keep").height == more.height
