"""A process that has just connected out becomes or starts a shell that reads its input."""

from __future__ import annotations

import polars as pl

from rtml.captures.store import Capture
from rtml.rules.correlations.contract import Step, correlation
from rtml.rules.correlations.outbound import PEER, outbound
from rtml.rules.correlations.programs import BARE_SHELL, ordinary
from rtml.rules.correlations.sequence import completed, family, followed, observed

__all__ = ["REVERSE_SHELL_INTERACTIVE", "find"]

_WITHIN = "10s"
_LOGIN = ("sshd", "dropbear", "login", "su", "sudo", "tmux", "screen", "script")


def find(capture: Capture) -> pl.LazyFrame:
    """Bare or interactive shells within ten seconds after their process or its parent connected.

    For sensors that do not see ``dup``. A shell that runs a script or ``-c`` does not count, nor
    one under a login program. Fails when the shell waits longer, and for a relay over named pipes,
    where another process holds the connection (rules on command lines find those).
    """
    execs = observed(capture, ["exec"], ["cmdline", "parent_id", "parent_image"], where="succeeded").filter(
        pl.col("cmdline").str.contains(BARE_SHELL) & ~ordinary(pl.col("parent_image"), _LOGIN)
    )
    began = outbound(capture).with_columns(kin="process_id")
    shells = followed(began, family(execs), ["host", "kin"], _WITHIN, ["peer"], rare="then")
    return completed(shells, PEER)


REVERSE_SHELL_INTERACTIVE = correlation(
    "reverse_shell_interactive",
    steps=(Step(("connect",), ("dst_ip",)), Step(("exec",), ("cmdline",))),
    find=find,
)
