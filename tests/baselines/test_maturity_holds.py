"""What was called mature, held against what came later: the calm first sitting of the shipped recording."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from benchmarks.maturity import held, learnt
from rtml.baselines.maturity import MATURE
from rtml.captures import open_capture
from rtml.features.source import Source, open_source
from tests.conftest import REPOSITORY

CALM = dt.datetime(2026, 11, 24, 10, 20, 20, tzinfo=dt.UTC)
"""The second sitting, and with it the attacks, begins after this."""


@pytest.fixture(scope="module")
def source() -> Source:
    return open_source(open_capture(REPOSITORY / "datasets" / "replays-v1" / "capture"))


@pytest.mark.parametrize(("minute", "mature"), [(5, 0.0), (10, 0.2), (15, 0.4)], ids=lambda x: str(x))
def test_what_comes_later_lies_below_the_upper_end_for_nine_groups_in_ten(
    source: Source, minute: int, mature: float
):
    middle = CALM.replace(minute=minute, second=0)
    table = held(learnt(source, CALM.replace(hour=9), middle), learnt(source, middle, CALM))
    assert table.filter(pl.col("share") <= pl.col("high")).height >= 0.9 * table.height
    assert table.filter(pl.col("share") <= pl.col("as_draws")).height < 0.95 * table.height
    called = table.filter("mature")
    assert called.height >= mature * table.height
    if mature:
        assert called.filter(pl.col("share") <= MATURE).height >= 0.97 * called.height
