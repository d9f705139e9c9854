"""The processes of each attack: everything below its labelled root process."""

from __future__ import annotations

import polars as pl

__all__ = ["attack_trees", "lineage_roots"]

DEPTH = 64
"""Generations that are followed; deeper chains are cut, so a forged loop cannot run on."""


def attack_trees(labels: pl.DataFrame, processes: pl.DataFrame | None) -> pl.DataFrame:
    """Return ``attack_id, process_id``: the root of each attack and all its descendants.

    One join per generation, at most `DEPTH`; a process counts once however it is reached.

    Parameters
    ----------
    labels
        ``attack_id`` and ``process_id`` (null = the attack's processes are unknown: no row).
    processes
        ``process_id`` and ``parent_id``, several rows per process allowed; null = roots only.

    Examples
    --------
    >>> labels = pl.DataFrame({"attack_id": ["a"], "process_id": [2]})
    >>> table = pl.DataFrame({"process_id": [1, 2, 3, 4], "parent_id": [None, 1, 2, 3]})
    >>> attack_trees(labels, table)["process_id"].to_list()
    [2, 3, 4]
    """
    tree = labels.select("attack_id", pl.col("process_id").cast(pl.Int64)).drop_nulls("process_id").unique()
    if processes is None or tree.is_empty():
        return tree.sort("attack_id", "process_id")
    children = (
        processes.select(child=pl.col("process_id"), process_id=pl.col("parent_id")).drop_nulls().unique()
    )
    newest = tree
    for _ in range(DEPTH):
        born = newest.join(children, on="process_id").select("attack_id", process_id="child")
        newest = born.unique().join(tree, on=["attack_id", "process_id"], how="anti")
        if newest.is_empty():
            break
        tree = pl.concat([tree, newest])
    return tree.sort("attack_id", "process_id")


def lineage_roots(labels: pl.DataFrame, processes: pl.DataFrame | None) -> pl.DataFrame:
    """Return ``attack_id, lineage``: the lineage root above each attack's root process.

    Examples
    --------
    >>> labels = pl.DataFrame({"attack_id": ["a"], "process_id": [3]})
    >>> table = pl.DataFrame({"process_id": [2, 3], "root_id": [2, 2]})
    >>> lineage_roots(labels, table).row(0)
    ('a', 2)
    """
    wanted = labels.select("attack_id", "process_id").drop_nulls()
    if processes is None or "root_id" not in processes.columns:
        return wanted.select("attack_id", lineage=pl.lit(None, pl.Int64))
    roots = processes.select("process_id", lineage=pl.col("root_id")).drop_nulls()
    first = roots.sort("process_id", "lineage").unique("process_id", keep="first")
    return wanted.join(first, on="process_id").select("attack_id", "lineage").sort("attack_id")
