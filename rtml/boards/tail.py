"""A threshold for scores of any unit from benign scores alone, also beyond the largest of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rtml.arrays import Array

__all__ = ["START", "Tail"]

START = 0.99
"""Where the tail begins: of 0.9, 0.95, 0.98, 0.99 and 0.995 the one that kept the aim best, over pairs of
held-out *benign* runs against the other two; the mean excess did better there than the median."""


@dataclass(frozen=True)
class Tail:
    """The upper tail of benign scores, taken for exponential: where it starts, and its mean excess."""

    start: float
    excess: float

    @classmethod
    def of(cls, scores: Array) -> Tail:
        """Fit to benign scores that the detector has not learnt; NaN is left out.

        Examples
        --------
        >>> Tail.of(np.arange(1000.0)).start
        989.01
        """
        known = scores[~np.isnan(scores)]
        start = float(np.quantile(known, START)) if len(known) else np.inf
        beyond = known[known > start] - start
        # Scores that are all alike have no tail: then anything above them is beyond it.
        excess = float(beyond.mean()) if len(beyond) else 1e-9 * max(abs(start), 1.0)
        return cls(start, excess)

    def margins(self, scores: Array) -> Array:
        """Return how far scores lie in the tail, in mean excesses: one unit for all detectors."""
        return np.asarray((scores - self.start) / self.excess)

    @staticmethod
    def limit(rate: float) -> float:
        """Return the margin that a share ``rate`` of benign windows exceeds.

        Examples
        --------
        >>> round(Tail.limit(0.001), 2)
        2.3
        """
        return float(np.log((1 - START) / rate))
