"""What follows what: the joins against a plain loop, and all correlations over random captures."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtml.rules import evaluate
from rtml.rules.correlations import CORRELATIONS
from rtml.rules.correlations.sequence import followed
from rtml.schema import KINDS
from tests.rules.conftest import START, RowCapture, capture_of

MOMENTS = st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["a", "b", None])), max_size=8)


def frame(moments: list[tuple[int, str | None]], seq: int) -> pl.LazyFrame:
    rows = {
        "time": [START + dt.timedelta(seconds=at) for at, _ in moments],
        "host": "h",
        "seq": range(seq, seq + len(moments)),
        "key": [key for _, key in moments],
    }
    types = {"time": pl.Datetime("ns", "UTC"), "key": pl.String, "seq": pl.Int64}
    return pl.DataFrame(rows, schema_overrides=types).with_columns(pl.col("host")).lazy()


@given(MOMENTS, MOMENTS, st.integers(1, 20), st.sampled_from(["first", "then"]))
def test_followed_agrees_with_a_loop(first, then, within, rare):
    got = followed(frame(first, 0), frame(then, 100), ["key"], f"{within}s", ["seq"], rare).collect()
    wanted = {}
    for i, (at, key) in enumerate(then):
        before = [
            (when, j)
            for j, (when, own) in enumerate(first)
            if own == key and key is not None and at - within <= when <= at
        ]
        if before:
            wanted[100 + i] = max(before)[1]
    assert dict(got.select("seq", "first_seq").rows()) == wanted


TEXT = st.sampled_from([None, "sh", "/bin/sh", "/tmp/x", "sh -i", "/tmp/x.so", "0", "1", "\x1b%_'"])
EVENT = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(sorted({kind for one in CORRELATIONS for kind in one.kinds})),
        "process_id": st.sampled_from([None, 1, 2, 3]),
        "parent_id": st.sampled_from([None, 1, 2, 3, 4]),
        "container_id": st.sampled_from(["c1", "c2"]),
    },
    optional={
        **dict.fromkeys(("exe", "cmdline", "path", "path_to", "request", "comm", "flags"), TEXT),
        "uid": st.sampled_from([None, 0, 1000, -1]),
        "euid": st.sampled_from([None, 0, 1000]),
        "mode": st.sampled_from([None, 0o4755, 0o755, -1]),
        "wrote": st.booleans() | st.none(),
        "result": st.sampled_from([None, 0, -1, -115, 7]),
        "count": st.sampled_from([None, 1, 9]),
        "dst_ip": st.sampled_from([None, "10.0.0.1", "::1", "nonsense"]),
        "dst_port": st.sampled_from([None, 22, 53, 0]),
        "src_port": st.sampled_from([None, 1]),
    },
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(EVENT, min_size=1, max_size=25))
def test_random_captures_crash_nothing_and_later_containers_change_nothing(events: list[dict[str, Any]]):
    capture = capture_of(events)
    hits = evaluate(capture, CORRELATIONS).hits
    assert hits.select("host", "seq", "rule").is_unique().all()
    assert set(hits["container_id"]) <= {"c1", "c2"}
    later = [
        {
            **row,
            "container_id": "c9",
            "seq": row["seq"] + 1000,
            "time": row["time"] + dt.timedelta(hours=1),
            **{name: row[name] + 100 for name in ("process_id", "parent_id") if row[name] is not None},
        }
        for row in capture.rows
    ]
    more = RowCapture("rows", capture.manifest, [*capture.rows, *later])
    again = evaluate(more, CORRELATIONS).hits.filter(pl.col("container_id") != "c9")
    assert again.equals(hits)


@pytest.mark.parametrize("kind", KINDS)
def test_one_event_of_any_kind_completes_no_sequence_of_two(kind: str):
    row = {
        "kind": kind,
        "exe": "/tmp/x.so",
        "path": "/tmp/x.so",
        "cmdline": "sh -i",
        "wrote": True,
        "dst_ip": "10.0.0.1",
        "dst_port": 1,
        "src_ip": "10.0.0.1",
        "uid": 0,
        "request": "0",
        "mode": 0o4755,
    }
    pairs = [one for one in CORRELATIONS if len(one.steps) > 1]
    assert evaluate(capture_of([row]), pairs).hits.is_empty()
