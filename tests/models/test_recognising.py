"""A model knows again what it has learnt from, whatever it is called."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from rtml.errors import RtmlError
from rtml.models.recognising import moments, refuse_known
from rtml.times import UTC_NS

SEED = np.random.default_rng(5)


def events(number=5000, begin=0, container="c"):
    stamps = np.sort(SEED.integers(begin, begin + 10**12, number)) * 7 + 3
    return pl.DataFrame({"time": pl.Series(stamps).cast(UTC_NS), "container_id": container})


LEARNT = events()


def test_the_sample_is_the_same_in_any_order_and_not_of_the_host():
    mixed = pl.concat([LEARNT, events(container=None)])
    assert moments(mixed.lazy(), None) == moments(LEARNT.reverse().lazy(), None)
    half = LEARNT["time"][2500]
    early = moments(LEARNT.lazy(), half)
    assert len(early) == 512 and max(early) < half.timestamp() * 1e9 + 1000


def test_renamed_containers_hide_nothing():
    renamed = LEARNT.with_columns(container_id=pl.lit("other"))
    with pytest.raises(RtmlError, match="has learnt from these events"):
        refuse_known(renamed.lazy(), moments(LEARNT.lazy(), None), "capture")
    tenth = pl.concat([renamed.sample(500, seed=1), events(5000, 8 * 10**12)])
    with pytest.raises(RtmlError, match="has learnt from these events"):
        refuse_known(tenth.lazy(), moments(LEARNT.lazy(), None), "capture")


def test_other_events_are_judged():
    refuse_known(events(5000, 8 * 10**12).lazy(), moments(LEARNT.lazy(), None), "capture")
    refuse_known(LEARNT.lazy(), [], "capture")


def test_whole_seconds_prove_nothing():
    coarse = pl.DataFrame({"time": pl.Series(range(0, 10**12, 10**9)).cast(UTC_NS), "container_id": "c"})
    assert moments(coarse.lazy(), None) == []
