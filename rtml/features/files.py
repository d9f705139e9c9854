"""Files: which places a program reads, and which it changes.

The key is a path (`rtml.features.paths`), the context the program; which folders draw new names is
learnt (`rtml.baselines.drawing`). Reading and changing are kept apart: everybody reads
``/etc/passwd``, nobody should write it.
"""

from __future__ import annotations

import polars as pl

from rtml.baselines import Conditional, Selection
from rtml.features.contract import Family
from rtml.features.pairs import CELL, Material
from rtml.features.paths import path_key
from rtml.features.places import PATHS
from rtml.features.programs import BARE, GIVEN_PROGRAM, PROGRAM, with_bare

__all__ = ["FILES", "READ", "WRITE", "files"]


MISSING = -2
"""``-ENOENT``: looking for a file that is not there is how programs search, and means little."""

_DENIED = (-1, -13)
_REFUSED = "refused"
_CHANGES = ("create", "write", "rename", "link", "unlink", "chmod")
_THERE = pl.col("result").ne_missing(MISSING)
_WROTE = pl.col("wrote").fill_null(False)


def _prepared(events: pl.LazyFrame, processes: pl.LazyFrame) -> pl.LazyFrame:
    """Add the program, whether it was refused, and the path that a rename or a link made."""
    return with_bare(events, processes).with_columns(
        pl.col("result").is_in(_DENIED).fill_null(False).alias(_REFUSED),
        pl.coalesce("path_to", "path").alias("path"),
    )


def _verb(done: pl.Expr) -> pl.Expr:
    prefix = pl.when(pl.col(_REFUSED) == "true").then(pl.lit("refused ")).otherwise(pl.lit(""))
    return pl.concat_str([prefix, done, pl.lit(" "), path_key(pl.col("path"))])


READ = Conditional(
    name="files.read",
    selection=Selection(
        ("open",), ("exe", BARE, _REFUSED, "path"), where=_THERE & ~_WROTE, prepare=_prepared
    ),
    key=_verb(pl.lit("read")),
    subject=PROGRAM,
    levels=GIVEN_PROGRAM,
    places=PATHS,
)
"""P(path | program) over files opened for reading."""

WRITE = Conditional(
    name="files.write",
    selection=Selection(
        ("open", *_CHANGES),
        ("exe", BARE, _REFUSED, "kind", "path"),
        where=_THERE & (_WROTE | (pl.col("kind") != "open")),
        prepare=_prepared,
    ),
    key=_verb(pl.col("kind").replace({"open": "write", "create": "write"})),
    subject=PROGRAM,
    levels=GIVEN_PROGRAM,
    places=PATHS,
)
"""P(change and path | program) over files written, renamed, linked, removed, chmodded."""


def files(material: Material) -> pl.DataFrame:
    """Refused access, per container and window.

    Beside the surprise of each path given the program (`READ`, `WRITE`;
    `rtml.features.surprise`):

    - ``refused``: distinct paths that were refused (EPERM, EACCES); 0 and up, 0 in a window
      without file events.

    Opens of files that do not exist are left out everywhere. Fails when a sensor gives no path or
    only some opens, when a secret lies where the program reads anyway, and for what is read through
    a descriptor that was opened before.

    References
    ----------
    Gao et al., "SAQL", USENIX Security 2018,
    https://www.usenix.org/conference/usenixsecurity18/presentation/gao-peng (rare file access as a
    signal); MITRE ATT&CK T1552.001, https://attack.mitre.org/techniques/T1552/001/.

    Examples
    --------
    >>> import datetime as dt
    >>> from rtml.features import windows
    >>> events = pl.DataFrame({"time": [dt.datetime(2026, 1, 1)] * 3, "seq": [1, 2, 3],
    ...     "kind": ["open"] * 3, "container_id": ["c"] * 3, "result": [-13, -13, -2],
    ...     "path": ["/etc/shadow", "/etc/shadow", "/etc/nope"]})
    >>> windows(events, families=["files"]).row(0, named=True)["files.refused"]
    1.0
    """
    cells = [material.cells[conditional.name].filter(_REFUSED) for conditional in (READ, WRITE)]
    paths = pl.concat(refusals.select(*CELL, "path") for refusals in cells)
    return paths.group_by(CELL).agg(refused=pl.col("path").n_unique().cast(pl.Float64))


FILES = Family("files", files, ("refused",), conditionals=(READ, WRITE), phrase="path given the program")
