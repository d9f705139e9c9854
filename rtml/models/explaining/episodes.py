"""What replicas took up in one go: of all that a workload shares, which process trees belong to one change.

A workload takes up many things over a day, and they need not have to do with each other. What counts is what
each process tree was the first of its container to show, in spells of `TOGETHER`. A tree joins

- the earlier tree of its workload that did most of what it does, at least `HALF` of its bits: a replica that
  follows, or the same attack once more; else
- an earlier tree that showed something new in the same container and window: one change, several programs;
- and all that only containers of new images do, at least half of them, belongs together, as long as nothing
  longer than `TOGETHER` lies between: a roll-out.

Trees that no other container follows that way join the one that they have most in common with. An episode is
what is joined. What everybody does on the way (a shell, a look at /etc/passwd) joins nothing by itself.

Fails when two changes meet for the first time in one window of one container: they are one episode.
"""

from __future__ import annotations

import polars as pl

from rtml.connected import connected
from rtml.features.shared import TOGETHER
from rtml.models.explaining.alike import spells

__all__ = ["HALF", "episodes"]

HALF = 0.5
"""Share of a tree's bits that an earlier tree must have shown, so that it follows it."""

_LEADERS = 20
"""Trees that are compared for each pair, the first of them: more replicas change nothing."""

_PAIR = ["peers", "conditional", "key", "context"]
_TREE = ["peers", "container_id", "root_id"]
_SCALE = 2**20


def episodes(rows: pl.DataFrame) -> pl.DataFrame:
    """Give what workloads took up the number of its episode.

    Parameters
    ----------
    rows
        ``peers``, ``conditional``, ``key``, ``context``, ``container_id``, ``bits``, ``new_image``; of the
        event that showed the pair first ``root_id``, ``window`` and ``since`` (its time). One row per pair
        and container.

    Returns
    -------
    The same rows in order of time with ``episode``: numbers from 0 on, in the order in which they begin.

    Examples
    --------
    >>> import datetime as dt
    >>> at = [dt.datetime(2026, 1, 1, hour, tzinfo=dt.UTC) for hour in (8, 9, 10, 11)]
    >>> rows = pl.DataFrame({"peers": "web", "conditional": "lineage.child", "context": "web: sh",
    ...                      "key": ["/bin/a", "/bin/b", "/bin/a", "/bin/b"], "container_id": [*"ccdd"],
    ...                      "root_id": [1, 2, 3, 4], "bits": 9.0, "window": at, "since": at,
    ...                      "new_image": False})
    >>> episodes(rows).select("key", "episode").rows()
    [('/bin/a', 0), ('/bin/b', 1), ('/bin/a', 0), ('/bin/b', 1)]
    """
    told = _numbered(rows)
    common = _common(told)
    followed = _followed(told, common)
    links = pl.concat([followed, _of_versions(told, _joined(told, followed))])
    alone = _alone(told, _joined(told, links), common)
    joined = _joined(told, pl.concat([links, alone]))
    return told.join(joined, on="_tree", maintain_order="left").drop("_tree", "_pair", "_micro")


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    """Give pairs (``_pair``) and trees (``_tree``, in the order in which they begin) their numbers."""
    spelt = rows.sort(*_TREE, "since", *_PAIR).with_columns(_spell=spells("since", _TREE, TOGETHER))
    first = spelt.group_by("_spell").agg(pl.col("since", *_TREE).first())
    order = first.sort("since", *_TREE).with_row_index("_tree").select("_spell", "_tree")
    named = spelt.join(order, on="_spell").sort("_tree", "since", *_PAIR)
    pair = pl.struct(_PAIR).rank("dense").cast(pl.Int64)
    micro = (pl.col("bits") * _SCALE).round().cast(pl.Int64)
    return named.with_columns(pl.col("_tree").cast(pl.Int64), _pair=pair, _micro=micro).drop("_spell")


