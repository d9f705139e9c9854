"""A feature that changes when later events are cut away is named; ours do not, and roll-outs are declared."""

from __future__ import annotations

import polars as pl
import pytest

from rtml.baselines import Baseline
from rtml.features import FAMILIES, Family, families_of, learn, open_source
from rtml.features.foresight import foresight
from rtml.features.pairs import CELL, Material
from rtml.testing.events import MINUTE, START, busy
from rtml.times import MINUTE as EVERY


def named(own, unit="tree") -> list[str]:
    source = open_source(*busy(), EVERY, unit)
    return foresight(source, Baseline(), {"peek": Family("peek", own, ("x",))})


def counted(material: Material) -> pl.DataFrame:
    return material.source.volume.group_by(CELL).agg(x=pl.col("hits").sum())


def later(material: Material) -> pl.DataFrame:
    ahead = pl.col("x").shift(-1).over("container_id", "root_id", order_by="window").fill_null(0)
    return counted(material).with_columns(x=ahead)


def lives(material: Material) -> pl.DataFrame:
    """How many processes there ever are: known from the table of processes alone."""
    everyone = material.source.processes.select(pl.len()).collect().item()
    return counted(material).with_columns(x=pl.lit(float(everyone)))


def ends(material: Material) -> pl.DataFrame:
    """Whether any process is known to end."""
    ended = material.source.processes.select(pl.col("until").count()).collect().item()
    return counted(material).with_columns(x=pl.lit(float(ended)))


@pytest.mark.parametrize("own", [later, lives, ends])
def test_who_looks_ahead_is_named_with_family_and_column(own):
    table, processes = busy()
    middle = START + 3 * MINUTE
    late = processes.with_columns(pl.lit(999).alias("process_id"), since=middle, until=middle + 2 * MINUTE)
    images = pl.concat([processes, late.select(processes.columns).cast(processes.schema)])
    source = open_source(table, images, EVERY, "tree")
    (said,) = foresight(source, Baseline(), {"peek": Family("peek", own, ("x",))})
    assert said.startswith("feature 'peek.x' knows the future: in ") and said.endswith("(family peek)")


def test_who_looks_at_the_present_is_not():
    assert named(counted) == named(counted, "container") == []


def test_none_of_ours_looks_ahead():
    table, processes = busy()
    history = learn(table, processes, end=START + MINUTE)
    assert foresight(open_source(table, processes, EVERY, "tree"), history, families_of(FAMILIES.own)) == []


@pytest.mark.parametrize("rows", [0, 1])
def test_no_time_to_cut_says_nothing(rows):
    table, processes = busy()
    source = open_source(table.head(rows), processes, EVERY, "tree")
    assert foresight(source, Baseline(), {"peek": Family("peek", later, ("x",))}) == []
