"""Processes that serve the network, and what descends from them."""

from __future__ import annotations

import polars as pl

from rtml.captures.store import Capture
from rtml.rules.correlations.sequence import observed

__all__ = ["LOGINS", "SERVING", "servers", "with_forebears"]

SERVING = ("accept", "listen")
"""Kinds of event that make a process a service. Binding alone does not: clients bind too."""

LOGINS = ("sshd", "sshd-session", "dropbear", "telnetd", "in.telnetd", "login", "tini")
"""Services whose purpose is to give shells."""

_GENERATIONS = 4


def servers(capture: Capture) -> pl.LazyFrame:
    """Moments at which a process was a service over IP: ``host, process_id, time, seq, server``.

    A sensor that gives neither address of a listening socket is believed; an accepted connection
    must have a peer's address or port (one over a local socket has none).
    """
    columns = ["kind", "outcome", "program", "socket_path", "src_ip", "src_port"]
    rows = observed(capture, SERVING, columns).filter(
        pl.col("socket_path").is_null()
        & (pl.col("outcome") >= 0)
        & (
            (pl.col("kind").cast(pl.String) == "listen")
            | pl.col("src_ip").is_not_null()
            | pl.col("src_port").is_not_null()
        )
    )
    return rows.drop_nulls("process_id").rename({"program": "server"})


def with_forebears(rows: pl.LazyFrame, capture: Capture) -> pl.LazyFrame:
    """Each row once for its process and for each of four generations before it, as ``kin``."""
    parents = (
        capture.processes()
        .select("process_id", "parent_id")
        .drop_nulls()
        .sort("process_id", "parent_id")
        .unique("process_id", keep="first", maintain_order=True)
    )
    line = rows.with_columns(_kin0="process_id")
    for i in range(_GENERATIONS):
        line = line.join(
            parents.rename({"process_id": f"_kin{i}", "parent_id": f"_kin{i + 1}"}), on=f"_kin{i}", how="left"
        )
    names = [f"_kin{i}" for i in range(_GENERATIONS + 1)]
    return line.with_columns(kin=pl.concat_list(names)).explode("kin").drop(names)
