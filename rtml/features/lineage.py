"""Lineage: which program started which, given what had started it.

A container runs few chains of programs, and runs them again and again. ``nginx -> sh -> curl`` is
strange where nginx never started a shell, even if sh and curl are usual in themselves.
"""

from __future__ import annotations

import polars as pl

from rtml.baselines import Conditional, Level, Selection
from rtml.baselines.conditional import FLEET, IMAGE, REPOSITORY, SEPARATOR, WORKLOAD
from rtml.features.contract import Family
from rtml.features.pairs import CELL, Material
from rtml.features.programs import BARE, PROGRAM, SERVICES, SHELLS, runs, settled, with_bare

__all__ = ["CHILD", "DEPTH", "LINEAGE", "lineage"]

DEPTH = 4
"""Ancestors that a chain keeps."""

_KEY = ["host", "seq"]


def _with_ancestors(execs: pl.LazyFrame, processes: pl.LazyFrame) -> pl.LazyFrame:
    """Add ``ancestors`` of every exec: the image that it made is the one with its ``seq``."""
    images = processes.filter(pl.col("image_seq").is_not_null()).select(
        pl.col("host").cast(pl.String).alias("_host"), pl.col("image_seq").alias("seq"), "ancestors"
    )
    keyed = execs.with_columns(pl.col("host").cast(pl.String).alias("_host"))
    return keyed.join(images.unique(["_host", "seq"]), on=["_host", "seq"], how="left").drop("_host")


def _with_chain(execs: pl.LazyFrame, processes: pl.LazyFrame) -> pl.LazyFrame:
    """Add ``chain`` (the nearest `DEPTH` ancestors, nearest first, one text) and ``depth``."""
    nearest = pl.col("ancestors").list.head(DEPTH)
    single_lines = nearest.list.eval(pl.element().str.replace_all("\n", " ", literal=True))
    return _with_ancestors(with_bare(execs, processes), processes).with_columns(
        chain=single_lines.list.join(SEPARATOR, ignore_nulls=True).fill_null(""),
        depth=pl.col("ancestors").list.len().fill_null(0),
    )


def _normal_chain() -> pl.Expr:
    parts = pl.col("chain").str.split(SEPARATOR)
    return parts.list.eval(settled(pl.element())).list.join(SEPARATOR)


CHILD = Conditional(
    name="lineage.child",
    selection=Selection(("exec",), ("exe", BARE, "chain", "depth"), prepare=_with_chain),
    key=PROGRAM,
    subject=_normal_chain(),
    levels=(
        Level(IMAGE, 4),
        Level(WORKLOAD, 4),
        Level(WORKLOAD, 3),
        Level(WORKLOAD, 2),
        Level(WORKLOAD, 1),
        Level(REPOSITORY, 1),
        Level(FLEET, 1),
        Level(WORKLOAD),
        Level(FLEET),
    ),
)
"""P(program | chain of up to four ancestors): long chains of this workload first, then shorter
ones, then the parent alone anywhere, then what this workload, then what anything ever runs."""


def lineage(material: Material) -> pl.DataFrame:
    """Depth of process trees and shells under services, per container and window.

    Beside the surprise of each program given its ancestors (`CHILD`; `rtml.features.surprise`):

    - ``depth_max``: ancestors of the deepest program started, in processes; 0 to 8 (chains are
      cut there).
    - ``shell_under_service``: distinct programs and parents where a shell was started directly by
      a network service (`rtml.features.programs`); in pairs, 0 and up.

    Both are 0 in a window that starts no program. Fails when a service is unknown by name or starts
    shells as a matter of course (then the count is usual there, and detectors learn so), when the
    sensor loses the exec of a parent, and when the attack stays inside one process.

    References
    ----------
    NoDoze (Hassan et al., NDSS 2019), https://www.ndss-symposium.org/ndss-paper/nodoze-combatting-
    threat-alert-fatigue-with-automated-provenance-triage/ for rarity of chains;
    MITRE ATT&CK T1059, https://attack.mitre.org/techniques/T1059/.

    Examples
    --------
    >>> import datetime as dt
    >>> from rtml.features import windows
    >>> events = pl.DataFrame({"time": [dt.datetime(2026, 1, 1)], "seq": [1], "kind": ["exec"],
    ...     "host": ["h"], "container_id": ["c"], "process_id": [2], "exe": ["/bin/sh"]})
    >>> images = pl.DataFrame({"host": ["h"], "image_seq": [1], "process_id": [2],
    ...     "ancestors": [["/usr/sbin/nginx", "/init"]]})
    >>> row = windows(events, processes=images, families=["lineage"]).row(0, named=True)
    >>> row["lineage.depth_max"], row["lineage.shell_under_service"], row["lineage.bits_sum"]
    (2.0, 1.0, None)
    """
    cells = material.cells[CHILD.name].lazy()
    parent = pl.col("chain").str.split(SEPARATOR).list.first()
    shell = runs(pl.col("exe").cast(pl.String), SHELLS) & runs(parent, SERVICES)
    rows = cells.with_columns(parent=parent, shell=shell)
    counted = rows.group_by(CELL).agg(
        depth_max=pl.col("depth").max().cast(pl.Float64),
        shell_under_service=pl.struct("exe", "parent").filter("shell").n_unique().cast(pl.Float64),
    )
    return counted.collect()


LINEAGE = Family(
    "lineage",
    lineage,
    ("depth_max", "shell_under_service"),
    conditionals=(CHILD,),
    purpose="Execution",
    phrase="child given its ancestors",
)
