"""A process connects out, puts its standard streams on new descriptors, and there is a shell."""

from __future__ import annotations

import polars as pl

from rtml.captures.store import Capture
from rtml.rules.correlations.contract import Step, correlation
from rtml.rules.correlations.outbound import PEER, outbound
from rtml.rules.correlations.programs import BARE_SHELL, SHELL
from rtml.rules.correlations.sequence import completed, family, followed, observed

__all__ = ["REVERSE_SHELL_ON_SOCKET", "find"]

_WITHIN = "60s"
_PROCESS = ["host", "process_id"]


def find(capture: Capture) -> pl.LazyFrame:
    """Shells whose input and output were moved right after an outbound connection.

    One process connects and within a minute duplicates something onto descriptor 0 and onto 1 or 2.
    It counts when it is a shell, becomes one, or starts one within a minute; so does a renamed
    shell whose only argument is ``-i``. Sensors do not say which descriptor was duplicated: it is
    taken for the socket (limit: a shell script that talks over ``/dev/tcp`` on its own input *and*
    output). Output alone (``echo > /dev/tcp/host/port``) does not count, nor does a child that gets
    pipes.
    """
    # Most processes that duplicate move one stream alone: whom they called is not looked at.
    dups = observed(capture, ["dup"], ["program", "request"]).filter(_both(_PROCESS))
    moved = followed(outbound(capture), dups, _PROCESS, _WITHIN, ["time", "peer"], rare="then")
    both = moved.filter(_both([*_PROCESS, "first_time"]))
    # Looked at twice below.
    last = both.unique([*_PROCESS, "first_time"], keep="last", maintain_order=True).collect().lazy()
    execs = observed(capture, ["exec"], ["cmdline", "parent_id", "program"], where="succeeded")
    shell = pl.col("program").str.contains(SHELL) | pl.col("cmdline").str.contains(BARE_SHELL)
    started = followed(
        last.with_columns(kin="process_id", peer="first_peer"),
        family(execs.filter(shell)),
        ["host", "kin"],
        _WITHIN,
        ["peer"],
    )
    stayed = last.filter(pl.col("program").str.contains(SHELL))
    return pl.concat([completed(rows, PEER) for rows in (stayed, started)])


def _both(unit: list[str]) -> pl.Expr:
    """Whether input and output were moved within a unit."""
    target = pl.col("request").str.strip_chars()
    return (target == "0").any().over(unit) & target.is_in(["1", "2"]).any().over(unit)


REVERSE_SHELL_ON_SOCKET = correlation(
    "reverse_shell_on_socket",
    steps=(Step(("connect",), ("dst_ip",)), Step(("dup",), ("request",))),
    find=find,
)
