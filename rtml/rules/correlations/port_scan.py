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
    tries = attempted(capture).drop_nulls(["process_id", "dst_port"])
    minute = pl.col("time").dt.truncate("1m").alias("minute")
    # A caller that comes again and again is one row from here on; `seq` is the order within a host.
    cells = tries.group_by("host", "container_id", "process_id", minute, "dst_ip", "dst_port")
    first = cells.agg(pl.col("seq").min()).collect(engine="streaming").lazy()
    rooted = first.join(roots, on="process_id", how="left").with_columns(
        scanner=pl.coalesce("root_id", "process_id")
    )
    unit = ["host", "container_id", "scanner", "minute"]
    private = rooted.filter(pl.col("dst_ip").cast(pl.String).str.contains(_PRIVATE))
    ports = _beyond(rooted, [*unit, "dst_ip"], "dst_port", PORTS)
    hosts = _beyond(private, [*unit, "dst_port"], "dst_ip", HOSTS)
    # The capture is read once more for both: what neither wants is left out by its number, before any join.
    either = pl.concat([ports["seq"], hosts["seq"]]).unique()
    wanted = tries.filter(pl.col("seq").is_in(either.implode())).collect(engine="streaming").lazy()
    return pl.concat(
        [
            _told(wanted, ports, f"{PORTS} or more ports of {{}}", "dst_ip"),
            _told(wanted, hosts, f"{HOSTS} or more hosts on port {{}}", "dst_port"),
        ]
    )


def _beyond(first: pl.LazyFrame, by: list[str], counted: str, most: int) -> pl.DataFrame:
    """Return host and seq of what is first with its value and at least the ``most``-th value of a unit."""
    # A unit lies on one host.
    once = first.group_by(*by, counted).agg(pl.col("seq").min()).sort("host", "seq")
    return once.filter(pl.col(counted).cum_count().over(by) >= most).select("host", "seq").collect()


def _told(rows: pl.LazyFrame, beyond: pl.DataFrame, words: str, name: str) -> pl.LazyFrame:
    return completed(rows.join(beyond.lazy(), on=["host", "seq"], how="semi"), pl.format(words, name))


PORT_SCAN = correlation("port_scan", steps=(Step(("connect",), ("dst_ip", "dst_port")),), find=find)
