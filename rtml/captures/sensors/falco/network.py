"""Ends of connections in Falco's alerts: ours and theirs, client and server, or one text of both."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.endpoints import address, end_of, port
from rtml.captures.sensors.records.seldom import of_some

__all__ = ["with_network"]

_KINDS = ("connect", "accept", "bind", "listen")
_CALLS = ("sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg")
_PARTS = {"ip": address, "port": port}
_DIRECTIONS = {"connect": "outbound", "accept": "inbound"}


def with_network(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with protocol, direction, addresses and socket path by Falco's columns, ``kind, call``.

    The peer of an accepted connection is its source; what is bound is a source too.
    """
    kind, unix = pl.col("kind"), pl.col("fd.type") == "unix"
    # A file whose name looks like two ends is a file.
    two_ends = pl.col("fd.name").str.contains(r"^[^/]*:[\w+-]+->")
    on_socket = pl.any_horizontal(kind.is_in(_KINDS), pl.col("call").is_in(_CALLS), two_ends.fill_null(False))
    inbound = kind == "accept"
    source = {part: pl.when(inbound).then(f"_their_{part}").otherwise(f"_our_{part}") for part in _PARTS}
    target = {
        part: pl.when(inbound).then(f"_our_{part}").when(kind != "bind").then(f"_their_{part}")
        for part in _PARTS
    }
    columns = {
        "protocol": pl.when(unix).then(pl.lit("unix")).otherwise("fd.l4proto"),
        "direction": kind.replace_strict(_DIRECTIONS, default=None, return_dtype=pl.String),
        "src_ip": source["ip"],
        "src_port": source["port"],
        "dst_ip": target["ip"],
        "dst_port": target["port"],
        "socket_path": pl.when(unix).then(pl.col("fd.name").str.extract(r"(?:->\S+ |^)(@?/?[^ >]+)$")),
    }
    return of_some(rows, on_socket, columns, (_pairs(), _ends()))


def _pairs() -> dict[str, pl.Expr]:
    """Return the two ends that one text names."""
    left, right = (end_of(pl.col("fd.name"), side) for side in ("left", "right"))
    return {"_left_ip": left[0], "_left_port": left[1], "_right_ip": right[0], "_right_port": right[1]}


def _ends() -> dict[str, pl.Expr]:
    """Return address and port of our end and of theirs.

    In the text of both the client stands on the left: it is ours where we called, else theirs. What Falco
    calls local and remote counts last: it tells them by the addresses that it knows for the machine's, which
    those of pods and of its own network often are not, and then they are the wrong way round.
    """
    called, ends = pl.col("kind") == "accept", {}
    for part, read in _PARTS.items():
        client = pl.coalesce(read(pl.col(f"fd.c{part}")), f"_left_{part}")
        server = pl.coalesce(read(pl.col(f"fd.s{part}")), f"_right_{part}")
        ours = pl.when(called).then(server).otherwise(client)
        theirs = pl.when(called).then(client).otherwise(server)
        ends[f"_our_{part}"] = pl.coalesce(ours, read(pl.col(f"fd.l{part}")))
        ends[f"_their_{part}"] = pl.coalesce(theirs, read(pl.col(f"fd.r{part}")))
    return ends
