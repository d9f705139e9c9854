"""Our approximation of the gate on 14 finding types: report only the suspicious cases.

GuardDuty reports these types "only in suspicious instances" and does not publish which. So a rule
that fires on the literal condition (*ungated*) and GuardDuty's finding are not the same thing.
What passes here (*gated*), in full:

* not below, and not written by, a package manager or builder in the system's folders
  (`rtml.rules.correlations.programs.INSTALLERS`);
* and **new**: no hit of the same rule by the same program (numbers in its name aside) in the same
  workload more than five minutes earlier in the capture. Nothing earlier: new;
* or **correlated**: within five minutes before or after, a hit of another finding type that is new
  itself, of level medium or above in the same process tree, or high or above in the same container.

Types whose gate is ``correlated`` in the catalogue must be correlated; being new is not enough. The
gate looks at a container's own time around a hit and at what its workload did before, so what other
containers do later changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rtml.asof import asof
from rtml.captures.store import Capture
from rtml.findings.levels import LEVELS
from rtml.findings.unit import SLOT
from rtml.peers import peer_group
from rtml.rules.correlations.programs import INSTALLERS, ordinary
from rtml.rules.language.contract import Rule
from rtml.rules.running.catalogue import catalogue

__all__ = ["passing", "with_gated"]

_TREE, _CONTAINER = ["host", "container_id", "root_id"], ["host", "container_id"]


def passing(hits: pl.DataFrame, rules: Sequence[Rule], capture: Capture) -> pl.Series:
    """Tell which hits pass our gate; hits of types without a gate all do.

    Parameters
    ----------
    hits
        `rtml.rules.account.HITS`, perhaps with ``entry``.
    rules
        Those that were evaluated.
    capture
        For the programs behind the hits.

    Returns
    -------
    Boolean, one for each hit in their order; empty for no hits.
    """
    rows = _described(hits, rules, capture)
    near = _beside(rows, _TREE, "medium") | _beside(rows, _CONTAINER, "high")
    rows = rows.with_columns(near=near)
    free = pl.col("gate").is_null()
    allowed = pl.col("near") | (pl.col("new") & (pl.col("gate") == "unusual"))
    return rows.select(passes=free | (allowed & ~pl.col("installed")).fill_null(False)).to_series()


def with_gated(table: pl.DataFrame, hits: pl.DataFrame, passes: pl.Series) -> pl.DataFrame:
    """Add ``gated`` to the account of rules: the hits that pass our gate, beside all ``hits``."""
    counts = hits.filter(passes).group_by("rule").agg(gated=pl.col("count").fill_null(1).sum())
    joined = table.join(counts, on="rule", how="left", maintain_order="left")
    return joined.with_columns(pl.col("gated").fill_null(0).cast(pl.Int64))


def _described(hits: pl.DataFrame, rules: Sequence[Rule], capture: Capture) -> pl.DataFrame:
    """Add ``type, level, gate, new, installed`` to the hits, in their order."""
    facts = pl.DataFrame(
        {
            "rule": [rule.id for rule in rules],
            "type": [rule.finding_type for rule in rules],
            "level": [LEVELS[rule.level] for rule in rules],
            "gate": [catalogue().get(rule.finding_type, {}).get("gate") for rule in rules],
        },
        schema={"rule": pl.String, "type": pl.String, "level": pl.Float64, "gate": pl.String},
    )
    rows = hits.with_row_index("_row").join(facts, on="rule", how="left", maintain_order="left")
    rows = _with_programs(rows, capture)
    alike = pl.col("program").str.replace_all(r"\d+", "#")
    first = pl.col("time").min().over(peer_group(rows.columns), "rule", alike)
    writer = pl.lit(None, pl.String)
    if "entry" in rows.columns:
        writer = pl.col("entry").str.extract(r" written by (/\S+)$", 1)
    under = pl.col("ancestors").list.eval(ordinary(pl.element(), INSTALLERS)).list.any()
    by = ordinary(pl.col("program"), INSTALLERS) | ordinary(writer, INSTALLERS)
    return rows.with_columns(
        new=pl.col("time") <= first.dt.offset_by(SLOT), installed=by | under.fill_null(False)
    )


def _with_programs(rows: pl.DataFrame, capture: Capture) -> pl.DataFrame:
    """Add the program that ran at the hit, and its ancestors, from the process table."""
    wanted = rows.lazy().select("process_id").unique()
    images = (
        capture.processes()
        .join(wanted, on="process_id", how="semi")
        .select(
            "process_id",
            "image_seq",
            "ancestors",
            time="since",
            program=pl.coalesce("exe", "/" + pl.col("comm")),
        )
        .drop_nulls("process_id")
        .sort("time", "process_id", "image_seq", nulls_last=False)
        .drop("image_seq")
        .collect()
    )
    named = asof(rows.sort("time", maintain_order=True), images, on="time", by="process_id")
    return named.sort("_row")


def _beside(rows: pl.DataFrame, by: list[str], least: str) -> pl.Series:
    """Tell which rows have a new hit of another type, of at least this level, near them in time."""
    beside = pl.Series([False] * rows.height, dtype=pl.Boolean)
    others = rows.filter((pl.col("level") >= LEVELS[least]) & pl.col("new")).drop_nulls(by)
    ordered = rows.select("_row", "time", "type", *by).sort("time", maintain_order=True)
    for kind in others["type"].unique().sort():
        of_type = others.filter(pl.col("type") == kind).select(*by, "time", near=True)
        joined = asof(
            ordered, of_type.sort("time"), on="time", by=by, strategy="nearest", tolerance=SLOT
        ).sort("_row")
        beside |= joined.select((pl.col("type") != kind) & pl.col("near").fill_null(False)).to_series()
    return beside
