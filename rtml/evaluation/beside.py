"""False findings beside an attack: an innocent tree in its container, in its time, blamed with it.

Whoever looks at such a finding looks in the right place at the wrong process: it is false all the same, and
counted; this says how many of the false ones are of that sort.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from rtml.evaluation.matching import GRACE
from rtml.evaluation.showing import UNIT
from rtml.times import UTC_NS, span

__all__ = ["BESIDE", "beside_attacks"]

BESIDE = pl.Schema(
    {"container_id": pl.String(), "slot": UTC_NS, "root_id": pl.Int64(), "attack_ids": pl.List(pl.String)}
)
"""One row per false unit (container x 5 minutes x lineage root) with the attacks that it lies beside."""


def beside_attacks(claims: pl.DataFrame, labels: pl.DataFrame, grace: dt.timedelta = GRACE) -> pl.DataFrame:
    """Return `BESIDE`: the false units that lie in the container and within the time of an attack.

    Parameters
    ----------
    claims
        `rtml.evaluation.matching.Matched.claims`: units with ``begin``, ``end`` and ``outcome``.
    labels
        `rtml.schema.LABELS`, those that are not judged among them.
    grace
        Time after an attack's end that still is its own.

    Examples
    --------
    >>> hour = [dt.datetime(2026, 1, 1, 10, minute, tzinfo=dt.UTC) for minute in (0, 5, 40)]
    >>> claims = pl.DataFrame({"container_id": ["c"] * 3, "slot": hour, "root_id": [7, 8, 9],
    ...     "begin": hour, "end": hour, "outcome": ["right", "false", "false"]})
    >>> times = {"start": hour[:1], "end": hour[1:2]}
    >>> attack = pl.DataFrame({"attack_id": ["a"], "container_id": ["c"], **times})
    >>> beside_attacks(claims, attack).select("root_id", "attack_ids").rows()
    [(8, ['a'])]
    """
    false = claims.filter(pl.col("outcome") == "false").select(*UNIT, "begin", "end")
    attacks = labels.select("attack_id", "container_id", "start", until=pl.col("end") + span(grace))
    there = false.join(attacks, on="container_id").filter(
        (pl.col("begin") <= pl.col("until")) & (pl.col("end") >= pl.col("start"))
    )
    units = there.group_by(UNIT).agg(attack_ids=pl.col("attack_id").unique().sort())
    return units.select(pl.col(name).cast(kind) for name, kind in BESIDE.items()).sort(UNIT)
