"""Prevalence: how many members of a population have a key, corrected for small populations."""

from __future__ import annotations

import polars as pl

from rtml.peers import peer_group

__all__ = ["POPULATIONS", "rarity"]

POPULATIONS: dict[str, tuple[pl.Expr, pl.Expr]] = {
    "rarity_peers": (pl.col("peers"), pl.col("container")),
    "rarity_images": (pl.lit(""), pl.coalesce("image", "container")),
    "rarity_fleet": (pl.lit(""), pl.col("container")),
}
"""Per feature: the group within which is counted, and what is counted there. A container of no
known image stands for an image of its own."""


def rarity(names: pl.DataFrame, counts: pl.DataFrame, everyone: pl.DataFrame) -> pl.DataFrame:
    """Add the rarity of each key over each of `POPULATIONS`, in bits.

    ``rarity = -log2((k + 1/2) / (n + 1))``: k members of the population have the key, of n.

    Parameters
    ----------
    names
        ``key`` and ``peers`` (`rtml.peers.peer_group`); other columns stay.
    counts, everyone
        Rows of a baseline: of the conditional, and of all containers that were learnt from.

    Examples
    --------
    >>> from rtml.baselines.counting import COUNTS
    >>> row = {"family": "f", "workload": "web", "key": "sh", "container": "c1", "count": 9}
    >>> counts = pl.DataFrame([row], COUNTS)
    >>> everyone = pl.DataFrame([{**row, "container": f"c{i}"} for i in range(3)], COUNTS)
    >>> names = pl.DataFrame({"key": ["sh", "nc"], "peers": ["web"] * 2})
    >>> rarity(names, counts, everyone)["rarity_fleet"].to_list()
    [1.415, 3.0]
    """
    table = names
    counts, everyone = (frame.with_columns(peer_group(frame.columns)) for frame in (counts, everyone))
    for name, (group, member) in POPULATIONS.items():
        size = everyone.group_by(group.alias("_group")).agg(_n=member.n_unique())
        having = counts.group_by(group.alias("_group"), "key").agg(_k=member.n_unique())
        sized = (
            table.with_columns(group.alias("_group"))
            .join(size, on="_group", how="left", maintain_order="left")
            .join(having, on=["_group", "key"], how="left", maintain_order="left")
        )
        # Two logarithms: a quotient by one number for all rows has other last bits than by a column.
        having_it, members = pl.col("_k").fill_null(0) + 0.5, pl.col("_n").fill_null(0) + 1.0
        rare = (members.log(2) - having_it.log(2)).alias(name)
        table = sized.with_columns(rare).drop("_group", "_n", "_k")
    return table
