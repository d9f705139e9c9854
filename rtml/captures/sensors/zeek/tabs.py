r"""Zeek's logs as it writes them by default: columns between tabs, named by ``#fields`` lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from rtml.captures.sensors.records.blocks import Block, sound
from rtml.captures.sensors.records.fields import table_of
from rtml.captures.sensors.records.format import Format
from rtml.captures.sensors.records.tables import Table
from rtml.captures.sensors.records.text_blocks import text_blocks

__all__ = ["is_tabs", "tab_tables"]

_MARK = re.compile(r"\\x([0-9a-fA-F]{2})")
_HEAD = re.compile(rb"^\s*#(?:separator|fields)\b")
_LISTS = ("answers", "TTLs", "tunnel_parents")


class _Head(NamedTuple):
    """What the lines that begin with ``#`` say of those that follow."""

    names: tuple[str, ...] = ()
    mark: str = "\t"
    between: str = ","
    empty: str = "(empty)"
    unset: str = "-"
    path: str = ""


def is_tabs(head: bytes) -> bool:
    r"""Say whether a file begins as Zeek's own logs do.

    Examples
    --------
    >>> is_tabs(b"#separator \\x09\n"), is_tabs(b'{"ts": 1}')
    (True, False)
    """
    return _HEAD.match(head) is not None


def tab_tables(path: Path, format: Format) -> Iterator[Table]:
    """Yield the rows of a log; a row with other columns than the ``#fields`` before it is refused."""
    head = _Head()
    for block in text_blocks(path, format.writers):
        parts, head = _parts(block, head)
        for rows, above in parts:
            yield _table(rows, above, format, block.problem)


def _parts(block: Block, head: _Head) -> tuple[list[tuple[pl.DataFrame, _Head]], _Head]:
    """Return the rows of a block with the head above them, as logs may follow logs, and the last head."""
    lines = pl.DataFrame({"text": sound(block.raw)}).with_row_index("line", offset=block.first)
    lines = lines.with_columns(pl.col("line").cast(pl.Int64)).filter(pl.col("text") != "")
    if block.problem is not None:
        return [(lines if lines.height else pl.DataFrame({"line": [block.first], "text": [""]}), head)], head
    parts = list[tuple[pl.DataFrame, _Head]]()
    marked = lines.with_columns(said=pl.col("text").str.starts_with("#"))
    for run in marked.with_columns(run=pl.col("said").rle_id()).partition_by("run", maintain_order=True):
        if run["said"][0]:
            for text in run["text"]:
                head = _told(text, head)
        else:
            parts.append((run.select("line", "text"), head))
    return parts, head


def _told(text: str, head: _Head) -> _Head:
    name, _, value = text[1:].partition(" " if text.startswith("#separator") else head.mark)
    if name == "separator":
        return _Head(mark=_MARK.sub(lambda found: chr(int(found[1], 16)), value) or "\t")
    if name == "fields":
        return head._replace(names=tuple(value.split(head.mark)))
    known = {"set_separator": "between", "empty_field": "empty", "unset_field": "unset", "path": "path"}
    if name not in known or not value:
        return head
    told: dict[str, Any] = {known[name]: value}
    return head._replace(**told)


def _table(lines: pl.DataFrame, head: _Head, format: Format, problem: str | None) -> Table:
    cells = lines.with_columns(cells=pl.col("text").str.split(head.mark))
    whole = (pl.col("cells").list.len() == len(head.names)) & (problem is None)
    good = cells.filter(whole)
    names = {name: pl.col("cells").list.get(at, null_on_oob=True) for at, name in enumerate(head.names)}
    texts = good.select(_value(cell, name, head).alias(name) for name, cell in names.items())
    texts = texts.with_columns(pl.lit(head.path).alias("_path"))
    columns, _ = table_of(_as_json(texts), format.generations[0])
    rows = good.select("line", "text", generation=pl.lit(0)).hstack(columns)
    ours = rows.select(format.claims.fill_null(False).alias("ours"))["ours"]
    refused = pl.concat(
        [cells.filter(~whole).select("line", "text"), rows.filter(~ours).select("line", "text")]
    )
    why = problem or f"not a record of {format.what}, or not of the columns that #fields names"
    return Table(rows.filter(ours), refused.select("line", reason=pl.lit(why), text="text").sort("line"))


def _value(cell: pl.Expr, name: str, head: _Head) -> pl.Expr:
    told = pl.when(cell != head.unset).then(cell)
    if name in _LISTS:
        return (
            pl.when(told == head.empty)
            .then(pl.lit([], pl.List(pl.String)))
            .otherwise(told.str.split(head.between))
        )
    return told.replace(head.empty, "")


def _as_json(rows: pl.DataFrame) -> pl.Series:
    if rows.is_empty():
        return pl.Series("text", [], pl.String)
    return rows.select(pl.struct(pl.all()).struct.json_encode().alias("text"))["text"]
