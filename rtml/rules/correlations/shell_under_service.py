"""A process that serves the network, or a descendant of it, starts an interactive shell."""

from __future__ import annotations

import polars as pl

from rtml.captures.store import Capture
from rtml.rules.correlations.contract import Step, correlation
from rtml.rules.correlations.programs import BARE_SHELL, SHELL, named
from rtml.rules.correlations.sequence import completed, followed, observed
from rtml.rules.correlations.services import LOGINS, SERVING, servers, with_forebears

__all__ = ["SHELL_UNDER_SERVICE", "find"]


def find(capture: Capture) -> pl.LazyFrame:
    """Interactive shells below a process that listens or has accepted a connection.

    Interactive: a shell without a script or ``-c``, with ``-i``, or with a terminal. The service is
    the process itself or one of four generations before it, and served before the shell began.
    Services that exist to give shells (sshd, telnetd) do not count. Fails when the service began to
    serve before the capture did and accepts nothing in it.
    """
    rows = observed(capture, ["exec"], ["cmdline", "interactive", "program"], where="succeeded").filter(
        pl.col("cmdline").str.contains(BARE_SHELL).fill_null(False)
        | (pl.col("program").str.contains(SHELL).fill_null(False) & pl.col("interactive"))
    )
    serving = servers(capture).rename({"process_id": "kin"})
    shells = followed(
        serving, with_forebears(rows, capture), ["host", "kin"], "365d", ["server"], rare="then"
    )
    login = named(pl.col("first_server"), LOGINS).any().over("host", "seq")
    return completed(shells.filter(~login), pl.format("below {}", pl.col("first_server").fill_null("?")))


SHELL_UNDER_SERVICE = correlation(
    "shell_under_service", steps=(Step(SERVING), Step(("exec",), ("cmdline",))), find=find
)
