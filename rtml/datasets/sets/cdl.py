"""System-call counts of containers under attack: one container per CVE (NCSU: CDL, SHIL).

A Parquet file per CVE: ``part`` (benign, test), ``run``, ``timestamp`` (ms), ``attack`` (1 from the attack's
begin to its success), and one column of counts per system call. Beside them may lie ``published_shil.csv``,
what others made of the same rows.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rtml.datasets.contract import Dataset, Draft, Published
from rtml.datasets.finding import matching
from rtml.datasets.tables import parquet_table, require_columns
from rtml.errors import RtmlError
from rtml.progress import steps

__all__ = ["CDL", "HELD", "published_of"]

HELD = (3, 6, 9, 12)
"""Benign runs for thresholds. The load changes every three runs or so: one run of each load is held out."""

_KEYS = ("part", "run", "timestamp", "attack")
_PUBLISHED = ("method", "cve", "run", "fp", "tp", "fn", "tn", "lead_s", "detected")
_RESULTS = "published_shil.csv"


def read(source: Path, out: Path) -> Draft:
    """Read every CVE that others published results of; all where their results are not there."""
    files = matching(source, ("CVE-*.parquet",), "the counts of a CVE")
    tables = {path.stem: _rows(path) for path in steps(files, "reading", "CVEs")}
    results = source / _RESULTS
    if not results.is_file():
        note = f"{_RESULTS} is not there: no published results of the same rows stand beside ours"
        return Draft(files, rows=_together(tables), notes=[note])
    known = _results(results)
    missing = sorted(set(known["cve"]) - set(tables))
    aside = sorted(set(tables) - set(known["cve"]))
    notes = [f"left aside, as nobody published results of it: {', '.join(aside)}"] if aside else []
    if missing:
        notes.append(f"published results are of the CVEs that are there; missing: {', '.join(missing)}")
    kept = {cve: rows for cve, rows in tables.items() if cve not in aside}
    if not kept:
        raise RtmlError(
            f"{source}: {_RESULTS} names none of the CVEs that are there; are they of one release?"
        )
    used = [path for path in files if path.stem in kept]
    return Draft([*used, results], rows=_together(kept), notes=notes, published=published_of(known, kept))


def _rows(path: Path) -> pl.DataFrame:
    table = parquet_table(path, _KEYS)
    names = [name for name in table.columns if name not in _KEYS]
    cve, run, during = path.stem, pl.col("run").cast(pl.Int64), pl.col("attack") == 1
    begun = during.cum_max().over("part", "run")
    benign = pl.col("part") == "benign"
    role = pl.when(benign & run.is_in(HELD)).then(pl.lit("calibrate")).when(benign).then(pl.lit("train"))
    return table.sort("part", "run", "timestamp").select(
        role=role.otherwise(pl.lit("test")),
        part=pl.lit(cve),
        group=pl.format("{}/{}-{}", pl.lit(cve), "part", "run"),
        time=pl.from_epoch("timestamp", "ms").dt.cast_time_unit("ns").dt.replace_time_zone("UTC"),
        # After success an attack is neither missed nor found, and a flagged window is not false.
        attack=pl.when(during).then(1).when(~begun).then(0).cast(pl.Int8),
        attack_id=pl.when(during).then(pl.format("{}/{}", pl.lit(cve), "run")),
        **{f"syscalls.{name}": pl.col(name).cast(pl.Float64) for name in names},
    )


def _together(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Join CVEs: a call that one of them never made is null there, and that CVE's model does not see it."""
    return pl.concat([tables[cve] for cve in sorted(tables)], how="diagonal")


def _results(path: Path) -> pl.DataFrame:
    try:
        table = pl.read_csv(path, infer_schema_length=None, glob=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RtmlError(f"{path}: cannot be read as CSV ({str(error).splitlines()[0]})") from error
    require_columns(table.columns, _PUBLISHED, path)
    return table


def published_of(results: pl.DataFrame, tables: dict[str, pl.DataFrame]) -> list[Published]:
    """Return published results, one per method, over the CVEs that are there."""
    here = results.filter(pl.col("cve").is_in(sorted(tables)))
    sums = here.group_by("method").agg(
        pl.col("detected", "fp", "tn").sum(),
        attacks=pl.len(),
        lead=pl.col("lead_s").filter(pl.col("detected") == 1).mean(),
    )
    return [
        Published(
            who=row["method"],
            note=f"SHIL repository (Apache-2.0), same windows; mean lead {row['lead'] or 0:.1f} s",
            found=row["detected"],
            attacks=row["attacks"],
            false_share=row["fp"] / max(row["fp"] + row["tn"], 1),
        )
        for row in sums.sort("method").iter_rows(named=True)
    ]


CDL = Dataset(
    name="cdl",
    kind="rows",
    what="counts of system calls per 100 ms of one container per CVE: benign runs, and runs with one attack"
    " each",
    licence="MIT",
    size="16 CVEs of the two releases, 5 MB as Parquet",
    origin="NCSU DANCE group, repositories CDL and SHIL; data of the IEEE S&P 2024 SoK on container attack"
    " detection",
    row="window of 100 ms",
    row_seconds=0.1,
    published_protocol="models learn benign runs; false: flagged before the attack begins; found: flagged"
    " from its"
    " begin to its success; how they divided the benign runs is not known",
    protocol="one model per CVE from 8 benign runs, threshold from 4 others; false and found as published;"
    " windows after success count neither way",
    read=read,
    signs=("CVE-*.parquet",),
    tried="the 16 CVEs of ../shared/data/cdl",
)
