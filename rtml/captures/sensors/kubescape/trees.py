"""Trees of processes in alerts: a process, its children in a map or a list, theirs, and so on.

Alerts of one moment have the same tree: each distinct text of a block is read once, and all of a block once,
for events and for processes; then they are forgotten (`forget`). A tree that is deeper or wider
than any is cut there.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

import orjson
import polars as pl

from rtml.captures.sensors.process_ids import pid_of, process_ids
from rtml.captures.sensors.records.moments import when
from rtml.captures.sensors.records.values import integer, user_id, with_said
from rtml.times import UTC_NS

__all__ = ["DEEPEST", "WIDEST", "branches", "forget"]

DEEPEST = 64
"""Generations of a tree that are read."""
WIDEST = 2000
"""Processes of a tree that are read."""

_TEXTS = ("pid", "ppid", "comm", "pcomm", "path", "cmdline", "cwd", "uid", "startTime")
_RAW = pl.Schema({"tree": pl.Int64(), **dict.fromkeys(_TEXTS, pl.String())})


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
    rows = [(number, *node) for number, text in enumerate(trees) for node in _nodes(text)]
    nodes = with_said(pl.DataFrame(rows, schema=_RAW, orient="row"))
    start = pl.col("startTime")
    nodes = nodes.with_columns(
        pid=pid_of(integer(pl.col("pid"))),
        ppid=pid_of(integer(pl.col("ppid"))),
        uid=user_id(pl.col("uid")),
        started=when(pl.when(~start.str.starts_with("0001-")).then(start)),
    ).drop_nulls("pid")
    above = nodes.select("tree", ppid="pid", above="started").unique(["tree", "ppid"], keep="first")
    return nodes.join(above, on=["tree", "ppid"], how="left", maintain_order="left")


@cache
def _nodes(text: str) -> list[tuple[str | None, ...]]:
    """Return what a tree says of each of its processes, parents before children."""
    try:
        left: list[tuple[Any, Any, int]] = [(_tree(orjson.loads(text)), None, 1)]
    except ValueError:
        return []
    found = list[tuple[str | None, ...]]()
    for node, parent, depth in left:  # it grows while it is read
        if not isinstance(node, dict):
            continue
        if len(found) >= WIDEST:
            break
        get = node.get
        found.append(
            tuple([v if type(v) is str or v is None else _text(v) for v in map(get, _TEXTS)])
            if get("ppid") is not None
            else tuple([_text(v) for v in map({**node, "ppid": parent}.get, _TEXTS)])
        )
        if depth < DEEPEST and (children := _children(node)):
            left += [(child, get("pid"), depth + 1) for child in children]
    return found


def forget() -> None:
    """Forget the trees of a block that has been read, so that memory does not grow with the file."""
    _nodes.cache_clear()
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


def _text(value: Any) -> str | None:
    if type(value) is str or value is None:
        return value
    return str(value) if type(value) is int or not isinstance(value, dict | list) else None
