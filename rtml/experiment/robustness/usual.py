"""What containers usually do before the test: what an attacker who knows them would hide behind."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rtml.experiment.robustness.scene import Scene
from rtml.peers import peer_group
from rtml.times import instant

__all__ = ["usual"]


def usual(scene: Scene, columns: Sequence[str], names: Sequence[str]) -> pl.DataFrame:
    """Return, per event of the scene, the most frequent values of its container's peers before the test.

    Parameters
    ----------
    columns
        Taken together: what is usual is one combination of values, none of them null.
    names
        What they are called in the result.

    Returns
    -------
    One row per event, in their order; null where the peers had none.
    """
    texts = [pl.col(name).cast(pl.String) if name in _NAMES else pl.col(name) for name in columns]
    named = [text.alias(name) for text, name in zip(texts, names, strict=True)]
    keyed = scene.events.select(
        peer_group(scene.events.columns).alias("_peers"), pl.col("time").alias("_time"), *named
    )
    before = keyed.filter(pl.col("_time") < instant(scene.split.edges[2])).drop_nulls(list(names))
    counted = (
        before.group_by("_peers", *names)
        .len()
        .sort("_peers", "len", *names, descending=[False, True, *[False] * len(names)])
    )
    first = counted.unique("_peers", keep="first", maintain_order=True).drop("len")
    return keyed.select("_peers").join(first, on="_peers", how="left", maintain_order="left").select(names)


_NAMES = ("exe", "comm", "dst_ip")
