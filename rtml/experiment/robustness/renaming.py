"""An attacker's programs bear the name of one that the workload runs all day."""

from __future__ import annotations

import polars as pl

from rtml.experiment.robustness.scene import Change, Scene
from rtml.experiment.robustness.usual import usual

__all__ = ["CHANGE", "rename"]


def rename(scene: Scene, share: float) -> Scene:
    """Give programs of attacks the path of the one that ran most before the test in that workload.

    Their command lines begin with it, their arguments stay. ``share`` is not used: all are renamed.
    """
    name = usual(scene, ["exe"], ["name"])["name"]
    here = scene.is_attack & name.is_not_null()
    rest = pl.col("cmdline").str.strip_prefix(pl.col("cmdline").str.extract(r"^(\S+)")).fill_null("")
    base = name.str.split("/").list.last().str.slice(0, 15)
    return scene.changed(
        pl.when(here & pl.col("exe").is_not_null())
        .then(name)
        .otherwise(pl.col("exe").cast(pl.String))
        .alias("exe"),
        pl.when(here & pl.col("comm").is_not_null())
        .then(base)
        .otherwise(pl.col("comm").cast(pl.String))
        .alias("comm"),
        pl.when(here & pl.col("cmdline").is_not_null())
        .then(name + rest)
        .otherwise("cmdline")
        .alias("cmdline"),
    )


CHANGE = Change("programs renamed", (1.0,), "share of attacks", rename)
