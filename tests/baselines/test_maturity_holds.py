"""What was called mature, held against what came later: the calm first sitting of the shipped recording."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from rtml import features
from rtml.baselines import Baseline
from rtml.baselines.groups import grouped
from rtml.baselines.maturity import MATURE
from rtml.captures import Capture, open_capture
from tests.conftest import REPOSITORY

CALM = dt.datetime(2026, 11, 24, 10, 20, 20, tzinfo=dt.UTC)
"""The second sitting, and with it the attacks, begins after this."""
SPECIES = ["family", "group", "subject", "key"]


@pytest.fixture(scope="module")
def replays() -> Capture:
    return open_capture(REPOSITORY / "datasets" / "replays-v1" / "capture")


def species(baseline: Baseline) -> pl.DataFrame:
    counts = grouped(baseline.counts).filter(pl.col("family") != "population")
    return counts.group_by(SPECIES).agg(pl.col("count").sum())


def later(capture: Capture, middle: dt.datetime) -> pl.DataFrame:
    """Maturity at a moment, with the share of later events that were new then."""
    learnt, after = (features.learn(capture, end=middle), features.learn(capture, start=middle, end=CALM))
    seen = species(learnt).select(*SPECIES, known=True)
    rows = species(after).join(seen, on=SPECIES, how="left", nulls_equal=True)
    new = pl.col("count").filter(pl.col("known").is_null()).sum() / pl.col("count").sum()
    shares = rows.group_by("family", "group").agg(share=new)
    return learnt.maturity().join(shares, on=["family", "group"])


@pytest.mark.parametrize(
    ("minute", "held", "right"), [(5, 0.4, 0.8), (10, 0.6, 0.9), (15, 0.8, 0.95)], ids=lambda x: str(x)
)
def test_mature_means_little_new_later_more_so_the_longer_one_learns(
    replays: Capture, minute: int, held: float, right: float
):
    table = later(replays, CALM.replace(minute=minute, second=0))
    holds = table.filter(pl.col("share") <= pl.col("high")).height
    mature = table.filter("mature")
    calm = mature.filter(pl.col("share") <= MATURE).height
    assert holds >= held * table.height
    assert calm >= right * mature.height > 0.5 * table.height
