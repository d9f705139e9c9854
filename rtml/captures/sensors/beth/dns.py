"""DNS rows of BETH: a query and its response are two events, seen on the wire."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rtml.captures.sensors.beth.csv_rows import reject
from rtml.schema import POLARS
from rtml.times import from_text

__all__ = ["DNS", "dns_events"]

DNS = ("Timestamp", "SourceIP", "DestinationIP", "DnsQuery", "DnsAnswer", "DnsQueryType", "SensorId")
"""Columns of the DNS layout that are read."""

_QUOTED = r"'[^']*'|\"[^\"]*\""


def dns_events(path: Path, table: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Turn rows of the DNS layout into events.

    Parameters
    ----------
    path
        For the rejects.
    table
        Columns `DNS` as text, and ``line``.

    Returns
    -------
    Events of kind ``dns`` (no process is known), and the rows without a possible time as rejects.
    ``direction`` follows from which end has the address in the sensor's name (``ip-10-0-0-1``); it
    is null for sensors with other names.
    """
    rows = table.with_columns(time=from_text(pl.col("Timestamp")))
    possible = pl.col("time").is_not_null()
    given = pl.col("Timestamp").fill_null("(empty)").str.slice(0, 60)
    reason = pl.format("time {} is not between 1970 and 2200", given)
    bad = rows.filter(~possible).select("line", *DNS)
    return _named(rows.filter(possible)), reject(path, bad, reason)


def _named(rows: pl.DataFrame) -> pl.DataFrame:
    host = pl.col("SensorId").fill_null("unknown")
    events = rows.with_columns(
        seq=pl.col("line") - 2,
        kind=pl.lit("dns"),
        sensor=pl.lit("beth"),
        host=host,
        container_id=host,
        container_name=host,
        src_ip="SourceIP",
        dst_ip="DestinationIP",
        direction=_direction(),
        domain="DnsQuery",
        query_type=_listed("DnsQueryType").list.first(),
        answers=_listed("DnsAnswer"),
    )
    return events.select(name for name in POLARS if name in events.columns)


def _direction() -> pl.Expr:
    return (
        pl.when(_is_sensor("SourceIP"))
        .then(pl.lit("outbound"))
        .when(_is_sensor("DestinationIP"))
        .then(pl.lit("inbound"))
    )


def _is_sensor(column: str) -> pl.Expr:
    return "ip-" + pl.col(column).str.replace_all(".", "-", literal=True) == pl.col("SensorId")


def _listed(column: str) -> pl.Expr:
    """Split a list as Python writes it, without what is empty; no list at all stays null."""
    parts = pl.col(column).str.extract_all(_QUOTED)
    texts = parts.list.eval(pl.element().str.slice(1, pl.element().str.len_chars() - 2))
    return texts.list.eval(pl.element().filter(pl.element() != ""))
