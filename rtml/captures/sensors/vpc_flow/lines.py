"""Lines of a flow log as columns: their names are in the first line, or are those of version 2."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from rtml.captures.sensors.records.blocks import Block, sound
from rtml.captures.sensors.records.format import Format
from rtml.captures.sensors.records.tables import Table
from rtml.captures.sensors.records.text_blocks import text_blocks

__all__ = ["VERSION_2", "flow_tables", "header_of"]

VERSION_2 = (
    "version account_id interface_id srcaddr dstaddr srcport dstport protocol packets bytes start end action"
    " log_status"
).split()
"""Columns of the default format, which may come without a header."""


def header_of(line: str) -> list[str] | None:
    """Return the columns that a header or a format string names; None for every other line.

    Examples
    --------
    >>> header_of("${version} ${srcaddr} ${dstaddr} ${flow-direction}")
    ['version', 'srcaddr', 'dstaddr', 'flow_direction']
    >>> header_of("2 1 eni-1 10.0.0.1 10.0.0.2 5 80 6 1 40 1 2 ACCEPT OK")
    """
    names = [word.strip("${}").replace("-", "_").lower() for word in line.split()]
    has_ends = {"srcaddr", "dstaddr"} <= set(names) or {"pkt_srcaddr", "pkt_dstaddr"} <= set(names)
    return names if has_ends else None


def flow_tables(path: Path, format: Format) -> Iterator[Table]:
    """Yield the rows of a text file; a line with other fields than the header names is refused."""
    names = VERSION_2
    for block in text_blocks(path):
        table, names = _table(block, names, format)
        yield table


def _named_by(names: list[str]) -> str:
    if names is VERSION_2:
        more = "put the log's format (${version} ${account-id} …) before its first line"
        return f"version 2, which is read where no line names the fields, has {len(names)}; {more}"
    return f"the header names {len(names)}"


def _table(block: Block, names: list[str], format: Format) -> tuple[Table, list[str]]:
    lines = pl.DataFrame({"text": sound(block.raw)}).with_row_index("line", offset=block.first)
    lines = lines.with_columns(pl.col("line").cast(pl.Int64)).filter(pl.col("text") != "")
    heads = lines.filter(pl.col("text").str.contains(r"(?i)^[${}a-z\s_-]*dstaddr"))
    for text in heads["text"]:
        names = header_of(text) or names
    rows = lines.join(heads, on="line", how="anti", maintain_order="left")
    if block.problem is not None:
        refused = lines.with_columns(reason=pl.lit(block.problem)).select("line", "reason", "text")
        if refused.is_empty():
            refused = pl.DataFrame({"line": [block.first], "reason": [block.problem], "text": [""]})
        rows = rows.clear()
    else:
        refused = pl.DataFrame(schema={"line": pl.Int64, "reason": pl.String, "text": pl.String})
    words = rows.with_columns(w=pl.col("text").str.extract_all(r"\S+"))
    fits = (pl.col("w").list.len() == len(names)).fill_null(False)
    columns = [
        (
            pl.col("w").list.get(names.index(name), null_on_oob=True)
            if name in names
            else pl.lit(None, pl.String)
        )
        .replace("-", None)
        .alias(name)
        for name in format.generations[0]
    ]
    good = words.filter(fits).select("line", "text", pl.lit(0).alias("generation"), *columns)
    bad = words.filter(~fits).select(
        "line",
        reason=pl.format("{} fields, where {}", pl.col("w").list.len(), pl.lit(_named_by(names))),
        text=pl.col("text").str.slice(0, 200),
    )
    ours = good.select(format.claims.fill_null(False).alias("o"))["o"]
    none = good.filter(~ours).select("line", reason=pl.lit(f"not a record of {format.what}"), text="text")
    return Table(good.filter(ours), pl.concat([refused, bad, none]).sort("line")), names
