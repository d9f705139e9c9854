"""Arguments are padded with what means nothing."""

from __future__ import annotations

import polars as pl

from rtml.experiment.robustness.scene import Change, Scene

__all__ = ["CHANGE", "pad"]


def pad(scene: Scene, characters: float) -> Scene:
    """Append so many characters of words to every command line of an attack."""
    filler = (" --verbose" * (int(characters) // 10 + 1))[: int(characters)]
    padded = pl.when(scene.is_attack).then(pl.col("cmdline") + filler).otherwise("cmdline")
    return scene.changed(padded.alias("cmdline"))


CHANGE = Change("arguments padded", (50.0, 500.0), "characters", pad)
