"""Binaries: which programs run here, how common they are, and where their files came from.

A container image fixes the programs. One that no other container runs, that was written after the
container started, that lies where anyone may write or has no file at all did not come with it.
"""

from __future__ import annotations

import polars as pl

from rtml.baselines import Conditional, Level, Selection
from rtml.baselines.conditional import FLEET, IMAGE, REPOSITORY, WORKLOAD
from rtml.features.contract import Family
from rtml.features.pairs import CELL, Material
from rtml.features.prevalence import rarity
from rtml.features.programs import BARE, PROGRAM, with_bare
from rtml.schema import WORLD_WRITABLE

__all__ = ["BINARIES", "PROGRAMS", "binaries"]


_CODE = ["group", "pair"]
_ORIGIN = ("written", "memory")


def _with_origin(events: pl.LazyFrame, processes: pl.LazyFrame) -> pl.LazyFrame:
    """Add the program, and whether its file was written here or is no file at all."""
    return with_bare(events, processes).with_columns(
        written=pl.col("exe_written").is_not_null(), memory=pl.col("exe_memory").fill_null(False)
    )


PROGRAMS = Conditional(
    name="binaries.program",
    selection=Selection(("exec",), ("exe", BARE, *_ORIGIN), prepare=_with_origin),
    key=PROGRAM,
    subject=pl.lit(None, pl.String),
    levels=(Level(IMAGE), Level(WORKLOAD), Level(REPOSITORY), Level(FLEET)),
)
"""P(program started | peer group): this workload in this image first, then wider."""


def _origins(started: pl.DataFrame) -> pl.DataFrame:
    """Count distinct programs started, by where their files came from."""
    exe = pl.col("exe").cast(pl.String)
    anywhere = pl.any_horizontal(exe.str.starts_with(folder) for folder in WORLD_WRITABLE)
    origin = {
        "written": pl.col("written"),
        "memory": pl.col("memory") | exe.str.starts_with("/memfd:"),
        "world_writable": anywhere,
    }
    counts = [
        pl.col("exe").filter(test.fill_null(False)).n_unique().cast(pl.Float64).alias(name)
        for name, test in origin.items()
    ]
    return started.group_by(CELL).agg(counts)


def binaries(material: Material) -> pl.DataFrame:
    """Prevalence and origin of the programs started, per container and window.

    Beside the surprise of each program in its peer group (`PROGRAMS`; `rtml.features.surprise`),
    the rarest program started in the window, over three populations of the baseline, in bits:
    ``rarity = -log2((k + 1/2) / (n + 1))`` with k of n members having started it (Krichevsky and
    Trofimov's correction: with n = 0 nothing is known and the rarity is 1 bit, with n = 1000
    a program that nobody runs has 11).

    - ``rarity_peers``: over the containers of the same peer group (`rtml.peers`); 0 and up.
    - ``rarity_images``: over images; 0 and up.
    - ``rarity_fleet``: over all containers; 0 and up.
    - ``written``: distinct programs whose file was written inside the container; 0 and up.
    - ``memory``: distinct programs run from memory or from a deleted file; 0 and up.
    - ``world_writable``: distinct programs below `rtml.schema.WORLD_WRITABLE`; 0 and up.

    All are 0 in a window that starts no program; rarities are null without a baseline. Fails when
    an attacker lives off what the image offers (then lineage and arguments must tell), and where
    the sensor cannot see writes (``written`` stays 0).

    References
    ----------
    Krichevsky & Trofimov, "The performance of universal encoding", 1981,
    https://doi.org/10.1109/TIT.1981.1056331; MITRE ATT&CK T1105 and T1620,
    https://attack.mitre.org/techniques/T1620/.

    Examples
    --------
    >>> import datetime as dt
    >>> from rtml.features import windows
    >>> events = pl.DataFrame({"time": [dt.datetime(2026, 1, 1)] * 2, "seq": [1, 2],
    ...     "kind": ["exec"] * 2, "container_id": ["c"] * 2, "exe": ["/tmp/x", "/memfd:y"],
    ...     "exe_memory": [False, True], "exe_written": [dt.datetime(2025, 12, 31), None]})
    >>> row = windows(events, families=["binaries"]).row(0, named=True)
    >>> [row[f"binaries.{name}"] for name in ("written", "memory", "world_writable")]
    [1.0, 1.0, 1.0]
    """
    origins = _origins(material.cells[PROGRAMS.name])
    if not material.pairs:
        return origins.with_columns(pl.lit(None, pl.Float64).alias(name) for name in _RARITY)
    started, history = material.pairs[PROGRAMS.name], material.baseline
    rare = rarity(started.names, history.of(PROGRAMS.name), history.population())
    rarest = (
        started.rows.filter(~pl.col("shared")).join(rare, on=_CODE).group_by(CELL).agg(pl.col(_RARITY).max())
    )
    return origins.join(rarest, on=CELL, how="left")


_RARITY = ("rarity_peers", "rarity_images", "rarity_fleet")
BINARIES = Family(
    "binaries",
    binaries,
    (*_RARITY, "written", "memory", "world_writable"),
    conditionals=(PROGRAMS,),
    historical=_RARITY,
    purpose="Execution",
    phrase="program given the image",
)
