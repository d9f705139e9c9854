"""Lost events in a sentence: a swamped sensor has thousands of such intervals, and nobody reads them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from rtml.numbers import number, plural

__all__ = ["Lost", "lost_sentence"]

_NAMED = 3


@dataclass(frozen=True)
class Lost:
    """An interval in which a host's sensor lost events; each of the four may be unknown."""

    host: str | None
    start: dt.datetime | None
    end: dt.datetime | None
    count: int | None


def lost_sentence(lost: Sequence[Lost], seconds: float) -> str:
    """Say how many intervals on how many hosts, what share of the time, and how many events.

    Parameters
    ----------
    lost
        May overlap: time counts once per host.
    seconds
        Length of the capture; the share is that of all hosts named here.

    Returns
    -------
    Empty where nothing was lost.

    Examples
    --------
    >>> at = dt.datetime(2026, 1, 1)
    >>> second = dt.timedelta(seconds=1)
    >>> lost_sentence([Lost("h1", at, at + 6 * second, 5), Lost("h1", at, at + 3 * second, 1)], 60)
    '2 intervals on 1 host (h1), 10 % of time, 6 events lost'
    """
    if not lost:
        return ""
    hosts: dict[str, list[Lost]] = {}
    for one in lost:
        hosts.setdefault(one.host or "unknown host", []).append(one)
    events = {host: sum(one.count or 0 for one in parts) for host, parts in hosts.items()}
    covered = sum(_covered(parts) for parts in hosts.values())
    share = 100 * min(covered / (seconds * len(events)), 1.0) if seconds > 0 else 100.0
    timeless = sum(one.start is None or one.end is None for one in lost)
    unknown = f", {timeless:,} of them at unknown times" if timeless else ""
    part = "less than 0.1" if 0 < share < 0.1 else number(share, ".2g")
    worst = sorted(events, key=lambda host: (-events[host], host))
    named = ", ".join(worst[:_NAMED]) + (", …" if len(worst) > _NAMED else "")
    return (
        f"{plural(len(lost), 'interval')} on {plural(len(events), 'host')} ({named}), {part} % of time, "
        f"{plural(sum(events.values()), 'event')} lost{unknown}"
    )


def _covered(lost: Sequence[Lost]) -> float:
    """Return the seconds that intervals cover, overlaps once; those of unknown times cover none."""
    known = [(one.start, one.end) for one in lost if one.start is not None and one.end is not None]
    total, until = 0.0, dt.datetime.min
    for start, end in sorted((_plain(start), _plain(end)) for start, end in known):
        total += max((end - max(start, until)).total_seconds(), 0.0)
        until = max(until, end)
    return total


def _plain(at: dt.datetime) -> dt.datetime:
    return at if at.tzinfo is None else at.astimezone(dt.UTC).replace(tzinfo=None)
