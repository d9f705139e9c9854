"""What every detector promises, and how a windows frame becomes a matrix of numbers.

One sentence: **scores rise with strangeness, scoring never learns, and a detector that has not
learnt answers NaN ("no opinion"), never 0.** scikit-learn's sign is the opposite: its adapter flips
it once. Adding a detector takes one file and one entry in ``rtml.detectors.DETECTORS`` (or an entry
point of ``rtml.detectors`` in another package); `rtml.testing.check_detector` holds it to the laws.

Missing values stay NaN in the matrix and each detector says what it does with them; a value beyond
``HUGE`` (infinite ones too) counts as ``HUGE``; a feature column that the detector was not trained
on and that holds something is counted in the last column of the matrix, so it is never overlooked.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import polars as pl

from rtml.arrays import Array
from rtml.peers import peer_groups
from rtml.schema import feature_columns

__all__ = [
    "CONTRIBUTIONS",
    "HUGE",
    "UNKNOWN",
    "Detector",
    "feature_columns",
    "forked",
    "in_time_order",
    "is_detector",
    "matrix",
    "no_opinion",
    "peer_groups",
]

HUGE = 1e300
"""The largest magnitude that a feature value can have; what is larger is clipped to it."""

UNKNOWN = "columns.unknown"
"""Name of the matrix's last column: feature columns that hold something and were never learnt."""

CONTRIBUTIONS = pl.Schema(
    {"row": pl.UInt32, "feature": pl.String, "value": pl.Float64, "usual": pl.Float64, "share": pl.Float64}
)
"""Shape of an explanation: per row of the scored frame, shares that add up to 1."""


class Detector(Protocol):
    """A model of what is normal, from windows to one number per window.

    ``trivial`` detectors (random, flag-all) are there to be beaten: they make no claim that a
    planted outlier ranks first. Scores ``in_bits`` are evidence: a normal window reaches x bits
    with a probability of about 2 to the power of -x, so an alarm budget sets a floor for them even
    where calibration windows are few. Parameters are keywords, ``seed`` among them.

    A detector that by default looks at columns of certain families names them in ``needs = ("binaries",)``:
    it is not proposed (`rtml.experiment.proposed`) where a capture holds nothing for them.

    A detector whose benign scores have another tail than others of its kind names it by ``tail``
    (`rtml.models.tails.SHIPPED`).

    A detector whose explanation divides the score itself says so by ``exact = True``; then its
    ``attribute(windows)`` (`rtml.detectors.explanation.Attribution`) has parts that add up to the score.
    """

    name: ClassVar[str]
    online: ClassVar[bool]
    trivial: ClassVar[bool]
    in_bits: ClassVar[bool]

    def __init__(self, *, seed: int = 0, **parameters: Any) -> None: ...

    def learn(self, windows: pl.DataFrame) -> None:
        """Learn from benign windows: an online detector adds to its state, a batch one refits."""

    def score(self, windows: pl.DataFrame) -> Array:
        """Return one float per row, higher = stranger, NaN = no opinion. Changes nothing."""
        ...

    def prequential(self, windows: pl.DataFrame) -> Array:
        """Score each row before learning it (online), or just score (batch)."""
        ...

    def explain(self, windows: pl.DataFrame) -> pl.DataFrame:
        """Return which features raise the score of each row, as `CONTRIBUTIONS`."""
        ...

    def save(self, folder: Path) -> None:
        """Write the detector's state; the same state gives the same bytes."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; what is damaged or tampered with is an `RtmlError`."""
        ...


def is_detector(candidate: object) -> bool:
    """Say whether something is a class with every member that the contract asks for.

    Examples
    --------
    >>> is_detector(dict)
    False
    """
    members = (
        "name",
        "online",
        "trivial",
        "in_bits",
        "learn",
        "score",
        "prequential",
        "explain",
        "save",
        "load",
    )
    return isinstance(candidate, type) and all(hasattr(candidate, member) for member in members)


def forked(detector: Detector) -> Detector:
    """Return a detector that may learn on the way without changing this one; a batch one never does."""
    return copy.deepcopy(detector) if detector.online else detector


def matrix(windows: pl.DataFrame, features: list[str]) -> Array:
    """Return shape (rows, features + 1): the features, then the count of `UNKNOWN` columns.

    Null and absent become NaN, infinities and huge values become plus or minus `HUGE`. A column
    that is not in ``features`` counts for a row when it is neither null, NaN nor zero there.

    Examples
    --------
    >>> frame = pl.DataFrame({"a.x": [1.0, None], "a.new": [0.0, 7.0]})
    >>> matrix(frame, ["a.x", "a.gone"])
    array([[ 1., nan,  0.],
           [nan, nan,  1.]])
    """
    learnt = set(features)
    wanted = [
        pl.col(name).cast(pl.Float64, strict=False) if name in windows.columns else _absent(name)
        for name in features
    ]
    strange = [pl.col(n) for n in feature_columns(windows) if n not in learnt]
    active = [(c.fill_nan(None).fill_null(0.0) != 0.0).cast(pl.Float64) for c in strange]
    unknown = pl.sum_horizontal(active) if active else pl.lit(0.0)
    frame = windows.lazy().with_columns(unknown.alias(UNKNOWN)).select(*wanted, UNKNOWN).collect()
    values = frame.to_numpy().astype(np.float64)  # null is NaN there
    return np.ascontiguousarray(np.clip(values, -HUGE, HUGE))


def _absent(name: str) -> pl.Expr:
    return pl.lit(None, pl.Float64).alias(name)


def in_time_order(windows: pl.DataFrame) -> pl.DataFrame:
    """Sort by window, container and tree: learning must not depend on the order of the rows."""
    keys = [name for name in ("window", "container_id", "process_id") if name in windows.columns]
    return windows.sort(keys, maintain_order=True) if keys else windows


def no_opinion(windows: pl.DataFrame) -> Array:
    """Return NaN for every row: what a detector says that has learnt nothing."""
    return np.full(windows.height, np.nan)
