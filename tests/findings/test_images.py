"""Whose deed it was: the image that a process was at a time."""

from __future__ import annotations

import time
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from rtml.findings import context
from rtml.instants import UTC_NS
from tests.findings.test_context import second

TEXT = st.sampled_from(["x", "y", None])
IMAGES = st.lists(
    st.tuples(
        st.sampled_from("ab"), st.sampled_from([1, 2, None]), st.sampled_from([None, 0, 1, 2]), TEXT, TEXT
    )
)
ASKED = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from([1, 2, 3, None]), st.sampled_from([0, 1.5, 3]))
)


@given(IMAGES, ASKED)
def test_who_did_it_is_the_image_of_that_time_else_the_first(
    images: list[tuple[Any, ...]], asked: list[tuple[Any, ...]]
):
    """Against the plain meaning, event by event: also of a process that is executed again and again."""
    told = {
        "host": pl.String,
        "process_id": pl.Int64,
        "since": UTC_NS,
        "exe": pl.String,
        "cmdline": pl.String,
    }
    rows = [(host, number, since and second(since), *texts) for host, number, since, *texts in images]
    table = pl.DataFrame(rows, schema=told, orient="row").sort("since", maintain_order=True)
    questions = pl.DataFrame(
        [(n, host, number, second(at)) for n, (host, number, at) in enumerate(asked)],
        schema={"_row": pl.UInt32, "host": pl.String, "process_id": pl.Int64, "time": UTC_NS},
        orient="row",
    )
    for asks, answer in zip(questions.rows(), context._at(questions, table).rows(named=True), strict=True):
        own = [row for row in table.rows() if asks[2] is not None and row[:2] == asks[1:3]]
        begun = [row for row in own if row[2] is None or row[2] <= asks[3]]
        for place, name in enumerate(told):
            if name not in questions.columns:
                wanted = next((row[place] for row in (*begun[-1:], *own[:1]) if row[place] is not None), None)
                assert answer[name] == wanted


def test_a_process_that_is_executed_for_ever_costs_no_square():
    many = 20_000
    again = pl.DataFrame({"since": [second(n) for n in range(many)]}, schema={"since": UTC_NS})
    images = again.with_columns(host=pl.lit("a"), process_id=1, exe=pl.lit("/bin/sh"))
    asked = again.select(_row=pl.int_range(pl.len()), host=pl.lit("a"), process_id=1, time="since")
    begun = time.process_time()
    assert context._at(asked, images)["since"].equals(again["since"])
    assert time.process_time() - begun < 5
