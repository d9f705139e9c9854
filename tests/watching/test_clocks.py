"""How far time has come, when hosts disagree."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import open_capture
from rtml.captures.following.follow import Pulse, follow
from rtml.watching.clocks import Clocks
from rtml.watching.ranges import Ranges
from tests.watching.shops import Shop

NOW = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("hosts", "middle", "silent"),
    [
        ({}, None, []),
        ({"a": 30}, 30, []),
        ({"a": 30, "b": 29, "c": 90}, 30, []),
        ({"a": 30, "b": 29, "c": 90, "d": 3}, 29, ["d"]),
        ({"a": 30, "ahead": 600}, 30, []),
    ],
)
def test_a_clock_that_is_ahead_takes_nobody_along(
    hosts: dict[str, int], middle: int | None, silent: list[str]
):
    clocks = Clocks({name: NOW + dt.timedelta(minutes=n) for name, n in hosts.items()})
    assert clocks.middle() == (None if middle is None else NOW + dt.timedelta(minutes=middle))
    assert [name for name, _ in clocks.behind()] == silent


def test_a_host_that_has_died_is_waited_for_no_more():
    clocks = Clocks({"alive": NOW, "dead": NOW - dt.timedelta(hours=1)})
    assert clocks.middle() == clocks.newest["dead"], "who is behind may speak yet"
    clocks.times, clocks.spoke = 21, {"alive": 21, "dead": 1}
    assert clocks.middle() == NOW and [name for name, _ in clocks.behind()] == ["dead"]


def test_one_event_of_an_absurd_time_moves_no_clock(falco: Shop, tmp_path: Path):
    lines = list(falco.lines[:200])
    odd = lines[50].replace(b"2026-03-09", b"2199-03-09")
    odd = odd.replace(b'"evt.time": 17', b'"evt.time": 72')
    log = falco.log(tmp_path, [*lines[:100], odd, *lines[100:]])
    follow("falco", str(log), tmp_path / "c", Pulse(once=True, sleep=0.01))
    capture, ranges, clocks = open_capture(tmp_path / "c"), Ranges(), Clocks()
    assert capture.manifest.end is not None and capture.manifest.end.year > 2100
    ranges.update(capture)
    clocks.update(capture, ranges, 0, NOW)
    middle, honest = clocks.middle(), capture.events().filter(pl.col("time").dt.year() < 2100)
    last = honest.select(pl.col("time").max()).collect().item()
    assert middle is not None and last - dt.timedelta(seconds=30) < middle <= last
