"""Leaving stretches of containers out of a capture: whole windows, nothing else."""

from __future__ import annotations

import datetime as dt

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from rtml.captures import open_capture
from rtml.captures.digest import digest_capture
from rtml.captures.leaving_out import PartialCapture, cells_of, leave_out
from rtml.evaluation.labels.reading import read_labels
from rtml.times import MINUTE
from tests.conftest import LAB

BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
seconds = st.integers(0, 600)


def at(second: int) -> dt.datetime:
    return BEGIN + dt.timedelta(seconds=second)


@given(
    st.lists(st.tuples(st.sampled_from("ab"), seconds, st.integers(0, 200)), max_size=5),
    st.lists(st.tuples(st.sampled_from("ab"), seconds), max_size=30),
)
def test_an_event_stays_when_no_span_touches_its_window_or_the_one_before(
    spans: list[tuple[str, int, int]], events: list[tuple[str, int]]
):
    table = pl.DataFrame(
        [(c, at(s), at(s + n)) for c, s, n in spans],
        schema={
            "container_id": pl.String,
            "start": pl.Datetime("ns", "UTC"),
            "end": pl.Datetime("ns", "UTC"),
        },
        orient="row",
    )
    rows = pl.DataFrame(
        [(c, at(s), n) for n, (c, s) in enumerate(events)],
        schema={"container_id": pl.String, "time": pl.Datetime("ns", "UTC"), "n": pl.Int64},
        orient="row",
    )
    kept = leave_out(rows.lazy(), cells_of(table, MINUTE), MINUTE).collect()
    expected = [
        n
        for n, (container, second) in enumerate(events)
        if not any(
            c == container and s // 60 <= second // 60 <= (s + length) // 60 + 1 for c, s, length in spans
        )
    ]
    assert kept["n"].to_list() == expected
    assert kept.columns == rows.columns


def test_a_capture_without_its_attacks_is_another_capture():
    whole = open_capture(LAB / "capture")
    labels = read_labels(LAB / "labels.parquet")
    part = PartialCapture.of(whole, cells_of(labels, MINUTE), MINUTE)
    everything, kept = (c.events(["seq", "kind"]).collect() for c in (whole, part))
    assert 0 < kept.height < everything.height
    assert part.events(["seq"], ["exec"]).collect().height < kept.height
    assert digest_capture(part) != digest_capture(whole)
    assert part.processes().collect().equals(whole.processes().collect())
    assert PartialCapture.of(whole, cells_of(labels.clear(), MINUTE), MINUTE) is whole