def _followed(told: pl.DataFrame, common: pl.DataFrame) -> pl.DataFrame:
    """Link each tree with the one that it follows: ``_tree``, ``_with``."""
    alike = common.filter(pl.col("_with") < pl.col("_tree"), pl.col("share") >= HALF)
    after = _greatest(alike)
    begun = told.group_by("_tree", maintain_order=True).agg(pl.col("container_id", "peers", "window").first())
    before = begun.with_columns(_with=pl.col("_tree").shift(1).over("peers", "container_id", "window"))
    beside = before.drop_nulls("_with").join(after, on="_tree", how="anti")
    return pl.concat([after, beside.select("_tree", "_with")])


def _common(told: pl.DataFrame) -> pl.DataFrame:
    """Return which ``share`` of its bits each tree has in common with others, and how much (``_both``)."""
    rows = told.select("_tree", "_pair", "_micro")
    leaders = rows.group_by("_pair", maintain_order=True).head(_LEADERS)
    both = rows.join(leaders.select("_pair", _with="_tree"), on="_pair")
    common = both.filter(pl.col("_tree") != pl.col("_with")).group_by("_tree", "_with")
    own = rows.group_by("_tree").agg(_own=pl.col("_micro").sum())
    joined = common.agg(_both=pl.col("_micro").sum()).join(own, on="_tree")
    return joined.with_columns(share=pl.col("_both") / pl.max_horizontal("_own", 1))


def _greatest(common: pl.DataFrame) -> pl.DataFrame:
    """Return of each tree the one that it has most in common with; of equals the first."""
    ordered = common.sort("_tree", "_both", "_with", descending=[False, True, False])
    return ordered.unique("_tree", keep="first", maintain_order=True).select("_tree", "_with")


def _of_versions(told: pl.DataFrame, joined: pl.DataFrame) -> pl.DataFrame:
    """Link the trees that do what only containers of new images do, each with the one before.

    What fewer than half of these containers do is no part of their version, but something that befell them.
    """
    new = told.with_columns(_new=pl.col("new_image").all().over("_pair")).join(joined, on="_tree")
    members = new.filter("new_image").group_by("peers").agg(_all=pl.col("container_id").n_unique())
    several = 2 * pl.col("container_id").n_unique() >= pl.col("_all").first()
    parts = new.join(members, on="peers").group_by("episode").agg(_many=several)
    trees = new.group_by("_tree", maintain_order=True).agg(
        pl.col("_new").all(), pl.col("peers", "since", "episode").first()
    )
    version = trees.filter("_new").join(parts.filter("_many"), on="episode", how="semi")
    chained = version.sort("peers", "since", "_tree").with_columns(_run=spells("since", ["peers"], TOGETHER))
    linked = chained.with_columns(_with=pl.col("_tree").shift(1).over("_run"))
    return linked.drop_nulls("_with").select("_tree", "_with")


def _alone(told: pl.DataFrame, joined: pl.DataFrame, common: pl.DataFrame) -> pl.DataFrame:
    """Link the trees of episodes of one container with what they have most in common with elsewhere."""
    placed = told.select("_tree", "container_id").unique("_tree").join(joined, on="_tree")
    single = pl.col("container_id").n_unique().over("episode") == 1
    here = placed.filter(single).select("_tree", "container_id")
    there = placed.select("container_id", _with="_tree")
    elsewhere = common.join(here, on="_tree").join(there, on="_with", suffix="_with")
    return _greatest(elsewhere.filter(pl.col("container_id") != pl.col("container_id_with")))


def _joined(told: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """Return the ``episode`` of each ``_tree``: the connected parts, in order of their first tree."""
    size = told["_tree"].n_unique()
    ends = (links["_tree"].to_numpy(), links["_with"].to_numpy())
    part = connected(*ends, size)
    trees = pl.DataFrame({"_tree": pl.int_range(size, eager=True), "_part": part})
    first = pl.col("_tree").min().over("_part")
    return trees.select("_tree", episode=first.rank("dense").cast(pl.Int64) - 1)
