"""Attackers talk to where the workload always talks."""

from __future__ import annotations

import polars as pl

from rtml.experiment.robustness.scene import Change, Scene
from rtml.experiment.robustness.usual import usual

__all__ = ["CHANGE", "talk_as_usual"]


def talk_as_usual(scene: Scene, share: float) -> Scene:
    """Replace addresses, ports and names that attacks ask for by the workload's most frequent ones.

    ``share`` is not used. A workload that never talked leaves its attacks as they are.
    """
    place, names = usual(scene, ["dst_ip", "dst_port"], ["ip", "port"]), usual(scene, ["domain"], ["domain"])
    values = {"dst_ip": place["ip"], "dst_port": place["port"], "domain": names["domain"]}
    return scene.changed(
        *(
            pl.when(scene.is_attack & pl.col(name).is_not_null() & value.is_not_null())
            .then(value)
            .otherwise(pl.col(name).cast(value.dtype))
            .alias(name)
            for name, value in values.items()
        )
    )


CHANGE = Change("allowed destinations", (1.0,), "share of attacks", talk_as_usual)
