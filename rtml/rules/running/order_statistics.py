"""The k-th smallest of any run of values, for many runs at once, without sorting each.

A wavelet matrix: the values' ranks, bit by bit from the highest; on each level those with a 0 come first.
A run stays a run on every level, so that the whole question is a few cumulative sums per bit: n values
and n questions cost what sorting them costs, whether runs overlap or not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["weighted_ranks"]

_Ints = NDArray[np.int64]


def weighted_ranks(
    values: NDArray[np.float64], weights: _Ints, first: _Ints, after: _Ints, wanted: list[_Ints]
) -> list[NDArray[np.float64]]:
    """Return the values that stand at some places of sorted runs, each value as often as its weight.

    Parameters
    ----------
    values, weights
        Finite numbers, and how often each is there (1 or more).
    first, after
        Of each question: where its run begins, and the place behind it; never empty.
    wanted
        Places, from 0, below the weight of the run; several for each question.

    Returns
    -------
    For each of ``wanted`` the values, one for each question.

    Examples
    --------
    >>> values, ones = np.array([5.0, 1.0, 3.0]), np.ones(3, np.int64)
    >>> first, after, wanted = np.array([0]), np.array([3]), [np.array([0]), np.array([2])]
    >>> low, high = weighted_ranks(values, ones, first, after, wanted)
    >>> low.tolist(), high.tolist()
    ([1.0], [5.0])
    """
    different, ranks = np.unique(values, return_inverse=True)
    found = [np.zeros(len(first), np.int64) for _ in wanted]
    runs = [(first.copy(), after.copy(), place.copy()) for place in wanted]
    for bit in reversed(range(max(1, int(len(different) - 1).bit_length()))):
        high = (ranks >> bit) & 1
        zeros = np.concatenate([[0], np.cumsum(1 - high)])
        weight = np.concatenate([[0], np.cumsum(np.where(high == 0, weights, 0))])
        for number, (begin, end, place) in enumerate(runs):
            lower = weight[end] - weight[begin]
            up = place >= lower
            found[number] |= up.astype(np.int64) << bit
            runs[number] = (
                np.where(up, zeros[-1] + begin - zeros[begin], zeros[begin]),
                np.where(up, zeros[-1] + end - zeros[end], zeros[end]),
                np.where(up, place - lower, place),
            )
        order = np.argsort(high, kind="stable")
        ranks, weights = ranks[order], weights[order]
    return [different[one] for one in found]
