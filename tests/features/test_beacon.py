"""Regular calls by hand."""

from __future__ import annotations

import random

import polars as pl
import pytest

from rtml.captures.processes import PROCESSES
from rtml.features import learn, windows
from rtml.features.beacon import RHYTHM
from rtml.testing.events import events


def calls(*seconds: float, **more):
    base = {"kind": "connect", "exe": "/bin/app", "process_id": 7, "dst_ip": "10.0.0.1", "dst_port": 443}
    return events({**base, "seconds": second, **more} for second in seconds)


def regular(*seconds: float, **more) -> float:
    return windows(calls(*seconds, **more), None, ["beacon"])["beacon.regular"].sum()


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ((0, 5, 10), 0),  # two pauses prove nothing
        ((0, 5, 10, 15), 1),
        ((0, 5, 14, 20), 1),  # with jitter
        ((0, 5, 16, 21), 0),  # more than twice as long
        ((0, 0.3, 5, 5.2, 10, 10.1, 15), 1),  # retries belong to their call
        ((0, 0.4, 0.8, 1.2, 1.6), 0),  # one call
    ],
)
def test_three_pauses_that_are_alike(seconds, expected):
    assert regular(*seconds) == expected


def test_pauses_are_longer_than_windows():
    table = windows(calls(0, 300, 600, 900), None, ["beacon"])
    assert table["beacon.regular"].to_list() == [0, 0, 0, 1]


def test_a_beginning_that_is_not_steady_is_forgotten():
    assert regular(0, 2, 40, 45, 50, 55) == 1


def test_lookups_and_calls_of_other_trees_do_not_count():
    assert regular(0, 5, 10, 15, dst_port=53) == 0
    rows = [{"kind": "connect", "dst_ip": "10.0.0.1", "seconds": 5 * n, "process_id": n} for n in range(6)]
    assert windows(events(rows), None, ["beacon"])["beacon.regular"].item() == 0


def test_a_poller_is_used_to_its_port_and_to_no_other():
    history = learn(calls(*range(0, 300, 5)), families=["beacon"])
    usual, other = (
        windows(calls(0, 5, 10, 15, dst_port=number), history, ["beacon"]).row(0, named=True)
        for number in (443, 8000)
    )
    assert usual["beacon.bits_max"] < 2 < other["beacon.bits_max"]
    assert other["beacon.never_seen"] == 1


@pytest.mark.parametrize("seed", range(12))
def test_a_stream_that_recalls_calls_sees_the_same_rhythm(seed: int):
    """Batches cut anywhere, each read with what was recalled of those before it."""
    draw = random.Random(seed)
    rows: list[dict[str, object]] = []
    for process in range(4):
        at = 0.0
        while at < 400:
            at += draw.choice([0.3, 0.7, 0.9, 2, 5, 5, 5, 9, 30])
            to = {"dst_ip": f"203.0.113.{process % 2}", "dst_port": 443}
            rows.append({"kind": "connect", "seconds": at, "process_id": process, "exe": "/bin/x", **to})
    table, images = (
        events(sorted(rows, key=lambda row: float(str(row["seconds"])))),
        PROCESSES.to_frame().lazy(),
    )
    rhythm = RHYTHM.selection
    assert rhythm.recall is not None
    whole = rhythm(table.lazy(), images).select("seq", "regular").collect().sort("seq")
    assert whole["regular"].any() and whole.height < table.height
    recalled, told, begin = table.clear(), [], 0
    for end in [*sorted(draw.sample(range(1, table.height), 7)), table.height]:
        batch = table[begin:end]
        seen = rhythm(pl.concat([recalled, batch]).lazy(), images).select("seq", "regular")
        told.append(seen.collect().join(batch.select("seq"), on="seq", how="semi"))
        recalled, begin = rhythm.recall(pl.concat([recalled, batch]).lazy(), images).collect(), end
    assert pl.concat(told).sort("seq").equals(whole)
    assert recalled.height < 60
