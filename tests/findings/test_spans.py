"""Counts over spans of time: the sweep against a window for each row."""

from __future__ import annotations

import datetime as dt
import random

import polars as pl
import pytest

from rtml.findings.sequences.spans import with_span_counts

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize("seed", range(5))
def test_counts_of_spans_are_those_of_a_window_for_each(seed):
    draw = random.Random(seed)
    rows = [
        (
            draw.choice("gh"),
            START + dt.timedelta(hours=draw.randrange(60)),
            draw.choice("ab"),
            draw.choice("xyz"),
        )
        for _ in range(80)
    ]
    signals = pl.DataFrame(rows, schema=["group", "first_seen", "tactic", "act"], orient="row")
    counted = with_span_counts(signals, "24h", {"tactic": "tactics", "act": "acts"})
    day = dt.timedelta(hours=24)
    for group, at, *_, tactics, acts, n in counted.iter_rows():
        inside = [row for row in rows if row[0] == group and at <= row[1] <= at + day]
        assert (tactics, acts, n) == (len({r[2] for r in inside}), len({r[3] for r in inside}), len(inside))
