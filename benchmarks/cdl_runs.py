"""The published system-call counts of ``../shared/data/cdl`` as windows, and what others made of them.

One container per CVE, counts per 100 ms, 12 benign runs and 4 runs with one attack each. There are no
events in it: the table of windows is the way in, one column ``syscalls.NAME`` per system call.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from rtml.datasets.sets.cdl import HELD

SHARED = Path(__file__).parents[2] / "shared/data/cdl"
SECONDS = 0.1
"""Length of a window."""
_KEYS = ("part", "run", "timestamp", "attack")


@dataclass(frozen=True)
class Attack:
    """One run with an attack: its windows, and which of them the attack lasts."""

    cve: str
    run: int
    windows: pl.DataFrame
    during: npt.NDArray[np.int64]

    @property
    def name(self) -> str:
        """CVE and number of the run."""
        return f"{self.cve}/{self.run}"

    @property
    def before(self) -> int:
        """Windows before the attack: what is flagged there is false."""
        return int(self.during[0])


@dataclass(frozen=True)
class Container:
    """What is there of one CVE."""

    cve: str
    learn: pl.DataFrame
    held: list[pl.DataFrame]
    attacks: list[Attack]


def container(cve: str) -> Container:
    """Read one CVE."""
    table = pl.read_parquet(SHARED / f"{cve}.parquet").sort("part", "run", "timestamp")
    runs = {(part, run): rows for (part, run), rows in table.group_by("part", "run", maintain_order=True)}
    benign = {run: _windows(cve, rows) for (part, run), rows in runs.items() if part == "benign"}
    attacks = [
        Attack(cve, run, _windows(cve, rows), np.flatnonzero(rows["attack"].to_numpy()))
        for (part, run), rows in runs.items()
        if part == "test"
    ]
    learn = pl.concat([rows for run, rows in benign.items() if run not in HELD])
    return Container(cve, learn, [benign[run] for run in HELD], attacks)


def _windows(cve: str, rows: pl.DataFrame) -> pl.DataFrame:
    names = [name for name in rows.columns if name not in _KEYS]
    return rows.select(
        pl.format("{}-{}", "part", "run").alias("container_id"),
        pl.from_epoch("timestamp", "ms").dt.cast_time_unit("ns").dt.replace_time_zone("UTC").alias("window"),
        pl.lit(cve).alias("workload"),
        pl.sum_horizontal(names).alias("events"),
        *(pl.col(name).cast(pl.Float64).alias(f"syscalls.{name}") for name in names),
    )


def published() -> pl.DataFrame:
    """Return others' results, one row per method, CVE and run (SHIL's repository, Apache-2.0)."""
    return pl.read_csv(SHARED / "published_shil.csv")


def cves() -> list[str]:
    """Return the CVEs that others published results of: 15 of the 16."""
    return published()["cve"].unique().sort().to_list()


def disagreements(attacks: list[Attack]) -> Iterator[str]:
    """Yield where their counts do not fit ours: windows before the attack, all windows, longest lead."""
    known = {attack.name: attack for attack in attacks}
    for row in published().iter_rows(named=True):
        attack = known.get(f"{row['cve']}/{row['run']}")
        if attack is None:
            continue
        last = (attack.during[-1] - attack.during[0]) * SECONDS
        if row["fp"] + row["tn"] != attack.before:
            yield f"{attack.name}: the attack begins elsewhere"
        if row["fp"] + row["tn"] + row["tp"] + row["fn"] > attack.windows.height:
            yield f"{attack.name}: windows that are not here"
        if row["lead_s"] > last + SECONDS / 2:
            yield f"{attack.name}: a lead of {row['lead_s']} s in {last:.1f} s"
