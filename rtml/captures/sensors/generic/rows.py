"""Rows of CSV, JSON or Parquet, told by their first bytes, with every column as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from rtml.captures.sensors.beth.csv_rows import header_of, load, rows_of
from rtml.captures.sensors.generic.mapping import Mapping, columns_of, require_columns
from rtml.captures.sensors.recognise import beginning, recognise, wrong_format
from rtml.captures.sensors.records.format import Format
from rtml.captures.sensors.records.parquet import parquet_tables
from rtml.captures.sensors.records.tables import Table, tables
from rtml.errors import RtmlError
from rtml.reading.content import first_bytes
from rtml.reading.parquet import is_parquet, parquet_columns

__all__ = ["row_tables"]

_LOOKED_AT = 100
_OBJECT = re.compile(rb'\s*\{\s*["}]')


def row_tables(path: Path, format: Format, mapping: Mapping) -> Iterator[Table]:
    """Yield the rows of a file.

    Raises
    ------
    UsageError
        It lacks a column that the mapping reads.
    RtmlError
        It cannot be read, or it is another sensor's.
    """
    head = first_bytes(path, 1 << 16)
    if is_parquet(head):
        yield from _of_parquet(path, format, mapping)
    elif _is_json(head):
        yield from _of_json(path, format, mapping)
    else:
        yield _of_csv(path, format, mapping)


def _is_json(head: bytes) -> bool:
    """Tell JSON from CSV, also where a log was cut in the middle of its first line."""
    lines = head.lstrip().split(b"\n", _LOOKED_AT)[:_LOOKED_AT]
    objects = sum(_OBJECT.match(line) is not None for line in lines)
    return lines[0][:1] in (b"{", b"[") or 2 * objects > len(lines)


def _of_parquet(path: Path, format: Format, mapping: Mapping) -> Iterator[Table]:
    names = parquet_columns(path)
    nested = [name for name in columns_of(mapping) if name.partition("/")[0] in names]
    if names:  # else it is damaged, which reading it says
        _require(path, format, mapping, nested, names)
    yield from parquet_tables(path, format)


def _of_json(path: Path, format: Format, mapping: Mapping) -> Iterator[Table]:
    """Yield the records; a column is missing where none of them has it, which is known at the end."""
    seen, keys, count = set[str](), dict[str, None](), 0
    fields = {str(field): name for name, field in format.generations[0].items()}
    for table in tables(path, format):
        count += table.rows.height
        if len(keys) < _LOOKED_AT:
            keys.update(dict.fromkeys(_keys(table.rows["text"].head(_LOOKED_AT))))
        seen |= {field for field, name in fields.items() if field not in seen and _has(table, name, field)}
        yield table
    if count:
        require_columns(path, mapping, seen, keys)


def _has(table: Table, name: str, field: str) -> bool:
    """Say whether a record has this key, be it with nothing."""
    if table.rows[name].null_count() < table.rows.height:
        return True
    key = field.rpartition("/")[2]
    spelt = "|".join(re.escape(json.dumps(key, ensure_ascii=ascii)) for ascii in (True, False))
    return bool(table.rows["text"].str.contains(rf"(?:{spelt})\s*:").any())


def _keys(texts: pl.Series) -> Iterable[str]:
    return (
        texts.str.extract_all(r'"([^"\\]{1,200})"\s*:')
        .explode()
        .drop_nulls()
        .str.extract('"(.*)"')
        .unique(maintain_order=True)
    )


def _of_csv(path: Path, format: Format, mapping: Mapping) -> Table:
    text, problem = load(path)
    header = header_of(text.text.encode())
    _require(path, format, mapping, header, header)
    twice = [name for name in columns_of(mapping) if header.count(name) > 1]
    if twice:
        raise RtmlError(f"{path}: two columns are called {twice[0]!r}, which the mapping reads")
    numbered = [f"_{place}" for place in range(len(header))]  # names of ours stay free
    body = text.text.lstrip().partition("\n")[2]
    read = rows_of(path, text._replace(text=",".join(numbered) + "\n" + body), numbered)
    if not read.table.height and not read.rejects.height:
        raise RtmlError(f"{path}: the file has a header and no row")
    shown = pl.concat_str([pl.col(name).fill_null("") for name in numbered], separator=",")
    told = read.table.select(
        "line",
        shown.str.slice(0, 200).alias("text"),
        pl.lit(0, pl.Int32).alias("generation"),
        *(_column(name, str(field), header) for name, field in format.generations[0].items()),
    )
    ours = told.select(format.claims.fill_null(False).alias("ours"))["ours"]
    refused = told.filter(~ours).select("line", reason=pl.lit("a row without any value"), text="text")
    last = read.table.height + read.rejects.height + 2
    cut = [] if problem is None else [{"line": last, "reason": problem, "text": ""}]
    odd = [read.rejects.select(refused.columns), refused, pl.DataFrame(cut, schema=refused.schema)]
    return Table(told.filter(ours), pl.concat(odd))


def _column(name: str, field: str, header: list[str]) -> pl.Expr:
    place = pl.col(f"_{header.index(field)}") if field in header else pl.lit(None, pl.String)
    return place.alias(name)


def _require(path: Path, format: Format, mapping: Mapping, there: list[str], known: list[str]) -> None:
    head = beginning(path)
    if not set(columns_of(mapping)) & set(there) and recognise(head) is not None:
        raise wrong_format(path, format.what, head)
    require_columns(path, mapping, there, known)
