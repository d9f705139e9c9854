"""Spans that share no time with a better one are taken at once, with the result of one after the other."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from benchmarks.sequences import of_one_pod
from rtml.findings.sequences import correlate, correlating
from rtml.schema import FINDINGS, conform


def mixed(seed: int) -> pl.DataFrame:
    """Findings of a few pods, some without, some of an API caller; a third of the seeds has ties in time."""
    rng = np.random.default_rng(seed)
    rows = of_one_pod(
        int(rng.integers(2, 250)), int(rng.integers(1, 40)), int(rng.integers(1, 5)), seed
    ).with_row_index("row")
    pod = pl.Series(rng.integers(4, size=rows.height))
    actor = pl.Series(np.where(rng.random(rows.height) < 0.3, rng.integers(3, size=rows.height), -1))
    tied = pl.col("first_seen").dt.truncate("1h") if seed % 3 == 0 else pl.col("first_seen")
    named = rows.with_columns(
        container_id=pl.when(pod < 3).then(pl.format("c{}", pod)),
        pod=pl.when(pod < 3).then(pl.format("p{}", pod)),
        actor=pl.when(actor >= 0).then(pl.format("u{}", actor)),
        first_seen=tied,
    )
    return conform(named.drop("row"), FINDINGS)


@pytest.mark.parametrize("seed", range(12))
def test_at_once_is_as_one_after_the_other(seed: int, monkeypatch: pytest.MonkeyPatch):
    findings = mixed(seed)
    at_once = correlate(findings)
    best = correlating._best_spans
    first = pl.col("span") == pl.col("span").min().over("group")
    monkeypatch.setattr(correlating, "_best_spans", lambda *given: best(*given).filter(first))
    assert at_once.equals(correlate(findings))


def test_a_long_time_takes_few_looks(monkeypatch: pytest.MonkeyPatch):
    looks, best = [], correlating._best_spans
    monkeypatch.setattr(correlating, "_best_spans", lambda *given: looks.append(1) or best(*given))
    found = correlate(of_one_pod(20_000, 90, 5))
    assert found["count"].sum() > 19_900
    assert found.height > 80
    assert len(looks) < 20
