"""One score of several detectors: what they agree on counts more than what one of them says alone.

The margins of detectors are in one unit, the rarity of a benign tree of such a score, so they can be added
up. Each is taken between `FLOOR` and `CEILING` first: how usual a tree is says little, and no detector may
decide alone. The sum is calibrated by itself, on the same benign trees, so that the union of detectors has
one budget and not one each.

References
----------
Aggarwal, Sathe (2015), Theoretical foundations and algorithms for outlier ensembles,
https://doi.org/10.1145/2830544.2830549
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rtml.arrays import Array

__all__ = ["combine", "votes"]

FLOOR, CEILING = -2.0, 15.0


def combine(margins: Mapping[str, Array]) -> Array:
    """Return the mean of margins; a detector without an opinion (NaN) has no vote, nobody's is NaN.

    Examples
    --------
    >>> combine({"a": np.array([1.0, 99.0, np.nan]), "b": np.array([3.0, np.nan, np.nan])})
    array([ 2., 15., nan])
    """
    table = np.vstack([np.clip(values, FLOOR, CEILING) for values in margins.values()])
    voted = ~np.isnan(table)
    total = np.where(voted, table, 0.0).sum(axis=0)
    count = voted.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def votes(margins: Mapping[str, Array]) -> dict[str, Array]:
    """Return what each detector adds to `combine`: its clipped margin by the number of voters, NaN for none.

    Examples
    --------
    >>> votes({"a": np.array([1.0, 99.0]), "b": np.array([3.0, np.nan])})
    {'a': array([ 0.5, 15. ]), 'b': array([1.5, nan])}
    """
    count = np.sum([~np.isnan(values) for values in margins.values()], axis=0)
    voters = np.maximum(count, 1)
    return {label: np.clip(values, FLOOR, CEILING) / voters for label, values in margins.items()}
