"""Flows that a network saw, one row per way: which end called, and whether that was ours."""

from __future__ import annotations

import polars as pl

__all__ = ["PROTOCOLS", "called_by_source", "client_and_server", "kind_of_flow", "protocol_of"]

PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "47": "gre", "50": "esp", "58": "icmpv6", "132": "sctp"}
"""Numbers of IANA to names; other numbers stay numbers."""

_SYN, _ACK = 2, 16


def protocol_of(text: pl.Expr) -> pl.Expr:
    """Return a protocol by name, of a name or a number.

    Examples
    --------
    >>> pl.DataFrame({"p": ["6", "TCP", "89", None]}).select(protocol_of(pl.col("p")))["p"].to_list()
    ['tcp', 'tcp', '89', None]
    """
    return text.str.to_lowercase().replace(PROTOCOLS)


def called_by_source(tcp_flags: pl.Expr, src_port: pl.Expr, dst_port: pl.Expr) -> pl.Expr:
    """Say whether a flow runs from the end that called to the end that was called.

    The flags of all packets are or-ed: a SYN without ACK is the caller's, one with ACK the answer's. Without
    flags the end of the lower port is taken for the server; where ports are equal or absent, the source
    called.

    Examples
    --------
    >>> rows = pl.DataFrame({"f": [2, 18, None, None], "s": [80, 80, 443, None], "d": [9, 9, 50000, None]})
    >>> rows.select(called_by_source(pl.col("f"), pl.col("s"), pl.col("d")))["literal"].to_list()
    [True, False, False, True]
    """
    syn, ack = (tcp_flags & _SYN) != 0, (tcp_flags & _ACK) != 0
    by_port = (src_port >= dst_port).fill_null(True)
    return pl.when(syn & ack).then(False).when(syn).then(True).otherwise(by_port).alias("literal")


def kind_of_flow(called: pl.Expr, ours_is_source: pl.Expr) -> pl.Expr:
    """Return ``connect`` where our end called, else ``accept``; where ours is not known, it called.

    Examples
    --------
    >>> rows = pl.DataFrame({"c": [True, False, True], "o": [True, True, None]})
    >>> rows.select(kind_of_flow(pl.col("c"), pl.col("o")).alias("k"))["k"].to_list()
    ['connect', 'accept', 'connect']
    """
    return (
        pl.when(called == ours_is_source.fill_null(called))
        .then(pl.lit("connect"))
        .otherwise(pl.lit("accept"))
    )


def client_and_server(called: pl.Expr) -> dict[str, pl.Expr]:
    """Return the columns ``src_ip, src_port, dst_ip, dst_port`` with the end that called as the source.

    Examples
    --------
    >>> row = pl.DataFrame({"src_ip": "a", "src_port": 443, "dst_ip": "b", "dst_port": 50000, "c": False})
    >>> row.with_columns(**client_and_server(pl.col("c"))).row(0)
    ('b', 50000, 'a', 443, False)
    """
    ends = (("src_ip", "dst_ip"), ("src_port", "dst_port"))
    told = {}
    for source, target in ends:
        told[source] = pl.when(called).then(source).otherwise(target)
        told[target] = pl.when(called).then(target).otherwise(source)
    return told
