"""The lineage root of a process: the unit by which findings of rules and models are compared.

The root is the topmost ancestor below the container's first process (its init): what the service
spawned, or what entered by ``exec`` from outside. The init is its own root.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["inits_of", "root_of"]

_Index = npt.NDArray[np.int64]


def root_of(nodes: pl.DataFrame) -> pl.DataFrame:
    """Return ``process_id, root_id`` for each process.

    Parameters
    ----------
    nodes
        ``process_id, parent_id, container_id, since`` with one or more rows per process.

    Examples
    --------
    Init 1 runs service 2, which runs 3; 9 entered from outside and runs 10.

    >>> tree = pl.DataFrame({"process_id": [1, 2, 3, 9, 10], "parent_id": [None, 1, 2, None, 9],
    ...                      "container_id": "c", "since": [0, 1, 2, 3, 4]})
    >>> root_of(tree)["root_id"].to_list()
    [1, 2, 2, 9, 9]
    """
    processes, up = _with_parent(nodes)
    top = _tops(up)
    here = np.arange(processes.height, dtype=np.int64)
    parent = up["parent"].fill_null(0).to_numpy().astype(np.int64)
    init = np.zeros(processes.height, dtype=bool)
    init[_inits(processes, top)] = True
    ends = top | init[parent]
    pointer = np.where(ends, here, parent)
    for _ in range(64):
        pointer = pointer[pointer]
    return pl.DataFrame(
        {"process_id": processes["process_id"], "root_id": processes["process_id"].gather(pointer)}
    )


def inits_of(nodes: pl.DataFrame) -> pl.Series:
    """Return the first top process of every container, and of what is in none; ``nodes`` as for `root_of`."""
    processes, up = _with_parent(nodes)
    return processes["process_id"].gather(_inits(processes, _tops(up)))


def _with_parent(nodes: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return one row per process in the order of time, and the same with the place of its parent."""
    own = nodes.select("process_id", "parent_id", "container_id", "since")
    processes = own.sort("since", maintain_order=True).unique("process_id", keep="first", maintain_order=True)
    processes = processes.select(
        "process_id", "parent_id", pl.col("container_id").fill_null("")
    ).with_row_index("i")
    up = processes.join(
        processes.select(parent_id="process_id", parent="i", home="container_id"),
        on="parent_id",
        how="left",
        maintain_order="left",
    )
    return processes, up


def _tops(up: pl.DataFrame) -> npt.NDArray[np.bool_]:
    outside = up["parent"].is_null() | (up["home"] != up["container_id"])
    return outside.fill_null(True).to_numpy()


def _inits(processes: pl.DataFrame, top: npt.NDArray[np.bool_]) -> _Index:
    """Rows are in time order, so the first top process of a container is its init."""
    inits = processes.filter(pl.Series(top)).unique("container_id", keep="first", maintain_order=True)["i"]
    return inits.to_numpy().astype(np.int64)
