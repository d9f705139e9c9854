r"""Maturity: how likely the next event is to be something this baseline has never seen.

By Good and Turing, the mass of everything unseen is the share of what was seen once. Events come in bursts
(a build, an operator's visit), so what is "once" is a *burst*: a key whose events all lie in one container
within a minute. With N events in M container-minutes, a_c of them in container-minute c of keys that came in
that burst alone,

    P(next unseen) = A / N,  A = sum of a_c        (leave one burst out: what share of it was new?)

The interval takes container-minutes, not events, for independent draws,

    1.96 * sqrt(2 * sum of a_c**2 - A**2 / M) / N    and in quadrature    3 / M.

The former is Esty's, whose variance is (N1 (1 - N1/N) + 2 N2) / N**2 for independent events: what came in two
bursts is not counted apart, and is taken for half of what came in one. The latter is the rule of three: what
was not seen in M container-minutes may still come in 3 of M. (M is at most N.)
A timer ("learn for a day") says nothing of the sort: a quiet container is not learnt after a day,
and a busy simple one sooner.

Fails when the world changes: a key that is due once a week has not been seen by a baseline of one day, and no
estimate from that day can know it. Minutes are counted from a container's first event to its last: a
baseline merged of days that lie far apart thinks that it has watched in between. Where times are null, every
event is a draw of its own.

On sittings 1 and 2 of ``datasets/replays-v1`` the share of later events that were new lay below the upper
end for at least nine tenths of the groups after 5, 10 and 15 minutes of learning; of events as independent
draws, it was half to nine tenths (``python -m benchmarks.maturity``, in docs/baselines.md).

References
----------
Good, "The population frequencies of species", Biometrika 40, 1953,
https://doi.org/10.1093/biomet/40.3-4.237; Chao, Lee, Chen, "A generalized Good's nonparametric coverage
estimator", Chinese J. Math. 16, 1988 (the jackknife over samples); Esty, "A normal limit law for a
nonparametric estimator of the coverage of a random sample", Ann. Statist. 11, 1983,
https://doi.org/10.1214/aos/1176346259; Hanley, Lippman-Hand, "If nothing goes wrong, is everything all
right?", JAMA 249, 1983, https://doi.org/10.1001/jama.1983.03330370053031 (the rule of three).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from rtml.baselines.counting import POPULATION
from rtml.peers import peer_group

__all__ = ["BURST", "MATURE", "estimate", "maturity"]

MATURE = 0.05
"""A group is mature when the upper end of its interval is at most this."""

BURST = dt.timedelta(minutes=1)
"""What came within such a time, in one container, came once."""

_GROUP = ["family", "group"]
_SPECIES = ["subject", "key"]
_RULE_OF_THREE = 3.0


def estimate(counts: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Estimate P(next event unseen) in each part of a count table.

    Parameters
    ----------
    counts
        Columns of `rtml.baselines.counting.COUNTS` and those of ``by``.
    by
        Columns whose distinct values are the parts; at least one.

    Returns
    -------
    ``by``, then ``events``, ``contexts``, ``keys``, ``minutes``, ``once``, ``unseen``, ``low``, ``high`` as
    `maturity` says, in no particular order. No row for a part without events.

    Examples
    --------
    >>> from rtml.baselines.counting import COUNTS
    >>> rows = [{"family": "f", "key": k, "container": "c", "count": n} for k, n in (("a", 8), ("b", 1))]
    >>> estimate(pl.DataFrame(rows, COUNTS), ["family"]).select("events", "keys", "once").row(0)
    (9, 2, 1)
    """
    brief = pl.col("last") - pl.col("first") < BURST
    species = counts.group_by(*by, *_SPECIES).agg(
        pl.col("count").sum(),
        pl.col("container").min(),
        lone=pl.col("container").n_unique() == 1,
        first=pl.col("first_seen").min(),
        last=pl.col("last_seen").max(),
    )
    named = species.with_columns(once=pl.col("lone") & brief.fill_null(pl.col("count") == 1))
    totals = named.group_by(by).agg(
        pl.col("count").sum().alias("events"),
        pl.col("subject").n_unique().cast(pl.Int64).alias("contexts"),
        pl.col("key").n_unique().cast(pl.Int64).alias("keys"),
        pl.col("once").sum().cast(pl.Int64),
    )
    rows = totals.join(_watched(counts, by), on=by, nulls_equal=True)
    rows = rows.join(_bursts(named, by), on=by, how="left", nulls_equal=True)
    return rows.filter(pl.col("events") > 0).with_columns(_interval()).drop("new", "squares")


def _watched(counts: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Return ``minutes`` per part: how long its containers were watched, together; null where unknown."""
    span = pl.col("last_seen").max() - pl.col("first_seen").min()
    spans = counts.group_by("container").agg(minutes=(span / BURST).clip(lower_bound=1.0))
    members = counts.select(*by, "container").unique().join(spans, on="container")
    known = pl.when(pl.col("minutes").is_not_null().all()).then(pl.col("minutes").sum())
    return members.group_by(by).agg(minutes=known)


def _bursts(named: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Return ``new``, the events of what came once, and the sum of ``squares`` of it over bursts."""
    minute = pl.col("first").dt.truncate(BURST)
    alone = pl.when(pl.col("first").is_null()).then(pl.concat_str(_SPECIES, ignore_nulls=True))
    cells = named.filter("once").group_by(*by, "container", minute, alone.alias("alone"))
    sums = cells.agg(new=pl.col("count").sum().cast(pl.Float64))
    return sums.group_by(by).agg(pl.col("new").sum(), squares=(pl.col("new") ** 2).sum())


def _interval() -> list[pl.Expr]:
    n, new, squares = pl.col("events"), pl.col("new").fill_null(0.0), pl.col("squares").fill_null(0.0)
    draws = pl.min_horizontal(pl.coalesce("minutes", "events"), "events")
    spread = (2 * squares - new**2 / draws).clip(lower_bound=0.0)
    half = ((1.96 * spread.sqrt() / n) ** 2 + (_RULE_OF_THREE / draws) ** 2).sqrt()
    share = new / n
    ends = [(share - half).clip(0.0, 1.0).alias("low"), (share + half).clip(0.0, 1.0).alias("high")]
    return [share.alias("unseen"), *ends]


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
    ``events``, ``contexts`` and ``keys`` (distinct), ``once`` (keys that came in one burst alone),
    ``minutes`` (container-minutes watched, null where times are not known), ``unseen`` with its 95 %
    interval ``low`` .. ``high`` (probabilities in [0, 1]), ``mature``. No row for a group without events.

    Examples
    --------
    >>> from rtml.baselines.counting import COUNTS
    >>> rows = [{"family": "f", "workload": "web", "key": k, "container": "c", "count": n}
    ...         for k, n in [("nginx", 198), ("sh", 1), ("curl", 1)]]
    >>> maturity(pl.DataFrame(rows, COUNTS)).select("events", "once", "unseen", "mature").row(0)
    (200, 2, 0.01, True)
    """
    named = counts.filter(pl.col("family") != POPULATION).with_columns(group=peer_group(counts.columns))
    estimated = estimate(named, _GROUP)
    return estimated.with_columns(mature=pl.col("high") <= threshold).sort(_GROUP)
