"""Titles of model findings: ``web: nginx -> sh -> curl (never seen: child given ...)``."""

from __future__ import annotations

from typing import Any

import polars as pl

from rtml.asof import asof
from rtml.captures.processes import BY_TIME
from rtml.features import FAMILIES
from rtml.text import basename

__all__ = ["titles_of"]

_ROOT = ["container_id", "slot", "process_id"]
_LONGEST_CHAIN = 4


def titles_of(events: pl.DataFrame, processes: pl.DataFrame) -> pl.DataFrame:
    """Return ``container_id, slot, process_id, title`` from each unit's most surprising event.

    Parameters
    ----------
    events
        Surprising events with ``bits, family, top`` (a family whose events come first if they carry
        a quarter of the bits of the greatest, or null), ``key, seen, process`` and ``time``.
    processes
        Process images, for the chain of programs that led to the event.
    """
    great = pl.col("bits") * 4 >= pl.col("bits").max().over(_ROOT)
    of_top_family = ((pl.col("family") == pl.col("top")) & great).fill_null(False)
    best = (
        events.with_columns(of_top_family=of_top_family)
        .sort(
            ["of_top_family", "bits", "time", "seq"], descending=[True, True, False, False], nulls_last=True
        )
        .unique(_ROOT, keep="first", maintain_order=True)
    )
    images = processes.sort(BY_TIME).select(
        "since", "exe", "ancestors", process="process_id", name=pl.coalesce("exe", "[" + pl.col("comm") + "]")
    )
    placed = asof(
        best.drop("exe", "ancestors", "name", strict=False).sort("time"),
        images,
        left_on="time",
        right_on="since",
        by="process",
    )
    rows = placed.iter_rows(named=True)
    return placed.select(*_ROOT).with_columns(title=pl.Series([_title(row) for row in rows], dtype=pl.String))


def _title(row: dict[str, Any]) -> str:
    where = row["workload"] or row["container_name"] or row["container_id"][:12]
    if row["seq"] is None:
        return f"{where}: unusual activity, no single event stands out"
    chain = [name for name in [row["name"], *(row["ancestors"] or [])] if name]
    programs = [basename(name) for name in reversed(chain[:_LONGEST_CHAIN])]
    if row["family"] not in ("lineage", "binaries") or not programs:
        programs.append(str(row["key"]))
    return f"{where}: {' -> '.join(programs)} ({_why(row)})"


def _why(row: dict[str, Any]) -> str:
    phrase = (row["family"] in FAMILIES and FAMILIES[row["family"]].phrase) or row["family"]
    return f"{'rare' if row['seen'] else 'never seen'}: {phrase}, {row['bits']:.1f} bits"
