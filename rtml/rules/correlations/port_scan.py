"""Many ports of one host, or many hosts on one port, tried by one process tree within a minute."""

from __future__ import annotations

import polars as pl

from rtml.captures.store import Capture
from rtml.rules.correlations.contract import Step, correlation
from rtml.rules.correlations.outbound import attempted
from rtml.rules.correlations.sequence import completed

__all__ = ["HOSTS", "PORTS", "PORT_SCAN", "find"]

PORTS = 15
"""Distinct ports of one host within a minute that make a scan."""

HOSTS = 25
"""Distinct private hosts on one port within a minute that make a sweep."""

_PRIVATE = r"^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|f[cd][0-9a-f]{2}:)"


def find(capture: Capture) -> pl.LazyFrame:
    """Find attempts to connect beyond a threshold: the `PORTS`-th port, the `HOSTS`-th host.

    Counted per lineage root (a shell that starts one process per port is one scanner) and whole
    minute. Only private addresses count for a sweep: crawlers and package mirrors meet many public
    hosts on one port. Our own finding type. Fails on scans slower than a port in four seconds, and
    on raw packets, which connect to nothing.
    """
    roots = capture.processes().select("process_id", "root_id").unique("process_id")
    tries = attempted(capture).join(roots, on="process_id", how="left")
    tries = tries.with_columns(
        scanner=pl.coalesce("root_id", "process_id"), minute=pl.col("time").dt.truncate("1m")
    ).drop_nulls(["scanner", "dst_port"])
    unit = ["host", "container_id", "scanner", "minute"]
    private = tries.filter(pl.col("dst_ip").cast(pl.String).str.contains(_PRIVATE))
    return pl.concat(
        [
            _beyond(tries, [*unit, "dst_ip"], "dst_port", PORTS, "ports of {}"),
            _beyond(private, [*unit, "dst_port"], "dst_ip", HOSTS, "hosts on port {}"),
        ]
    )


def _beyond(tries: pl.LazyFrame, by: list[str], counted: str, most: int, words: str) -> pl.LazyFrame:
    """Events that are the first with their value and at least the ``most``-th value of a unit."""
    crowd = tries.group_by("scanner", "minute", by[-1]).agg(pl.col(counted).n_unique())
    crowd = crowd.filter(pl.col(counted) >= most)
    tries = tries.join(crowd, on=["scanner", "minute", by[-1]], how="semi")
    # `seq` is the order within a host, and a unit lies on one host.
    once = tries.group_by(*by, counted).agg(pl.col("seq").min()).sort("host", "seq")
    beyond = once.filter(pl.col(counted).cum_count().over(by) >= most)
    rows = tries.join(beyond.select("host", "seq"), on=["host", "seq"], how="semi")
    return completed(rows, pl.format(f"{most} or more {words}", by[-1]))


PORT_SCAN = correlation("port_scan", steps=(Step(("connect",), ("dst_ip", "dst_port")),), find=find)
