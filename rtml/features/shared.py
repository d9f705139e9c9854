"""What becomes new in several replicas of a workload at once: a roll-out, a changed setting.

A pair of context and key that the workload never showed is *shared* when its replicas take it up together:

- at least three containers of the peer group within ten minutes of each other; or
- at least three, and at least half of the group's containers that are active from the first sighting on; or
- at least two containers of an image that the group did not run in the baseline, and at least half of
  those that are active from then on: a new version.

Single trees are judged without their shared pairs, by what they do beyond their peers; the shared ones make
one finding about the workload (`rtml.models.explaining.changes`). This looks at all the time that is judged
together, so it is done for batches only; streams have `rtml.features.following`.

Fails when replicas are attacked hours apart (each is then judged alone), and for a workload of one replica,
which has no peers: its roll-out is strange.
"""

from __future__ import annotations

import polars as pl

from rtml.peers import peer_group
from rtml.times import Window

__all__ = ["FEWEST", "TOGETHER", "new_images", "shared_pairs"]

FEWEST = 3
"""Containers of one image line-up that make a change of the workload."""

TOGETHER = "10m"
"""Time within which replicas that change alike do so at once."""

_PLACE = ["peers", "pair"]


def new_images(peers: pl.DataFrame, population: pl.DataFrame) -> pl.DataFrame:
    """Say of each container whether its peer group ran its image in the baseline.

    Parameters
    ----------
    peers
        `rtml.features.source.Source.peers`.
    population
        `rtml.baselines.Baseline.population`.

    Returns
    -------
    ``container_id``, ``peers``, ``new_image``: false where no image is known.
    """
    ran = population.select(peer_group(population.columns), "image", _ran=pl.lit(True)).unique()
    placed = peers.select("container_id", "peers", "image").join(ran, on=["peers", "image"], how="left")
    new = pl.col("image").is_not_null() & pl.col("_ran").is_null()
    return placed.select("container_id", "peers", new_image=new)


def shared_pairs(rows: pl.DataFrame, names: pl.DataFrame, active: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs that became new in several replicas: ``peers``, ``pair``.

    Parameters
    ----------
    rows
        ``container_id``, ``window``, ``group``, ``pair``, ``seen``: the scored pairs of one conditional.
    names
        ``group``, ``peers``: the peer group behind each code.
    active
        ``container_id``, ``peers``, ``last`` (its last window), ``new_image`` (the group's history does
        not have its image).

    Examples
    --------
    >>> import datetime as dt
    >>> at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    >>> rows = pl.DataFrame({"container_id": ["a", "b", "c", "a"], "window": [at] * 4, "group": [0] * 4,
    ...                      "pair": [7, 7, 7, 8], "seen": [False] * 4})
    >>> names = pl.DataFrame({"group": [0], "peers": ["web"]})
    >>> active = pl.DataFrame({"container_id": ["a", "b", "c"], "peers": ["web"] * 3, "last": [at] * 3,
    ...                        "new_image": [False] * 3})
    >>> shared_pairs(rows, names, active).rows()
    [('web', 7)]
    """
    groups = names.select("group", "peers").unique()
    fresh = rows.filter(~pl.col("seen")).join(groups, on="group")
    first = fresh.group_by(*_PLACE, "container_id").agg(pl.col("window").min())
    several = first.filter(pl.len().over(_PLACE) > 1).join(
        active.select("container_id", "new_image"), on="container_id"
    )
    sightings = several.sort(*_PLACE, "window", "container_id").with_columns(
        third=pl.col("window").shift(1 - FEWEST).over(_PLACE)
    )
    at_once = pl.col("third") - pl.col("window") <= Window.of(TOGETHER).span
    counted = sightings.group_by(_PLACE).agg(
        since=pl.col("window").min(),
        n=pl.len(),
        n_new=pl.col("new_image").sum(),
        at_once=at_once.fill_null(False).any(),
    )
    joined = counted.filter((pl.col("n") >= FEWEST) | (pl.col("n_new") > 1)).join(active, on="peers")
    alive = pl.col("last") >= pl.col("since")
    judged = joined.group_by(*_PLACE, "n", "n_new", "at_once").agg(
        alive=alive.sum(), alive_new=(alive & pl.col("new_image")).sum()
    )
    together = (pl.col("n") >= FEWEST) & (pl.col("at_once") | (2 * pl.col("n") >= pl.col("alive")))
    version = (pl.col("n_new") > 1) & (2 * pl.col("n_new") >= pl.col("alive_new"))
    return judged.filter(together | version).select(_PLACE).unique().sort(_PLACE)
