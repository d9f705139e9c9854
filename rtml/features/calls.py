"""Calls: the rare things that a program asks of the kernel.

Debugging another process, mounting, entering a namespace, loading a module, creating a file in
memory, putting something else behind standard input: most containers do few of these, always by the
same programs, and most escapes need one.
"""

from __future__ import annotations

import polars as pl

from rtml.baselines import Conditional, Selection
from rtml.features.addresses import port
from rtml.features.contract import Family
from rtml.features.pairs import CELL, Material
from rtml.features.paths import path_key
from rtml.features.places import SOCKETS
from rtml.features.programs import BARE, GIVEN_PROGRAM, PROGRAM, with_bare

__all__ = ["CALLS", "POWERFUL", "REQUEST", "calls"]

_SETUID = 0o6000

POWERFUL = (
    "ptrace",
    "vm_write",
    "memfd",
    "mmap_exec",
    "setuid",
    "capset",
    "module_load",
    "bpf",
    "userfaultfd",
    "unshare",
    "setns",
    "mount",
)
"""Kinds that change what a process may do, or reach into another."""

_kind = pl.col("kind")
_ORDINARY = (*POWERFUL, "kill", "dup", "syscall", "listen", "bind")


def _prepared(events: pl.LazyFrame, processes: pl.LazyFrame) -> pl.LazyFrame:
    """Keep the one detail that matters per kind, so that few distinct rows remain."""
    return with_bare(events, processes).with_columns(
        pl.when(_kind == "mount").then("path").alias("path"),
        pl.when(_kind == "bind").then("src_port").alias("src_port"),
    )


_ASKED = Selection(
    (*_ORDINARY, "chmod", "connect"),
    ("exe", BARE, "kind", "request", "path", "socket_path", "src_port"),
    where=_kind.is_in(_ORDINARY)
    | ((_kind == "chmod") & ((pl.col("mode") & _SETUID) != 0))
    | ((_kind == "connect") & pl.col("socket_path").is_not_null()),
    prepare=_prepared,
)

REQUEST = Conditional(
    name="calls.request",
    selection=_ASKED,
    key=pl.concat_str(
        [
            _kind.replace({"chmod": "chmod setuid", "connect": "connect socket"}),
            pl.col("request"),
            path_key(pl.coalesce("path", "socket_path")),
            pl.when(_kind == "bind").then(port(pl.col("src_port"))),
        ],
        separator=" ",
        ignore_nulls=True,
    ),
    subject=PROGRAM,
    levels=GIVEN_PROGRAM,
    places=SOCKETS,
)
"""P(call and its request | program); also setuid bits given, and local sockets connected to."""


def calls(material: Material) -> pl.DataFrame:
    """Count powerful calls, per container and window.

    Beside the surprise of each call and request given the program (`REQUEST`;
    `rtml.features.surprise`):

    - ``powerful``: distinct pairs of kind and request among `POWERFUL`; 0 and up, 0 in a window
      without such calls.

    Fails when a sensor does not watch the call, and for kernel bugs that need no unusual call.

    References
    ----------
    Forrest et al., "A sense of self for Unix processes", 1996,
    https://doi.org/10.1109/SECPRI.1996.502675; MITRE ATT&CK T1611,
    https://attack.mitre.org/techniques/T1611/.

    Examples
    --------
    >>> import datetime as dt
    >>> from rtml.features import windows
    >>> events = pl.DataFrame({"time": [dt.datetime(2026, 1, 1)] * 3, "seq": [1, 2, 3],
    ...     "kind": ["ptrace", "setns", "dup"], "container_id": ["c"] * 3,
    ...     "request": ["PTRACE_ATTACH", None, "1"]})
    >>> windows(events, families=["calls"]).row(0, named=True)["calls.powerful"]
    2.0
    """
    strong = material.cells[REQUEST.name].filter(_kind.is_in(POWERFUL))
    pair = pl.struct("kind", "request").n_unique().cast(pl.Float64)
    return strong.group_by(CELL).agg(powerful=pair)


CALLS = Family(
    "calls",
    calls,
    ("powerful",),
    conditionals=(REQUEST,),
    purpose="PrivilegeEscalation",
    phrase="system call given the program",
)
