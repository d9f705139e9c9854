"""Rows of any tool (CSV, JSON lines, Parquet): a mapping says which column is what of an event.

Every row is an event or a reject: without a time, of a kind that the mapping does not name, or with a value
that cannot be of its column. What tools write for nothing is nothing. Files are read whole.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl

from rtml.captures.sensors.containers import digest
from rtml.captures.sensors.contract import Reading, Sensor
from rtml.captures.sensors.generic.mapping import Mapping, Source, columns_of, read_mapping
from rtml.captures.sensors.generic.rows import row_tables
from rtml.captures.sensors.generic.values import fault_of, said, time_of, value_of
from rtml.captures.sensors.records import PROBLEM, Format, read_records
from rtml.schema import KINDS

__all__ = ["generic"]

_FROM = "from "
"""Before the names of columns as the rows have them: some are called as ours are."""


def generic(mapping: Path) -> Sensor:
    r"""Make the sensor whose rows are what a mapping says.

    Parameters
    ----------
    mapping
        YAML: ``time`` (``column``, ``format``: iso, s, ms, us or ns), ``kind`` (one for all rows, or
        ``column`` and ``values``), ``columns`` (column of events to column of the rows, ``a/b`` for what
        is inside; to several of which the first with a value counts; to ``value``, or to ``folder`` and
        ``file``) and ``optional`` (columns that a file may lack), as in
        ``deploy/defender-cloud-process-events.yml``.

    Returns
    -------
    A sensor for `rtml.captures.import_capture`: ``import_capture(generic(mapping), files, out)``.

    Raises
    ------
    UsageError
        The mapping is wrong; reading raises it where a file lacks a column that is mapped.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "m.yml").write_text("time: {column: At, format: s}\nkind: exec\ncolumns: {exe: Path}")
    >>> _ = (folder / "rows.csv").write_text("At,Path\n1798761600,/bin/sh\nsoon,/bin/ls\n")
    >>> reading = generic(folder / "m.yml").read(folder / "rows.csv")
    >>> reading.events["exe"].to_list(), reading.rejects["reason"].to_list()
    (['/bin/sh'], ['no time (At, format s)'])
    """
    own = read_mapping(mapping)
    mark = hashlib.sha256(mapping.read_bytes()).hexdigest()[:12]
    format = Format(
        name="generic",
        what=f"rows with the columns of {mapping.name}",
        generations=({_FROM + name: name for name in columns_of(own)},),
        claims=pl.any_horizontal(said(pl.col(_FROM + name)).is_not_null() for name in columns_of(own)),
        events=partial(_events, mapping=own),
    )

    def read(path: Path) -> Reading:
        reading = read_records(path, format, partial(row_tables, mapping=own))
        return replace(reading, version=f"{mapping.name} ({mark})")

    return Sensor(name="generic", read=read, blind=frozenset(KINDS) - own.kinds)


def _events(rows: pl.DataFrame, mapping: Mapping) -> pl.DataFrame:
    """Describe rows in the columns of the event table, or say what is wrong with them."""
    sources = {target: _text(source) for target, source in mapping.columns.items()}
    form = mapping.time.format
    values = {target: value_of(target, text, form) for target, text in sources.items()}
    values["time"] = time_of(said(pl.col(_FROM + mapping.time.column)), form)
    values["kind"] = _kind(mapping)
    host = [values["host"]] if "host" in values else []
    values["host"] = pl.coalesce(*host, pl.lit("unknown"))
    if "image" in values and "image_digest" not in values:
        values["image_digest"] = digest(values["image"])
    named = "" if isinstance(mapping.kind, str) else mapping.kind.column
    faults = [
        _fault(values["time"].is_null(), f"no time ({mapping.time.column}, format {form})"),
        _fault(values["kind"].is_null(), f"of no kind that the mapping names ({named})"),
        *(
            _fault(text.is_not_null() & values[target].is_null(), f"{target}: {fault_of(target)}")
            for target, text in sources.items()
            if fault_of(target)
        ),
    ]
    return rows.select(**values, **{PROBLEM: pl.coalesce(faults)})


def _fault(wrong: pl.Expr, reason: str) -> pl.Expr:
    return pl.when(wrong).then(pl.lit(reason))


def _kind(mapping: Mapping) -> pl.Expr:
    if isinstance(mapping.kind, str):
        return pl.lit(mapping.kind)
    meant = {str(value): kind for value, kind in mapping.kind.values.items()}
    text = said(pl.col(_FROM + mapping.kind.column))
    return text.replace_strict(meant, default=None, return_dtype=pl.String)


def _text(source: str | list[str] | Source) -> pl.Expr:
    """Return the text that a source gives each row."""
    if isinstance(source, str):
        return said(pl.col(_FROM + source))
    if isinstance(source, list):
        return pl.coalesce(said(pl.col(_FROM + name)) for name in source)
    if source.value is not None:
        return said(pl.lit(source.value))
    folder, file = said(pl.col(f"{_FROM}{source.folder}")), said(pl.col(f"{_FROM}{source.file}"))
    inside = pl.concat_str(folder.str.strip_suffix("/"), pl.lit("/"), file)
    whole = folder.str.ends_with(pl.concat_str(pl.lit("/"), file))  # some tools repeat the name there
    return pl.when(whole).then(folder).otherwise(pl.coalesce(inside, file, folder))
