"""What rules recall of a stretch, against all of its events in memory."""

from __future__ import annotations

import datetime as dt
import random

import polars as pl
import pytest

from rtml.rules.correlations.sequence import WRITE_KINDS
from rtml.rules.correlations.services import SERVING
from rtml.rules.running.recall import KINDS, PRELOAD, only_read, recalled
from rtml.schema import conform, empty

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
KEYS = {
    (*WRITE_KINDS, "chmod"): ["path", "path_to", "mode", "exe", "comm"],
    SERVING: ["process_id", "socket_path", "src_ip", "src_port", "exe", "comm"],
    ("exec", "setuid"): ["process_id", "uid"],
}


def rows(seed: int, number: int = 400) -> pl.DataFrame:
    """Return events of few things, many at the same moment."""
    draw = random.Random(seed)
    return conform(
        pl.DataFrame(
            {
                "time": START + dt.timedelta(seconds=draw.randint(0, 200) * 30),
                "seq": seq,
                "host": draw.choice("hk"),
                "container_id": draw.choice(["c", "d", None]),
                "kind": draw.choice([*KINDS, "connect", "fork"]),
                "result": draw.choice([0, None, -13]),
                "path": draw.choice(["/a", "/b", PRELOAD, None]),
                "exe": draw.choice(["/bin/x", "/bin/y", None]),
                "process_id": draw.choice([1, 2, None]),
                "uid": draw.choice([0, 1000, None]),
                "mode": draw.choice([0o755, 0o4755, None]),
                "wrote": draw.choice([True, False, None]),
                "src_port": draw.choice([80, None]),
            }
            for seq in range(number)
        )
    ).sort("time", "seq")


def plainly(known: pl.DataFrame, until: dt.datetime) -> set[tuple[str, int]]:
    """Return host and number of what is to be kept, thing by thing."""
    named = pl.col("container_id").is_not_null() & pl.col("kind").is_in(list(KINDS))
    done = known.filter(named & (pl.col("result").fill_null(0) >= 0) & ~only_read()).sort("time", "seq")
    last: dict[tuple[object, ...], tuple[str, int]] = {}
    for row in done.iter_rows(named=True):
        names = next(names for kinds, names in KEYS.items() if row["kind"] in kinds)
        told = [row[name] is None if name in ("uid", "socket_path") else row[name] for name in names]
        if row["kind"] in SERVING:
            told = [row["process_id"], row["src_port"] is not None, row["exe"], row["comm"]]
        last[row["host"], row["container_id"], row["kind"], *told] = (row["host"], row["seq"])
    recent = done.filter(pl.col("time") > until - dt.timedelta(hours=1))
    places = set(recent.filter(path=PRELOAD).select("host", "container_id").iter_rows())
    starts = recent.filter(kind="exec").select("host", "container_id", "seq").iter_rows()
    return {*last.values(), *((host, seq) for host, place, seq in starts if (host, place) in places)}


@pytest.mark.parametrize("seed", range(12))
def test_of_each_thing_the_last_event_is_kept(seed: int):
    known, until = rows(seed), START + dt.timedelta(seconds=6_030)
    kept = recalled(empty(), known.lazy(), until)
    assert set(kept.select(pl.col("host").cast(pl.String), "seq").iter_rows()) == plainly(known, until)
    assert kept["time"].is_sorted() and not kept.is_empty()


@pytest.mark.parametrize("seed", range(12))
def test_stretch_by_stretch_the_same_is_kept(seed: int):
    known, until = rows(seed), START + dt.timedelta(seconds=6_030)
    kept, begin = empty(), START
    while begin < until:
        end = min(begin + dt.timedelta(minutes=random.Random(seed).randint(3, 40)), until)
        some = known.filter(pl.col("time") >= begin, pl.col("time") < end)
        kept, begin = recalled(kept, some.lazy(), end), end
    assert kept.equals(recalled(empty(), known.lazy(), until))
