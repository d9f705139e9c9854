"""Ends of connections and names that were asked for, in records of OCSF."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from rtml.captures.sensors.endpoints import address, port
from rtml.captures.sensors.flows import called_by_source, kind_of_flow, protocol_of
from rtml.captures.sensors.ocsf.places import ours_is_source
from rtml.captures.sensors.records.seldom import of_some
from rtml.captures.sensors.records.values import domain_name, integer

__all__ = ["with_network"]

_DIRECTIONS = {"connect": "outbound", "accept": "inbound", "dns": "outbound"}


def with_network(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with protocol, direction, ends, bytes and query by OCSF's columns and ``kind, pid``.

    A process's connection has its own end as the source. A flow without a process runs one way of two: the
    end that called is the source, and whether it is ours tells ``connect`` from ``accept``: their ``kind``.
    """
    on_network = pl.col("class_uid").is_in(["4001", "4003"])
    sent, got = integer(pl.col("traffic/bytes_out")), integer(pl.col("traffic/bytes_in"))
    rows = of_some(rows, on_network, _of_network(), (_judged(), {"_kind": _kind()}))
    size, outward = pl.col("_size"), pl.col("_ours").fill_null(True)
    return rows.with_columns(
        kind=pl.coalesce("_kind", "kind"),
        bytes_out=pl.coalesce(sent, pl.when(outward).then(size)),
        bytes_in=pl.coalesce(got, pl.when(~outward).then(size)),
        domain=domain_name(pl.coalesce("query/hostname", "_name")),
        query_type=pl.col("query/type"),
    ).drop("_kind", "_size", "_ours", "_name")


def _judged() -> dict[str, pl.Expr]:
    """Return what is asked of a record several times: is it a flow, who called, and is the source ours."""
    return {"_flow": _is_flow(), "_called": _called(), "_ours": ours_is_source()}


def _kind() -> pl.Expr:
    inbound = pl.col("connection_info/direction_id") == "1"
    return (
        pl.when("_flow")
        .then(kind_of_flow(pl.col("_called"), pl.col("_ours")))
        .when((pl.col("kind") == "connect") & inbound)
        .then(pl.lit("accept"))
        .otherwise("kind")
    )


def _of_network() -> dict[str, pl.Expr]:
    swapped = pl.col("_flow") & ~pl.col("_called")
    name = pl.coalesce(
        protocol_of(pl.col("connection_info/protocol_name")),
        protocol_of(pl.col("connection_info/protocol_num")),
    )
    return {
        "_kind": pl.col("_kind"),
        "_ours": pl.col("_ours"),
        "_name": pl.when(swapped).then(_called_by("src")).otherwise(_called_by("dst")),
        "_size": pl.when("_flow").then(integer(pl.col("traffic/bytes"))),
        "protocol": name,
        "direction": pl.col("_kind").replace_strict(_DIRECTIONS, default=None, return_dtype=pl.String),
        **{
            f"{here}_{what}": pl.when(swapped).then(other).otherwise(own)
            for what, read in (("ip", address), ("port", port))
            for here, own, other in _two(what, read)
        },
        "answers": pl.when(pl.col("class_uid") == "4003").then(_answers()),
    }


def _two(what: str, read: Callable[[pl.Expr], pl.Expr]) -> list[tuple[str, pl.Expr, pl.Expr]]:
    source, target = (read(pl.col(f"{end}_endpoint/{what}")) for end in ("src", "dst"))
    return [("src", source, target), ("dst", target, source)]


def _called_by(end: str) -> pl.Expr:
    """Return the name of an end of a connection."""
    named = pl.coalesce(f"{end}_endpoint/hostname", f"{end}_endpoint/domain")
    return pl.when(pl.col("class_uid") == "4001").then(named)


def _is_flow() -> pl.Expr:
    return (pl.col("class_uid") == "4001") & pl.col("pid").is_null() & (pl.col("kind") == "connect")


def _called() -> pl.Expr:
    flags = integer(pl.col("connection_info/tcp_flags"))
    return called_by_source(flags, integer(pl.col("src_endpoint/port")), integer(pl.col("dst_endpoint/port")))


def _answers() -> pl.Expr:
    found = pl.col("answers").list.eval(pl.element().struct.field("rdata")).list.drop_nulls()
    return pl.when(found.list.len() > 0).then(found)
