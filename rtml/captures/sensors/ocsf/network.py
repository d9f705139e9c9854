"""Ends of connections and names that were asked for, in records of OCSF."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from rtml.captures.sensors.endpoints import address, port
from rtml.captures.sensors.flows import called_by_source, kind_of_flow, protocol_of
from rtml.captures.sensors.ocsf.places import ours_is_source
from rtml.captures.sensors.records.values import domain_name, integer

__all__ = ["network"]


def network() -> dict[str, pl.Expr]:
    """Return kind, protocol, direction, ends, bytes and query by OCSF's columns and ``kind, pid``.

    A process's connection has its own end as the source. A flow without a process runs one way of two: the
    end that called is the source, and whether it is ours tells ``connect`` from ``accept``.
    """
    on_network, flow = pl.col("class_uid").is_in(["4001", "4003"]), _is_flow()
    inbound = pl.col("connection_info/direction_id") == "1"
    called, ours = _called(), ours_is_source()
    kind = (
        pl.when(flow)
        .then(kind_of_flow(called, ours))
        .when((pl.col("kind") == "connect") & inbound)
        .then(pl.lit("accept"))
        .otherwise("kind")
    )
    swapped = flow & ~called
    ends = {
        f"{here}_{what}": pl.when(on_network & swapped).then(other).when(on_network).then(own)
        for what, read in (("ip", address), ("port", port))
        for here, own, other in _two(what, read)
    }
    size = integer(pl.col("traffic/bytes"))
    sent, got = integer(pl.col("traffic/bytes_out")), integer(pl.col("traffic/bytes_in"))
    name = pl.coalesce(
        protocol_of(pl.col("connection_info/protocol_name")),
        protocol_of(pl.col("connection_info/protocol_num")),
    )
    return {
        "kind": kind,
        "protocol": pl.when(on_network).then(name),
        "direction": kind.replace_strict(
            {"connect": "outbound", "accept": "inbound", "dns": "outbound"},
            default=None,
            return_dtype=pl.String,
        ),
        **ends,
        "bytes_out": pl.coalesce(sent, pl.when(flow & ours.fill_null(True)).then(size)),
        "bytes_in": pl.coalesce(got, pl.when(flow & ~ours.fill_null(True)).then(size)),
        "domain": domain_name(pl.col("query/hostname")),
        "query_type": pl.col("query/type"),
        "answers": pl.when(pl.col("class_uid") == "4003").then(_answers()),
    }


def _two(what: str, read: Callable[[pl.Expr], pl.Expr]) -> list[tuple[str, pl.Expr, pl.Expr]]:
    source, target = (read(pl.col(f"{end}_endpoint/{what}")) for end in ("src", "dst"))
    return [("src", source, target), ("dst", target, source)]


def _is_flow() -> pl.Expr:
    return (pl.col("class_uid") == "4001") & pl.col("pid").is_null() & (pl.col("kind") == "connect")


def _called() -> pl.Expr:
    flags = integer(pl.col("connection_info/tcp_flags"))
    return called_by_source(flags, integer(pl.col("src_endpoint/port")), integer(pl.col("dst_endpoint/port")))


def _answers() -> pl.Expr:
    found = pl.col("answers").list.eval(pl.element().struct.field("rdata")).list.drop_nulls()
    return pl.when(found.list.len() > 0).then(found)
