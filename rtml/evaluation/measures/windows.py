"""Flagged windows against attack windows: the confusion matrix, per attack and per benign container.

A window is flagged when a claim lies over it (`rtml.evaluation.claims`), whatever tree it is about: a long
finding flags all that it covers. Windows in the grace after an attack count neither way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from rtml.evaluation.clusters import effective
from rtml.evaluation.measure import clopper_pearson
from rtml.evaluation.origins import groups_of
from rtml.evaluation.resampling import weights
from rtml.evaluation.track import Track
from rtml.times import Window

__all__ = ["JOINT", "Confusion", "confusion", "flagged"]

_KEY = ["container_id", "window"]

JOINT = 0.975
"""Level of each of two intervals, so that both hold together in 95 % (Bonferroni)."""


@dataclass(frozen=True)
class Confusion:
    """Flags of attack windows by attack (a window of several attacks stands in each), of benign by container.

    ``hit`` and ``false`` are booleans per window, ``attack`` and ``container`` codes.
    """

    hit: np.ndarray
    attack: np.ndarray
    false: np.ndarray
    container: np.ndarray

    @property
    def refusal(self) -> str | None:
        """Why there is no matrix, or null."""
        if not len(self.hit):
            return "no window of test time overlaps an attack"
        return None if len(self.false) else "test time holds no benign window"

    def counts(self) -> tuple[float, float, float, float]:
        """Return true and false positives, false and true negatives, in windows."""
        hits, false = float(self.hit.sum()), float(self.false.sum())
        return hits, false, len(self.hit) - hits, len(self.false) - false

    def rates(self, level: float) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return intervals of the true and the false positive rate, clustered by attack and by container.

        Where no benign window, or every one, is flagged, nothing shows how containers differ: windows are
        then counted singly.
        """
        mixed = 0 < self.false.sum() < len(self.false)
        sizes = (
            effective(self.hit, self.attack),
            effective(self.false, self.container) if mixed else float(len(self.false)),
        )
        true, false = (
            clopper_pearson(float(flags.mean()) * n, n, level)
            for flags, n in zip((self.hit, self.false), sizes, strict=True)
        )
        return true, false

    def resampled(self, seed: int, resamples: int) -> tuple[np.ndarray, ...]:
        """Return the four counts of every resample of attacks and of containers."""
        rng = np.random.default_rng(seed)
        sides = []
        for flags, codes in ((self.hit, self.attack), (self.false, self.container)):
            place = np.unique(codes, return_inverse=True)[1]
            sizes, flagged_sizes = np.bincount(place), np.bincount(place, flags)
            drawn = weights(rng, len(sizes), resamples)
            sides += [flagged_sizes @ drawn, (sizes - flagged_sizes) @ drawn]
        hits, missed, false, quiet = sides
        return hits, false, missed, quiet


def confusion(marked: pl.DataFrame, track: Track) -> Confusion:
    """Set flagged windows (see `flagged`) against the attacks of a track."""
    codes = track.labels.select("attack_id", attack=pl.Series(groups_of(track.labels), dtype=pl.Int64))
    owned = marked.join(track.hits.select(*_KEY, "attack_id"), on=_KEY, maintain_order="left").join(
        codes, on="attack_id", maintain_order="left"
    )
    hits = owned.unique([*_KEY, "attack"], maintain_order=True)
    benign = marked.filter(pl.col("target") == 0)
    container = benign["container_id"].rank("dense").to_numpy().astype(int)
    return Confusion(
        hits["flagged"].to_numpy(), hits["attack"].to_numpy(), benign["flagged"].to_numpy(), container
    )


def flagged(claims: pl.DataFrame, windows: pl.DataFrame, every: Window) -> pl.DataFrame:
    """Return the windows with ``flagged``: whether a claim of their container lies over them.

    Parameters
    ----------
    claims
        ``container_id, begin, end``.

    Examples
    --------
    >>> at = pl.Series([0, 60 * 10**9, 120 * 10**9]).cast(pl.Datetime("ns", "UTC"))
    >>> windows = pl.DataFrame({"container_id": ["c"] * 3, "window": at})
    >>> claim = pl.DataFrame({"container_id": ["c"], "begin": at[:1], "end": at[1:2]})
    >>> flagged(claim, windows, Window.of("60s"))["flagged"].to_list()
    [True, True, False]
    """
    covered = pl.datetime_ranges(every.start("begin"), "end", every.text, time_unit="ns")
    spans = claims.select("container_id", "begin", "end").unique().drop_nulls("container_id")
    marks = spans.select("container_id", window=covered).explode("window", empty_as_null=False).unique()
    joined = windows.join(
        marks.with_columns(flagged=pl.lit(True)), on=_KEY, how="left", maintain_order="left"
    )
    return joined.with_columns(pl.col("flagged").fill_null(False))
