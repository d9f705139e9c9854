"""How far time has come in a log of several hosts, whose clocks differ and whose logs come late."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from rtml.captures import Capture
from rtml.times import instant
from rtml.watching.ranges import Ranges

__all__ = ["Clocks"]

_AHEAD = dt.timedelta(days=1)
_SILENT = dt.timedelta(minutes=10)
_PASSED_OVER = 20


@dataclass
class Clocks:
    """The newest time of each host that speaks.

    Time has come as far as the host in the middle: one whose clock is ahead takes nobody along, one that is
    behind holds nobody up. Of each host the last time but one of a hundred counts, so that a single event of
    an absurd time moves nothing; times of tomorrow count nowhere. A host of which nothing came while others
    spoke twenty times is waited for no more.

    ``newest``: of each host; ``spoke``: at which of all ``times`` that something came.
    """

    newest: dict[str, dt.datetime] = field(default_factory=dict)
    spoke: dict[str, int] = field(default_factory=dict)
    times: int = 0

    def update(self, capture: Capture, ranges: Ranges, since: int, now: dt.datetime) -> None:
        """Take the events of number ``since`` and more into account; ``now`` is the time of this machine."""
        names = [name for name, one in ranges.known.items() if one.last_seq >= since]
        if not names:
            return
        rows = pl.scan_parquet([f"{capture.path}/{name}" for name in names], glob=False).filter(
            pl.col("seq") >= since, pl.col("time") < instant(now + _AHEAD)
        )
        by_host = rows.group_by(pl.col("host").cast(pl.String).fill_null("")).agg(
            pl.col("time").quantile(0.99, "lower").dt.cast_time_unit("us")
        )
        self.times += 1
        for host, time in by_host.collect().iter_rows():
            self.newest[host] = max(time, self.newest.get(host, time))
            self.spoke[host] = self.times

    def middle(self) -> dt.datetime | None:
        """Return how far time has come; None before the first event."""
        speaking = [
            time for host, time in self.newest.items() if self.times - self.spoke.get(host, 0) < _PASSED_OVER
        ]
        times = sorted(speaking or self.newest.values())
        return times[(len(times) - 1) // 2] if times else None

    def behind(self) -> Sequence[tuple[str, dt.datetime]]:
        """Return the hosts that have been silent for ten minutes of the others' time, and since when."""
        middle = self.middle()
        if middle is None:
            return []
        return [(host, time) for host, time in sorted(self.newest.items()) if time < middle - _SILENT]
