"""Connected parts of a graph: what hangs together, through however many others.

scipy's graphs take a third of a second to import, and every worker of a job would: they are imported when
they are asked for.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["connected"]


def connected(
    ends: npt.NDArray[np.integer], others: npt.NDArray[np.integer], nodes: int
) -> npt.NDArray[np.int32]:
    """Return the number of the part that each node is in, parts in order of their first node.

    Parameters
    ----------
    ends, others
        The two ends of each link, from 0 to ``nodes - 1``; which is which does not matter.
    nodes
        How many there are; one without links is a part of its own.

    References
    ----------
    https://docs.scipy.org/doc/scipy/reference/generated/scipy.sparse.csgraph.connected_components.html

    Examples
    --------
    >>> connected(np.array([0, 3]), np.array([2, 2]), 5).tolist()
    [0, 1, 0, 0, 2]
    """
    if not len(ends):
        return np.arange(nodes, dtype=np.int32)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(ends), np.int8), (ends, others)), shape=(nodes, nodes))
    parts: npt.NDArray[np.int32] = connected_components(links, directed=False)[1]
    return parts
