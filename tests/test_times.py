"""One length of a window, three views of it; borders between windows."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtml.errors import UsageError
from rtml.splits import Split
from rtml.times import UTC_NS, Window

seconds = st.integers(1, 7 * 24 * 3600)


@given(seconds)
def test_three_views_are_one_length(length: int):
    window = Window.of(f"{length}s")
    assert window == Window.of(window.text) == Window.of(window.length) == Window.of(window)
    assert window.nanoseconds == length * 10**9 and window.seconds == length


@given(seconds, st.integers(0, 2**31))
def test_a_time_lies_in_the_window_between_its_borders(length: int, second: int):
    at, window = dt.datetime.fromtimestamp(second, dt.UTC), Window.of(f"{length}s")
    frame = pl.DataFrame({"time": [at]}, schema={"time": UTC_NS})
    assert frame.select(window.start()).item() == window.border_before(at)
    assert window.border(at) - window.border_before(at) in (dt.timedelta(0), window.length)


@pytest.mark.parametrize("text", ["", "s", "0s", "-1s", "1.5m", "60", "1 m", "1d", "999999999h", "१s"])
def test_what_is_no_length_is_refused(text: str):
    with pytest.raises(UsageError, match="window"):
        Window.of(text)


@given(st.floats(0.01, 0.98), st.floats(0.01, 0.98), st.integers(100, 10_000))
def test_shares_are_of_the_time_and_lie_on_borders(one: float, two: float, minutes: int):
    if abs(one - two) < 0.02:
        return
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    split = Split(min(one, two), max(one, two)).between(begin, begin + dt.timedelta(minutes=minutes))
    assert all(edge.second == 0 for edge in split.edges)
    assert (split.edges[1] - begin) / dt.timedelta(minutes=minutes) == pytest.approx(min(one, two), abs=0.01)
