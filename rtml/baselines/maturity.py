r"""Maturity: how likely the next event is to be something this baseline has never seen.

By Good and Turing, the mass of everything unseen is estimated by the share of what was seen once:

    P(next unseen) = N1 / N        with N events, N1 of them of keys that were seen exactly once

and by Esty the estimate has variance ``(N1 (1 - N1/N) + 2 N2) / N**2``, for a 95 %
interval; its upper end is at least ``3 / N`` (the rule of three): a handful of events proves
nothing.
A timer ("learn for a day") says nothing of the sort: a quiet container is not learnt after a day,
and a busy simple one is learnt after a minute.

Fails when events come in bursts or the world changes: a key that is due once a week has not been
seen by a baseline of one day, and no estimate from that day can know it. The interval is that of
independent draws, which events are not: read it as the least width. On the calm first sitting of
``datasets/replays-v1`` the share of later events that were new lay below the upper end for about half of
the groups after 5 minutes of learning, two thirds after 10, nine tenths after 15; of those called
mature, 13 %, 3 % and 2 % had more than 5 % new after all (``tests/baselines/test_maturity_holds.py``
measures it and holds it to somewhat less).

References
----------
Good, "The population frequencies of species", Biometrika 40, 1953,
https://doi.org/10.1093/biomet/40.3-4.237; Esty, "A normal limit law for a nonparametric estimator
of the coverage of a random sample", Ann. Statist. 11, 1983, https://doi.org/10.1214/aos/1176346259.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rtml.baselines.counting import POPULATION
from rtml.peers import peer_group

__all__ = ["MATURE", "estimate", "maturity"]

MATURE = 0.05
"""A group is mature when the upper end of its interval is at most this."""

_GROUP = ["family", "group"]
_SPECIES = ["subject", "key"]


def _interval() -> list[pl.Expr]:
    n, once, twice = pl.col("events"), pl.col("once"), pl.col("twice")
    share = once / n
    half = 1.96 * (once * (1 - share) + 2 * twice).sqrt() / n
    low = (share - half).clip(0.0, 1.0)
    high = pl.max_horizontal(share + half, 3 / n).clip(0.0, 1.0)
    return [share.alias("unseen"), low.alias("low"), high.alias("high")]


def estimate(counts: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Estimate P(next event unseen) in each part of a count table.

    Parameters
    ----------
    counts
        Columns ``subject``, ``key``, ``count`` and those of ``by``.
    by
        Columns whose distinct values are the parts; none for the table as a whole.

    Returns
    -------
    ``by``, then ``events``, ``contexts``, ``keys``, ``once``, ``twice``, ``unseen``, ``low``, ``high`` as
    `maturity` says, in no particular order. No row for a part without events.

    Examples
    --------
    >>> rows = {"subject": ["sh"] * 3, "key": ["a", "b", "c"], "count": [8, 1, 1]}
    >>> estimate(pl.DataFrame(rows), []).select("events", "once", "unseen").row(0)
    (10, 2, 0.2)
    """
    species = counts.group_by(*by, *_SPECIES).agg(pl.col("count").sum())
    totals = [
        pl.col("count").sum().alias("events"),
        pl.col("subject").n_unique().cast(pl.Int64).alias("contexts"),
        pl.col("key").n_unique().cast(pl.Int64).alias("keys"),
        (pl.col("count") == 1).sum().cast(pl.Int64).alias("once"),
        (pl.col("count") == 2).sum().cast(pl.Int64).alias("twice"),
    ]
    parts = species.group_by(by).agg(totals) if by else species.select(totals)
    return parts.filter(pl.col("events") > 0).with_columns(_interval())


def maturity(counts: pl.DataFrame, threshold: float = MATURE) -> pl.DataFrame:
    """Estimate P(next event unseen) per conditional and peer group.

    Parameters
    ----------
    counts
        Rows of `rtml.baselines.counting.COUNTS`.
    threshold
        A group is ``mature`` when ``high`` is at most this.

    Returns
    -------
    One row per family and group (`rtml.peers`: the workload, where it is known), sorted:
    ``events``, ``contexts`` and ``keys`` (distinct), ``once``, ``twice`` (keys seen so often),
    ``unseen`` with its 95 % interval ``low`` .. ``high`` (probabilities in [0, 1]), ``mature``.
    No row for a group without events.

    Examples
    --------
    >>> from rtml.baselines.counting import COUNTS
    >>> rows = [{"family": "f", "workload": "web", "key": k, "container": "c", "count": n}
    ...         for k, n in [("nginx", 98), ("sh", 1), ("curl", 1)]]
    >>> maturity(pl.DataFrame(rows, COUNTS)).select("events", "once", "unseen", "mature").row(0)
    (100, 2, 0.02, True)
    """
    named = counts.filter(pl.col("family") != POPULATION).with_columns(group=peer_group(counts.columns))
    estimated = estimate(named, _GROUP)
    return estimated.with_columns(mature=pl.col("high") <= threshold).sort(_GROUP)
