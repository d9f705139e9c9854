"""What sysdig's text of a call's arguments says of its file or connection, where no field of its own does.

``fd=5(<4t>10.0.0.9:40000->10.0.0.2:ssh) tuple=10.0.0.9:40000->10.0.0.2:ssh queuepct=0`` of an accept,
``res=-115(EINPROGRESS) tuple=…`` of a connect, ``fd=-2(ENOENT) name=/x flags=…`` of an open. Data that were
sent or read stand in this text as they are, so nothing behind them is believed; ends of what was received
(``tuple=`` from the sender to us, whoever called) are behind them.
"""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.records.seldom import of_some

__all__ = ["MAKERS", "returned", "with_descriptor"]

_DESCRIPTOR = r"^(?:fd|res)=-?\d+\(<(\w+)>(.*?)\)(?: |$)"
_TUPLE = r"^(?:\S+ )?(?:size=\d+ )?tuple=(\S*->.*?)(?: (?:queuepct|fd)=.*)? *$"
_SOCKETS = r"^[0-9a-f]+->[0-9a-f]+(?: |$)"
"""Two ends of a socket of the machine: where they are in the kernel."""
_BOUND = r"^res=\S+ addr=(\S+:\S+)"
_NAME = r"(?:^| )name=(.*?)(?:\((/.*?)\))? (?:flags|mode)="
_KINDS = {"f": "file", "d": "directory", "u": "unix"} | {
    f"{version}{protocol}": f"ipv{version}" for version in "46" for protocol in ("", "t", "u", "i", "r")
}
"""What sysdig writes before a name, to Falco's ``fd.type``."""
_CALLERS = ("connect", "accept", "accept4", "accept5", "sendto", "sendmsg")
_OPENERS = ("open", "openat", "openat2", "creat")
MAKERS = (*_OPENERS, "accept", "accept4", "accept5")
"""Calls whose ``fd`` is what they returned."""


def with_descriptor(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with ``fd.name``, ``fd.type`` and, of what was opened, ``fs.path.name`` by ``evt.args``.

    Examples
    --------
    >>> names = ("evt.type", "evt.args", "fd.name", "fd.type", "fs.path.name")
    >>> calls = [("connect", "res=0 tuple=10.0.0.2:4->1.1.1.1:http ")]
    >>> calls += [("open", "fd=-2(ENOENT) name=/x flags=0 ")]
    >>> rows = pl.DataFrame([dict.fromkeys(names) | {"evt.type": c, "evt.args": a} for c, a in calls],
    ...     schema=dict.fromkeys(names, pl.String))
    >>> with_descriptor(rows).select("fd.name", "fs.path.name").rows()
    [('10.0.0.2:4->1.1.1.1:http', None), (None, '/x')]
    """
    text, call = pl.col("evt.args"), pl.col("evt.type")
    unnamed = pl.col("fd.name").is_null() & text.str.contains(r"^(?:fd|res)=")
    held = text.str.extract_groups(_DESCRIPTOR).struct
    opened = pl.when(call.is_in(_OPENERS)).then(text).str.extract_groups(_NAME).struct
    ends = pl.when(call.is_in(_CALLERS)).then(text.str.extract(_TUPLE))
    bound = pl.when(call == "bind").then(text.str.extract(_BOUND))
    told = {
        "_name": pl.coalesce(pl.when(held["2"] != "").then(held["2"]), ends, bound),
        "_type": pl.coalesce(
            held["1"].replace_strict(_KINDS, default=None, return_dtype=pl.String),
            pl.when(ends.str.contains(_SOCKETS)).then(pl.lit("unix")),
        ),
        "_path": pl.when(held["1"].is_null()).then(pl.coalesce(opened["2"], opened["1"])),
    }
    return of_some(rows, unnamed, told).with_columns(
        pl.coalesce("fd.name", "_name").alias("fd.name"),
        pl.coalesce("fd.type", "_type").alias("fd.type"),
        pl.coalesce("fs.path.name", "_path").alias("fs.path.name"),
    )


def returned(arguments: pl.Expr) -> pl.Expr:
    """Return what a call returned, by its arguments: ``res``, or the descriptor that it has made."""
    has_ended = (pl.col("evt.dir") != ">").fill_null(True)
    made = pl.when(has_ended & pl.col("evt.type").is_in(MAKERS)).then(arguments)
    return pl.coalesce(arguments.str.extract(r"^res=(-?\d+)"), made.str.extract(r"^fd=(-?\d+)"))
