"""Trees of processes in alerts: a process, its children in a map or a list, theirs, and so on.

Alerts of one moment have the same tree: each distinct text of a block is read once, and all of a block once,
for events and for processes; then they are forgotten (`forget`). A tree that is deeper or wider
than any is cut there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import cache
from operator import attrgetter, itemgetter
from typing import Any

import orjson
import polars as pl
import pyarrow as pa

from rtml.captures.sensors.kubescape.typed import Node, tree_of
from rtml.captures.sensors.process_ids import pid_of, process_ids
from rtml.captures.sensors.records.moments import when
from rtml.captures.sensors.records.values import integer, user_id, with_said
from rtml.times import UTC_NS

__all__ = ["DEEPEST", "WIDEST", "branches", "forget"]

DEEPEST = 64
"""Generations of a tree that are read."""
WIDEST = 2000
"""Processes of a tree that are read."""

_TEXTS = ("pid", "comm", "pcomm", "path", "cmdline", "cwd", "uid", "startTime")

_Nodes = list[tuple[Node, Any]]
"""Processes, each with the pid that it names as its parent's, or that of the one above it."""


def branches(alerts: pl.DataFrame) -> pl.DataFrame:
    """Return the processes of each alert's tree, each with its id and its parent's.

    Ids are made of container (of the host: its name), pid and start. The agent seldom knows a start: then a
    pid is one process as long as its container lives.

    Parameters
    ----------
    alerts
        ``alert`` (a number), ``tree`` (text of an object that has one), ``place`` (the container or host).

    Returns
    -------
    ``alert, pid, ppid, process_id, parent_id, comm, path, cmdline, cwd, uid, started``.
    """
    distinct = alerts["tree"].drop_nulls().unique(maintain_order=True)
    nodes = _table(tuple(distinct))
    number = alerts["tree"].replace_strict(
        distinct, pl.int_range(distinct.len(), eager=True), default=None, return_dtype=pl.Int64
    )
    each = alerts.select("alert", number.alias("tree"), host="place")
    each = each.join(nodes, on="tree", maintain_order="left")
    never = pl.lit(0).cast(UTC_NS)
    known = each.with_columns(
        born=pl.col("started").fill_null(never),
        parent_born=pl.coalesce("above", pl.when(pl.col("started").is_null()).then(never)),
    )
    return known.with_columns(
        process_id=process_ids(known, "pid", "born"), parent_id=process_ids(known, "ppid", "parent_born")
    ).drop("tree", "host", "born", "parent_born", "above", "startTime")


@cache
def _table(trees: tuple[str, ...]) -> pl.DataFrame:
    """Return the processes of trees, each with the number of its tree, and when its parent began."""
    found = [_nodes(text) for text in trees]
    numbers = pl.Series("tree", [number for number, tree in enumerate(found) for _ in tree], pl.Int64)
    pairs = [pair for tree in found for pair in tree]
    nodes = [*map(itemgetter(0), pairs)]
    told = [_texts(name, [*map(attrgetter(name), nodes)]) for name in _TEXTS]
    table = with_said(pl.DataFrame([numbers, *told, _texts("ppid", [*map(itemgetter(1), pairs)])]))
    start = pl.col("startTime")
    table = table.with_columns(
        pid=pid_of(integer(pl.col("pid"))),
        ppid=pid_of(integer(pl.col("ppid"))),
        uid=user_id(pl.col("uid")),
        started=when(pl.when(~start.str.starts_with("0001-")).then(start)),
    ).drop_nulls("pid")
    above = table.select("tree", ppid="pid", above="started").unique(["tree", "ppid"], keep="first")
    return table.join(above, on=["tree", "ppid"], how="left", maintain_order="left")


def _nodes(text: str) -> _Nodes:
    """Return the processes of a tree, parents before children."""
    read = tree_of(text)
    if read is None:
        return _odd_nodes(text)
    left: list[tuple[Node | None, Any, int]] = [(read[0], None, 1)]
    found: _Nodes = []
    for node, parent, depth in left:  # it grows while it is read
        if node is None:
            continue
        if len(found) >= WIDEST:
            break
        found.append((node, parent if node.ppid is None else node.ppid))
        children = node.childrenMap or node.children
        if children and depth < DEEPEST:
            below = children.values() if isinstance(children, dict) else children
            left += [(child, node.pid, depth + 1) for child in below]
    return found


def _odd_nodes(text: str) -> _Nodes:
    """Return the same of a tree that has something else than the agent writes."""
    try:
        left: list[tuple[Any, Any, int]] = [(_tree(orjson.loads(text)), None, 1)]
    except ValueError:
        return []
    found: _Nodes = []
    for node, parent, depth in left:
        if not isinstance(node, dict):
            continue
        if len(found) >= WIDEST:
            break
        named = node.get("ppid")
        told = Node(**{name: node.get(name) for name in _TEXTS})
        found.append((told, parent if named is None else named))
        if depth < DEEPEST and (children := _children(node)):
            left += [(child, node.get("pid"), depth + 1) for child in children]
    return found


def forget() -> None:
    """Forget the trees of a block that has been read, so that memory does not grow with the file."""
    _table.cache_clear()


def _tree(details: dict[str, Any]) -> Any:
    """Return the tree of what an alert says of processes; it may be a text too."""
    tree = details.get("processTree")
    return orjson.loads(tree) if isinstance(tree, str) else tree


def _children(node: dict[str, Any]) -> Collection[Any]:
    children = node.get("childrenMap") or node.get("children")
    if isinstance(children, dict):
        return children.values()
    return children if isinstance(children, list) else ()


def _texts(name: str, values: Sequence[Any]) -> pl.Series:
    """Return values as texts; what is neither a text nor a number is none."""
    kinds = {*map(type, values)} - {type(None)}
    if kinds == {int}:
        with suppress(pa.ArrowInvalid, OverflowError):
            return pl.Series(name, pa.array(values, pa.int64()).cast(pa.large_string()))
    if not kinds <= {str}:
        values = [value if type(value) is str else _text(value) for value in values]
    return pl.Series(name, pa.array(values, pa.large_string()))


def _text(value: Any) -> str | None:
    return None if value is None or isinstance(value, dict | list) else str(value)
