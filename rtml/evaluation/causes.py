"""What false findings have in common: several of one cause are one mistake, told several times.

A Poisson interval takes findings to be independent. Replicas that roll out a change, or a new name that every
worker of a service asks for, make many findings of one cause; the rate by causes is what is independent.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from rtml.connected import connected
from rtml.findings.unit import slot_of
from rtml.peers import peer_group

__all__ = ["ROLL_OUT", "causes", "key_of"]

ROLL_OUT = dt.timedelta(minutes=10)
"""Findings of one type in several containers of a workload that begin within this time are one roll-out."""

_TAIL = r"( \([^()]*\))?(; \d+ trees alike)?( and \d+ more)?$"
"""What a title adds to its key: how rare, how many more."""


def causes(findings: pl.DataFrame) -> pl.Series:
    """Return a code per finding, equal where findings have a cause in common.

    Two findings have one cause when they tell of the same key (type and what the title names last, in any
    container), when their greatest reason is the same feature in the same workload, or when they are of one
    type and begin in several containers of a workload within `ROLL_OUT` of each other; and so has every chain
    of such pairs. What one unit of a finding tells (container x 5 minutes x lineage root) is one cause too.

    Parameters
    ----------
    findings
        A `FINDINGS` frame, best of false findings only.

    Returns
    -------
    Codes from 0. A finding that says nothing of itself (no title, reason or workload) has a cause of its own.

    Notes
    -----
    Errs towards fewer causes: two mistakes about one feature of one workload count as one.

    Examples
    --------
    >>> from rtml.schema import FINDINGS, conform
    >>> rows = {"type": ["T", "T", "T"], "container_id": ["a", "b", "c"], "workload": ["x", "y", "z"],
    ...         "title": ["x: sh -> pay.example (rare, 9 bits)", "y: pay.example", "z: other"]}
    >>> causes(conform(pl.DataFrame(rows), FINDINGS)).to_list()
    [0, 0, 1]
    """
    if findings.is_empty():
        return pl.Series("cause", [], pl.Int64)
    rows = findings.with_row_index("finding").with_columns(
        group=peer_group(findings.columns),
        feature=pl.col("contributions").list.first().struct.field("feature"),
    )
    tags = pl.concat([_units(rows), _keys(rows), _features(rows), _roll_outs(rows)]).drop_nulls("tag")
    places = tags["tag"].rank("dense").to_numpy().astype(int) - 1
    size = findings.height + tags["tag"].n_unique()
    codes = connected(tags["finding"].to_numpy(), places + findings.height, size)
    return pl.Series("cause", codes[: findings.height]).rank("dense").cast(pl.Int64) - 1


def key_of(title: str = "title") -> pl.Expr:
    """Return what a title is about: its last link, without workload, numbers of others and bits.

    Examples
    --------
    >>> titles = ["app: sh -> curl -> pay.example (never seen: name, 9 bits)", "Reverse shell and 3 more"]
    >>> pl.DataFrame({"title": titles}).select(key_of()).to_series().to_list()
    ['pay.example', 'Reverse shell']
    """
    plain = pl.col(title).str.replace(_TAIL, "").str.replace(_TAIL, "")
    last = plain.str.split(" -> ").list.last()
    return last.str.replace(r"^[^\s:]+: ", "").alias("key")


def _tagged(rows: pl.DataFrame, kind: str, *parts: pl.Expr) -> pl.DataFrame:
    tag = pl.concat_str(pl.lit(kind), *parts, separator="\0")
    return rows.select("finding", tag=tag)


def _units(rows: pl.DataFrame) -> pl.DataFrame:
    slot, root = slot_of("first_seen").cast(pl.String), pl.col("process_id").cast(pl.String).fill_null("")
    return _tagged(rows, "unit", pl.col("container_id"), slot, root)


def _keys(rows: pl.DataFrame) -> pl.DataFrame:
    return _tagged(rows, "key", pl.col("type").fill_null(""), key_of())


def _features(rows: pl.DataFrame) -> pl.DataFrame:
    return _tagged(rows, "feature", pl.col("group"), pl.col("feature"))


def _roll_outs(rows: pl.DataFrame) -> pl.DataFrame:
    """Tag findings by their spell: of one type and workload, begun without a gap of more than `ROLL_OUT`."""
    unit = ["workload", "type"]
    known = rows.drop_nulls(["workload", "type", "container_id", "first_seen"])
    timed = known.sort(*unit, "first_seen", "container_id")
    other = pl.any_horizontal(pl.col(name) != pl.col(name).shift() for name in unit)
    new = other | (pl.col("first_seen").diff() > ROLL_OUT)
    spells = timed.with_columns(spell=new.fill_null(True).cum_sum())
    several = (
        spells.group_by("spell").agg(boxes=pl.col("container_id").n_unique()).filter(pl.col("boxes") > 1)
    )
    return _tagged(spells.join(several, on="spell"), "spell", pl.col("spell").cast(pl.String))
