"""What the text of somebody's column is in a column of events, and what is wrong where it is nothing."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.clock import END
from rtml.captures.sensors.containers import container_id
from rtml.captures.sensors.endpoints import address
from rtml.captures.sensors.records.values import domain_name, integer, small, truth
from rtml.schema import POLARS
from rtml.times import UTC_NS, from_text

__all__ = ["fault_of", "said", "time_of", "value_of"]

_NOTHING = ("", "-", "N/A", "n/a", "<NA>", "null", "NULL")
_UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_LOWER = ("protocol", "direction", "exe_sha256")
_DAY = r"^(\d{4}-\d\d-\d\d) +(\d)"


def said(text: pl.Expr) -> pl.Expr:
    """Return what a tool said; null where it wrote that there is nothing.

    Examples
    --------
    >>> pl.DataFrame({"x": ["0", "-", "N/A", "null", None]}).select(said(pl.col("x")))["x"].to_list()
    ['0', None, None, None, None]
    """
    return pl.when(~text.is_in(_NOTHING)).then(text)


def time_of(text: pl.Expr, format: str) -> pl.Expr:
    """Return times as a mapping says that they are written; without an offset they are of UTC.

    Examples
    --------
    >>> texts = ["2027-01-01 00:00:00.5", "2027-01-01T01:00:00+0100", "1798761600", "soon"]
    >>> rows = pl.DataFrame({"at": texts})
    >>> rows.select(at=time_of(pl.col("at"), "iso").dt.epoch("ms"))["at"].to_list()
    [1798761600500, 1798761600000, None, None]
    >>> rows.select(at=time_of(pl.col("at"), "s").dt.year())["at"].to_list()
    [None, None, 2027, None]
    """
    if format == "iso":
        plain = text.str.replace(_DAY, "${1}T${2}").str.replace(r" *(?:UTC|Z|z)$", "Z")
        plain = plain.str.replace(r"T(.*?) *([+-]\d\d):?(\d\d)$", "T${1}${2}:${3}")
        return from_text(
            pl.when(plain.str.contains(r"T.*(?:Z|[+-]\d\d:\d\d)$")).then(plain).otherwise(plain + "Z"), "%+"
        )
    unit = _UNITS[format]
    parts = text.str.extract_groups(r"^(\d{1,19})(?:\.(\d{1,9})\d*)?$").struct
    number = parts["1"].cast(pl.Int64, strict=False)
    part = parts["2"].str.pad_end(9, "0").cast(pl.Int64, strict=False).fill_null(0) * unit // 10**9
    return pl.when(number.is_between(1, (END - 1) // unit)).then((number * unit + part).cast(UTC_NS))


def value_of(target: str, text: pl.Expr, format: str) -> pl.Expr:
    """Return the value of a column of events; null where the text cannot be one."""
    kind = POLARS[target]
    if target == "container_id":
        return container_id(text)
    if target in ("src_ip", "dst_ip"):
        return address(text)
    if target in ("src_port", "dst_port"):
        number = small(text)
        return pl.when(number.is_between(0, 65535)).then(number)
    if target == "domain":
        return domain_name(text)
    if isinstance(kind, pl.Datetime):
        return time_of(text, format)
    if isinstance(kind, pl.List):
        return text.str.extract_all(r"[^\s,;]+")
    readers = {pl.Int32: small, pl.Int64: integer, pl.Boolean: truth}
    read = readers.get(type(kind) if isinstance(kind, pl.DataType) else kind)
    if read is not None:
        return read(text)
    return text.str.to_lowercase() if target in _LOWER else text


def fault_of(target: str) -> str | None:
    """Say what a text is that is no value of the column; None: every text is one.

    Examples
    --------
    >>> fault_of("pid"), fault_of("cmdline")
    ('no whole number that fits', None)
    """
    kind = POLARS[target]
    if target in ("src_ip", "dst_ip"):
        return "no address"
    if target in ("src_port", "dst_port"):
        return "no port"
    if isinstance(kind, pl.Datetime):
        return "no time in the format of the mapping"
    if kind in (pl.Int32, pl.Int64):
        return "no whole number that fits"
    return "neither true nor false" if kind == pl.Boolean else None
