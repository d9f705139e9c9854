"""How often something was seen in training time, in GuardDuty's four classes."""

from __future__ import annotations

import datetime as dt

import polars as pl

from rtml.baselines import Baseline
from rtml.text import visible

__all__ = ["frequency", "period", "usual"]

Span = tuple[dt.datetime | None, dt.datetime | None]
_MONTH = 30 * 86_400.0
_MOST_USUAL = 3
_WEEKLY = 30 / 7


def frequency(count: int, span: Span) -> str:
    """Return UNSEEN, RARE (at most once a month), INFREQUENT (less than weekly) or FREQUENT.

    A training time below a month counts as a month: once in an hour is not frequent.

    Examples
    --------
    >>> month = dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 31)
    >>> [frequency(n, month) for n in (0, 1, 3, 40)]
    ['UNSEEN', 'RARE', 'INFREQUENT', 'FREQUENT']
    >>> frequency(1, (None, None))
    'RARE'
    """
    if count == 0:
        return "UNSEEN"
    begun, ended = span
    seconds = (ended - begun).total_seconds() if begun and ended else 0.0
    monthly = count / max(1.0, seconds / _MONTH)
    return "RARE" if monthly <= 1 else "INFREQUENT" if monthly < _WEEKLY else "FREQUENT"


def period(baseline: Baseline, until: dt.datetime | None = None) -> Span:
    """Return the time that a baseline knows of: from its first sighting until learning ended."""
    times = baseline.counts["first_seen"]
    first, last = times.min(), times.max()
    assert first is None or isinstance(first, dt.datetime)
    assert last is None or isinstance(last, dt.datetime)
    return first, until or last


def usual(counts: pl.DataFrame) -> str:
    """Name the most frequent keys with their shares; ``nothing`` where none was learnt.

    Examples
    --------
    >>> usual(pl.DataFrame({"key": ["kubectl", "helm"], "count": [3, 1]}))
    'kubectl 75 %, helm 25 %'
    """
    keys = counts.group_by("key").agg(pl.col("count").sum())
    total = int(keys["count"].sum())
    top = keys.sort("count", "key", descending=[True, False]).head(_MOST_USUAL)
    parts = [f"{visible(key, 60)} {round(100 * n / total)} %" for key, n in top.iter_rows()]
    return ", ".join(parts) or "nothing"
