"""Several different commands that enumerate the host, by one process tree within a minute."""

from __future__ import annotations

import polars as pl

from rtml.captures.store import Capture
from rtml.rules.correlations.contract import Step, correlation
from rtml.rules.correlations.programs import basename
from rtml.rules.correlations.sequence import ORDER, completed, observed

__all__ = ["COMMANDS", "DISCOVERY_BURST", "find"]

COMMANDS = (
    "arch",
    "arp",
    "capsh",
    "df",
    "dmesg",
    "env",
    "findmnt",
    "getcap",
    "getent",
    "groups",
    "hostname",
    "id",
    "ifconfig",
    "ip",
    "last",
    "lastlog",
    "lsblk",
    "lscpu",
    "lsmod",
    "lsof",
    "mount",
    "netstat",
    "printenv",
    "ps",
    "pstree",
    "route",
    "ss",
    "systemctl",
    "uname",
    "uptime",
    "w",
    "who",
    "whoami",
)
"""Programs that only tell about the host; each alone is everyday."""

DISTINCT = 4
"""How many different ones within a minute make a burst."""


def find(capture: Capture) -> pl.LazyFrame:
    """Find enumerating commands from the fourth different one on, within a whole minute.

    Counted per lineage root, and per parent: below an application that is the container's first
    process every command is a root of its own. Fires on support scripts and health checks that
    collect facts about the host.
    """
    roots = capture.processes().select("process_id", "root_id").unique("process_id")
    rows = observed(capture, ["exec"], ["parent_id", "program"], where="succeeded")
    commands = rows.with_columns(
        command=basename(pl.col("program")), minute=pl.col("time").dt.truncate("1m")
    ).filter(pl.col("command").is_in(COMMANDS))
    rooted = commands.join(roots, on="process_id", how="left")
    by_root = rooted.with_columns(by=pl.coalesce("root_id", "process_id"))
    parts = [_beyond(part) for part in (by_root, rooted.with_columns(by="parent_id"))]
    return pl.concat([completed(part, pl.format("{} among others", "command")) for part in parts])


def _beyond(rows: pl.LazyFrame) -> pl.LazyFrame:
    unit = ["host", "container_id", "by", "minute"]
    ordered = rows.drop_nulls("by").sort(ORDER)
    once = ordered.unique([*unit, "command"], keep="first", maintain_order=True)
    return once.filter(pl.col("command").cum_count().over(unit) >= DISTINCT)


DISCOVERY_BURST = correlation("discovery_burst", steps=(Step(("exec",), ("program",)),), find=find)
