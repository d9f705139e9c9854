"""Ends of connections in Falco's alerts: ours and theirs, client and server, or one text of both."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.endpoints import address, end_of, port
from rtml.captures.sensors.records.seldom import of_some

__all__ = ["with_network"]

_KINDS = ("connect", "accept", "bind", "listen")
_CALLS = ("sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg")
_DIRECTIONS = {"connect": "outbound", "accept": "inbound"}


def with_network(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with protocol, direction, addresses and socket path by Falco's columns, ``kind, call``.

    The peer of an accepted connection is its source; what is bound is a source too.
    """
    kind, unix = pl.col("kind"), pl.col("fd.type") == "unix"
    # A file whose name looks like two ends is a file.
    two_ends = pl.col("fd.name").str.contains(r"^[^/]*:\d+->")
    on_socket = pl.any_horizontal(kind.is_in(_KINDS), pl.col("call").is_in(_CALLS), two_ends.fill_null(False))
    ours, theirs = _ends()
    inbound = kind == "accept"
    source = {i: pl.when(inbound).then(theirs[i]).otherwise(ours[i]) for i in (0, 1)}
    target = {i: pl.when(inbound).then(ours[i]).when(kind != "bind").then(theirs[i]) for i in (0, 1)}
    columns = {
        "protocol": pl.when(unix).then(pl.lit("unix")).otherwise("fd.l4proto"),
        "direction": kind.replace_strict(_DIRECTIONS, default=None, return_dtype=pl.String),
        "src_ip": source[0],
        "src_port": source[1],
        "dst_ip": target[0],
        "dst_port": target[1],
        "socket_path": pl.when(unix).then(pl.col("fd.name").str.extract(r"(?:->\S+ |^)(@?/?[^ >]+)$")),
    }
    return of_some(rows, on_socket, columns)


def _ends() -> tuple[tuple[pl.Expr, pl.Expr], tuple[pl.Expr, pl.Expr]]:
    """Return address and port of our end and of theirs.

    In the text of both the client stands on the left: it is ours where we called, else theirs.
    """
    called = pl.col("kind") == "accept"
    pairs = {}
    for i, (part, read) in enumerate((("ip", address), ("port", port))):
        client = pl.coalesce(read(pl.col(f"fd.c{part}")), end_of(pl.col("fd.name"), "left")[i])
        server = pl.coalesce(read(pl.col(f"fd.s{part}")), end_of(pl.col("fd.name"), "right")[i])
        ours = pl.coalesce(read(pl.col(f"fd.l{part}")), pl.when(called).then(server).otherwise(client))
        theirs = pl.coalesce(read(pl.col(f"fd.r{part}")), pl.when(called).then(client).otherwise(server))
        pairs[part] = ours, theirs
    return (pairs["ip"][0], pairs["port"][0]), (pairs["ip"][1], pairs["port"][1])
