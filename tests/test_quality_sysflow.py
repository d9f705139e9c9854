"""The benchmark on a compromised pod: what counts as found, in both readings of its labels."""

from __future__ import annotations

import polars as pl
import pytest

from benchmarks.quality_sysflow import Rank, moment, ranked


def scores(*margins: float | None) -> pl.DataFrame:
    windows = [moment(5 * place) for place in range(len(margins))]
    return pl.DataFrame({"detector": "d", "window": windows, "margin": pl.Series(margins, dtype=pl.Float64)})


ATTACKED = pl.Series([moment(5), moment(15)])


@pytest.mark.parametrize(
    ("margins", "spanned", "rank"),
    [
        (
            (0.0, 3.0, 2.5, 2.0, 1.0),
            False,
            Rank(1, 2, 3),
        ),  # the window between is benign, and above one of them
        ((0.0, 3.0, 2.5, 2.0, 1.0), True, Rank(2, 2, 2)),  # the window between is neither
        ((0.0, 3.0, 9.0, None, 1.0), True, Rank(1, 2, 2)),  # no opinion is no find
        ((2.0, 2.0, 0.0, 2.0, 0.0), True, Rank(0, 2, 2)),  # as high is not above
    ],
)
def test_attacked_windows_above_every_benign_one(margins, spanned, rank):
    assert ranked(scores(*margins), ATTACKED, spanned=spanned) == {"d": rank}
