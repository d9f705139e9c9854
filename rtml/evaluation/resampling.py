"""Two-way resampling of a ranking: attacks, and apart from them the containers of benign windows.

Windows of one attack rise and fall together, and so do those of one container: neither is a sample by itself.
Attacks are drawn with replacement, benign containers too, independently (the two-sample bootstrap of
clustered ROC curves). Drawing costs no sorting: benign windows are counted once, per container and by the
attack score that they reach; a resample is a product of these counts with multinomial weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array

from rtml.evaluation.roc import Roc, Statistic

__all__ = ["Counts", "coarse", "count", "point", "resample", "weights"]

_CELLS = 1_000_000
"""Numbers in the greatest array that is made at once: 8 MB, which caches hold better than more."""

MOST_SCORES = 20_000
"""Distinct scores of attack windows that are told apart in resamples."""

_MANY = 1000
"""Units from which drawing them one by one is faster than asking for each how often it is drawn."""

_THREADS = 2
"""Chunks that are worked on at once: sparse products and array arithmetic let go of the interpreter."""


@dataclass(frozen=True)
class Counts:
    """Windows counted by score: rows are the distinct scores of attack windows, the highest first.

    ``caught``: attack windows by attack (a window of several attacks is shared by them). ``reached``: benign
    windows by container, at the first score that they reach; ``tied``: those that equal it. ``benign``: all
    of a container's, also those below every attack window.
    """

    caught: csr_array
    reached: csr_array
    tied: csr_array
    benign: np.ndarray

    @property
    def attacks(self) -> int:
        """How many attacks are drawn from."""
        return int(self.caught.shape[1])

    @property
    def containers(self) -> int:
        """How many containers hold benign windows."""
        return len(self.benign)


def count(rank: np.ndarray, target: np.ndarray, attacks: np.ndarray | csr_array, group: np.ndarray) -> Counts:
    """Count windows by score, attack and container.

    Parameters
    ----------
    rank, target
        Rank (higher is stranger) and 0/1 of every window; there must be both kinds.
    attacks
        (attack windows x attacks), true where the window overlaps the attack.
    group
        A code per window: its container.
    """
    hits, benign = rank[target == 1], rank[target == 0]
    cuts = np.unique(hits)[::-1]
    places = np.searchsorted(-cuts, -hits)
    window, attack = csr_array(attacks).nonzero()
    shared = 1 / np.bincount(window, minlength=len(hits))[window]
    caught = coo_array((shared, (places[window], attack)), shape=(len(cuts), attacks.shape[1]))
    _, owner, sizes = np.unique(group[target == 0], return_inverse=True, return_counts=True)
    first = np.searchsorted(-cuts, -benign)
    inside = first < len(cuts)
    equal = inside & (cuts[np.minimum(first, len(cuts) - 1)] == benign)
    shape = (len(cuts), len(sizes))
    reached, tied = (
        coo_array((np.ones(rows.sum()), (first[rows], owner[rows])), shape=shape).tocsr()
        for rows in (inside, equal)
    )
    return Counts(caught.tocsr(), reached, tied, sizes.astype(float))


def coarse(counts: Counts, most: int = MOST_SCORES) -> Counts:
    """Return the counts by at most so many scores, for resampling: neighbours are one, and tied.

    Each then holds as many distinct attack scores; what lies among them counts half, as ties do. An interval
    moves by less than one part in ``most``; values are never read from coarse counts.

    Examples
    --------
    >>> ranks, target = np.arange(8.0), np.array([0, 1, 0, 1, 0, 1, 0, 1])
    >>> fine = count(ranks, target, np.eye(4, dtype=bool), np.zeros(8))
    >>> half = coarse(fine, 2)
    >>> half.caught.sum(axis=1), half.reached.sum(axis=1), half.tied.sum(axis=1)
    (array([2., 2.]), array([1., 2.]), array([1., 1.]))
    """
    rows = counts.caught.shape[0]
    size = -(-rows // most)
    if size <= 1:
        return counts
    place = np.arange(rows)
    groups = (place // size, place)
    first = place[::size]
    together = csr_array((np.ones(rows), groups), shape=(len(first), rows))
    reached = together @ counts.reached
    above = counts.reached[first] - counts.tied[first]  # they lie before all scores of the group
    return Counts(together @ counts.caught, reached, reached - above, counts.benign)


def point(counts: Counts) -> Roc:
    """Return the curve of the windows as they are (one resample in which everything has weight 1)."""
    return _curve(counts, np.ones((counts.attacks, 1)), np.ones((counts.containers, 1)))


def resample(
    counts: Counts, statistics: Mapping[str, Statistic], seed: int, resamples: int
) -> dict[str, np.ndarray]:
    """Return each statistic of every resample; the same seed gives the same numbers.

    Each chunk draws from a stream of its own, so that the order of threads decides nothing.
    """
    widest = max(counts.caught.shape[0], counts.attacks, counts.containers)
    step = max(1, _CELLS // widest)

    def chunk(start: int) -> dict[str, np.ndarray]:
        rng, size = np.random.default_rng([seed, start]), min(step, resamples - start)
        curve = _curve(counts, weights(rng, counts.attacks, size), weights(rng, counts.containers, size))
        return {name: statistic.of(curve) for name, statistic in statistics.items()}

    with ThreadPoolExecutor(_THREADS) as pool:
        parts = list(pool.map(chunk, range(0, resamples, step)))
    return {name: np.concatenate([part[name] for part in parts]) for name in statistics}


def weights(rng: np.random.Generator, units: int, size: int) -> np.ndarray:
    """Return how often each unit is drawn, when as many are drawn as there are (units x resamples)."""
    if units < _MANY:
        return np.asarray(rng.multinomial(units, np.full(units, 1 / units), size).T, float)
    drawn = np.empty((size, units))
    for row in drawn:
        row[:] = np.bincount(rng.integers(0, units, units), minlength=units)
    return drawn.T


def _curve(counts: Counts, attacks: np.ndarray, containers: np.ndarray) -> Roc:
    return Roc(
        counts.caught @ attacks,
        counts.tied @ containers,
        np.cumsum(counts.reached @ containers, axis=0),
        counts.caught.sum(axis=0) @ attacks,
        counts.benign @ containers,
    )
