"""Zeek (its own columns, or JSON lines): ``conn.log`` and ``dns.log``, of a network and not of containers.

Keys are ``id.orig_h`` or, behind some collectors, ``id_orig_h``; times are seconds with a fraction. A
connection is a ``connect`` of the address that began it, which stands for its container; a query is ``dns``.
Features of destinations and names can be told from it, nothing else (`Sensor.blind`). Other logs are beside.

References
----------
https://docs.zeek.org/en/master/logs/
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rtml.captures.sensors.contract import Lines, Reading, Sensor
from rtml.captures.sensors.endpoints import address, port
from rtml.captures.sensors.records import BESIDE, PROBLEM, Format, read_records
from rtml.captures.sensors.records.fields import Fields
from rtml.captures.sensors.records.moments import when
from rtml.captures.sensors.records.tables import tables
from rtml.captures.sensors.records.values import domain_name, integer, said
from rtml.captures.sensors.results import result_of_query
from rtml.captures.sensors.signature import has_keys
from rtml.captures.sensors.zeek.tabs import is_tabs, tab_tables
from rtml.reading.content import first_bytes
from rtml.schema import KINDS

__all__ = ["SENSOR", "ZEEK", "read"]

_FAILED = {"S0": -110, "REJ": -111, "RSTOS0": -104, "RSTRH": -104, "SH": -110}
"""States of connections that were never made, as the error that a program would have seen."""

_WITHOUT_PORTS = ("icmp", "icmp6", "icmpv6")
"""Of these Zeek writes type and code where others have ports."""


def _fields(prefix: str) -> Fields:
    ends = {name: f"{prefix}{name}" for name in ("orig_h", "orig_p", "resp_h", "resp_p")}
    plain = "ts proto service conn_state orig_bytes resp_bytes query qtype_name rcode_name".split()
    return {
        **ends,
        **{name: name for name in plain},
        "connection": "uid",
        "addresses": ("answers", pl.List(pl.String())),
        "stream": "@stream",
        "path": "_path",
        "system": "@system",
        "system_name": "_system_name",
    }


def events_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Describe connections and queries in the columns of the event table."""
    clean = rows.with_columns(said(pl.col(pl.String)).replace("-", None))
    queried = pl.col("query").is_not_null() | pl.col("qtype_name").is_not_null()
    return (
        clean.with_columns(
            log=pl.coalesce("stream", "path"),
            time=when(pl.col("ts")),
            host=pl.coalesce("system", "system_name", pl.lit("unknown")),
            kind=pl.when(queried).then(pl.lit("dns")).otherwise(pl.lit("connect")),
            direction=pl.lit("outbound"),
            protocol=pl.col("proto").str.to_lowercase(),
            src_ip=address(pl.col("orig_h")),
            src_port=_port("orig_p"),
            dst_ip=address(pl.col("resp_h")),
            dst_port=_port("resp_p"),
            bytes_out=integer(pl.col("orig_bytes")),
            bytes_in=integer(pl.col("resp_bytes")),
            domain=domain_name(pl.col("query")),
            query_type="qtype_name",
            answers="addresses",
            result=_result(),
        )
        .with_columns(container_id=pl.col("src_ip"), path=pl.lit(None, pl.String))
        .with_columns(_what_else(queried).alias(BESIDE), _problem().alias(PROBLEM))
    )


def _port(name: str) -> pl.Expr:
    has_none = pl.col("proto").str.to_lowercase().is_in(_WITHOUT_PORTS).fill_null(False)
    return port(pl.when(~has_none).then(name))


def _result() -> pl.Expr:
    """Return 0 or -errno; null of datagrams without an answer: many protocols expect none."""
    state = pl.col("conn_state")
    one_way = (state == "S0") & (pl.col("proto").str.to_lowercase() == "udp")
    made = state.replace_strict(_FAILED, default=pl.when(state.is_not_null()).then(0), return_dtype=pl.Int32)
    return pl.coalesce(result_of_query(pl.col("rcode_name")), pl.when(~one_way.fill_null(False)).then(made))


def _what_else(queried: pl.Expr) -> pl.Expr:
    other = pl.col("conn_state").is_null() & (pl.col("kind") != "dns")
    return pl.when(other).then(
        pl.format("a record of the log {}", pl.coalesce("log", pl.lit("of another kind")).str.slice(0, 40))
    )


def _problem() -> pl.Expr:
    return (
        pl.when(pl.col("time").is_null())
        .then(pl.lit("no time of the years 1970 to 2199"))
        .when(pl.col("src_ip").is_null())
        .then(pl.lit("a connection of no address"))
    )


ZEEK = Format(
    name="zeek",
    what="a log of Zeek",
    writers=("zeek",),
    generations=(_fields("id."), _fields("id_"), _fields("id/")),
    claims=pl.col("connection").is_not_null() & pl.col("orig_h").is_not_null(),
    needs=("connection", "orig_h"),
    events=events_of,
)


def read(path: Path) -> Reading:
    """Read one file of Zeek's logs."""
    return read_records(path, ZEEK, tab_tables if is_tabs(first_bytes(path, 4096)) else tables)


def _signature(head: bytes) -> bool:
    flat = any(has_keys(head, "ts", "uid", f"id{mark}orig_h") for mark in "._")
    return flat or has_keys(head, "ts", "uid", "id", "orig_h") or is_tabs(head)


SENSOR = Sensor(
    name="zeek",
    read=read,
    blind=frozenset(KINDS) - {"connect", "dns"},
    identified=True,
    signature=_signature,
    lines=Lines(),
    instead="addresses",
)
