"""The process tree around a finding, as plain nested data for reports and notebooks."""

from __future__ import annotations

from typing import Any

import polars as pl

from rtml.text import visible

__all__ = ["process_tree", "tree_lines"]


def process_tree(
    processes: pl.DataFrame, process_id: int, most: int = 200, deepest: int = 40
) -> dict[str, Any]:
    """Return the tree of the lineage root that ``process_id`` belongs to.

    Parameters
    ----------
    processes
        Process images (`rtml.captures.processes.PROCESSES`).
    process_id
        Any process of the tree; marked ``here``. Unknown: an empty dictionary.
    most, deepest
        Processes and generations to show; ``left_out`` counts the children that were cut.

    Returns
    -------
    ``process_id, pid, uid, since, until, images`` (list of ``exe, comm, cmdline``, in time order),
    ``here``, ``left_out`` and ``children`` (the same, sorted by start). Strings are as captured:
    escape them where they are shown.

    Examples
    --------
    >>> images = pl.DataFrame({
    ...     "process_id": [1, 2, 2], "parent_id": [None, 1, 1], "root_id": [1, 1, 1],
    ...     "pid": [10, 11, 11], "uid": 0, "since": [0, 1, 2], "until": None,
    ...     "exe": ["/bin/sh", "/bin/sh", "/bin/ls"], "comm": "", "cmdline": None,
    ... })
    >>> tree = process_tree(images, 2)
    >>> tree["pid"], [child["images"][-1]["exe"] for child in tree["children"]]
    (10, ['/bin/ls'])
    """
    images = processes.filter(pl.col("process_id") == process_id)
    if images.is_empty():
        return {}
    root = images["root_id"].drop_nulls().to_list()[:1] or [process_id]
    family = processes.filter(pl.col("root_id") == root[0]) if images["root_id"][0] else images
    rows = family.sort("since", "process_id", maintain_order=True).iter_rows(named=True)
    nodes: dict[int, dict[str, Any]] = {}
    parents: dict[int, int | None] = {}
    for row in rows:
        node = nodes.setdefault(row["process_id"], _node(row, process_id))
        node["images"].append({name: row[name] for name in ("exe", "comm", "cmdline")})
        node["until"] = row["until"]
        parents[row["process_id"]] = row["parent_id"]
    return _linked(nodes, parents, root[0], most, deepest)


def _node(row: dict[str, Any], here: int) -> dict[str, Any]:
    facts = {name: row[name] for name in ("process_id", "pid", "uid", "since", "until")}
    return {**facts, "here": row["process_id"] == here, "images": [], "children": [], "left_out": 0}


def _linked(
    nodes: dict[int, dict[str, Any]], parents: dict[int, int | None], root: int, most: int, deepest: int
) -> dict[str, Any]:
    """Hang children under parents, generation by generation: a deep tree needs no recursion."""
    children: dict[int | None, list[int]] = {}
    for child, parent in parents.items():
        if child != root:
            children.setdefault(parent, []).append(child)
    top = root if root in nodes else next(iter(nodes))
    generation, shown = [top], 1
    for depth in range(deepest + 1):
        following: list[int] = []
        for parent in generation:
            for child in children.get(parent, []):
                if shown >= most or depth == deepest:
                    nodes[parent]["left_out"] += 1
                    continue
                nodes[parent]["children"].append(nodes[child])
                following.append(child)
                shown += 1
        generation = following
    return nodes[top]


def tree_lines(tree: dict[str, Any], indent: str = "") -> list[str]:
    """Return the tree as indented lines, programs of one process joined by ``=>``.

    Examples
    --------
    >>> leaf = {"pid": 2, "images": [{"exe": "/bin/ls", "comm": "ls", "cmdline": "ls -l"}],
    ...         "here": True, "children": [], "left_out": 0}
    >>> tree_lines(leaf)
    ['2 /bin/ls  ls -l  <--']
    """
    if not tree:
        return []
    names = dict.fromkeys(image["exe"] or f"[{image['comm']}]" for image in tree["images"])
    command = tree["images"][-1]["cmdline"]
    line = f"{indent}{tree['pid']} {' => '.join(names)}" + (f"  {command}" if command else "")
    lines = [visible(line + ("  <--" if tree["here"] else ""), 400)]
    for child in tree["children"]:
        lines += tree_lines(child, indent + "  ")
    return lines + ([f"{indent}  ... {tree['left_out']} more"] if tree["left_out"] else [])
