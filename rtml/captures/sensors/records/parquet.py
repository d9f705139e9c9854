"""Records that stand in Parquet: the columns that a format declares, as the texts that JSON has."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import polars as pl

from rtml.captures.sensors.records.fields import Field
from rtml.captures.sensors.records.format import Format
from rtml.captures.sensors.records.shapes import JSON
from rtml.captures.sensors.records.tables import Table
from rtml.reading.parquet import parquet_rows

__all__ = ["parquet_tables", "texts_of"]

_MOST = 200


def parquet_tables(path: Path, format: Format) -> Iterator[Table]:
    """Yield the records of a Parquet file; `rtml.captures.sensors.records.tables` for files of JSON.

    Raises
    ------
    RtmlError
        The file cannot be read as Parquet.
    """
    paths = [f if isinstance(f, str) else f[0] for fields in format.generations for f in fields.values()]
    first = 1
    for rows in parquet_rows(path, [*{name.partition("/")[0]: None for name in paths}]):
        yield _table(rows, format, first)
        first += rows.height


def _table(rows: pl.DataFrame, format: Format, first: int) -> Table:
    """Read rows in each form that the sensor has; what no form claims is refused."""
    left = rows.with_columns(pl.int_range(first, pl.len() + first, dtype=pl.Int64).alias("_line"))
    found, schema = [], rows.schema  # to ask for it costs as much as a column
    for number, fields in enumerate(format.generations):
        columns = [texts_of(schema, field).alias(name) for name, field in fields.items()]
        told = left.select(
            line="_line", generation=pl.lit(number, pl.Int32), **{c.meta.output_name(): c for c in columns}
        )
        ours = told.select(format.claims.fill_null(False).alias("ours"))["ours"]
        found.append(told if ours.all() else told.filter(ours))
        left = left.clear() if ours.all() else left.filter(~ours)
    refused = left.select(line="_line", reason=pl.lit(f"not a record of {format.what}"), text=_shown(rows))
    good = found[0] if len(found) == 1 else pl.concat(found, how="diagonal_relaxed").sort("line")

    def shown(lines: pl.Series) -> pl.Series:
        some = rows.select(pl.all().gather(lines - first))
        return some.with_columns(_shown(rows).alias("_text"))["_text"]

    return Table(good, refused, shown)


def _shown(rows: pl.DataFrame) -> pl.Expr:
    """Return what is shown of a row that is refused: its plain values."""
    plain = [name for name, kind in rows.schema.items() if not kind.is_nested()][:12]
    if not plain:
        return pl.lit("a row of Parquet")
    return pl.struct(pl.col(plain).cast(pl.String, strict=False)).struct.json_encode().str.slice(0, _MOST)


def texts_of(schema: pl.Schema, field: Field) -> pl.Expr:
    """Return the text of a field as JSON would have it; null where the file has no such field.

    Examples
    --------
    >>> rows = pl.DataFrame({"a": [{"b": 7, "c": 1.0}], "t": pl.Series([0], dtype=pl.Datetime("ms"))})
    >>> rows.select(texts_of(rows.schema, f).alias(f) for f in ("a/b", "a/c", "a/x", "t", "a")).row(0)
    ('7', '1', None, '1970-01-01T00:00:00.000000000Z', None)
    """
    path, wanted = (field, pl.String()) if isinstance(field, str) else field
    first, *names = path.split("/")
    if first not in schema:
        return pl.lit(None, pl.String() if wanted == JSON else wanted)
    kind: Any = schema[first]
    for name in names:
        inner = {f.name: f.dtype for f in kind.fields} if isinstance(kind, pl.Struct) else {}
        if name not in inner:
            return pl.lit(None, pl.String() if wanted == JSON else wanted)
        kind = inner[name]
    place = reduce(lambda at, name: at.struct.field(name), names, pl.col(first))
    return _as_wanted(place, kind, wanted)


def _as_wanted(place: pl.Expr, kind: Any, wanted: pl.DataType) -> pl.Expr:
    if isinstance(wanted, pl.List):
        fits = isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct) == isinstance(
            wanted.inner, pl.Struct
        )
        return place.cast(wanted, strict=False) if fits else pl.lit(None, wanted)
    if kind.is_nested():
        if wanted != JSON:
            return pl.lit(None, pl.String())
        text = pl.struct(v=place).struct.json_encode().str.strip_prefix('{"v":').str.strip_suffix("}")
        return pl.when(place.is_not_null()).then(text)
    if isinstance(kind, pl.Datetime):
        place = place if kind.time_zone is None else place.dt.convert_time_zone("UTC")
        return place.dt.strftime("%Y-%m-%dT%H:%M:%S.%9fZ")
    if kind.is_float():
        whole = place == place.round()
        return (
            pl.when(whole)
            .then(place.cast(pl.Int64, strict=False).cast(pl.String))
            .otherwise(place.cast(pl.String))
        )
    return place.cast(pl.String, strict=False)
