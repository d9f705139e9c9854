"""Windows: one row per container and minute, one column per feature."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from rtml.baselines import Baseline
from rtml.features.contract import Family
from rtml.features.pairs import CELL, Material, TakenUp, gather
from rtml.features.source import Source, Unit
from rtml.features.surprise import EVENT_SURPRISES, event_surprises, window_surprises
from rtml.progress import steps
from rtml.schema import IDENTITY, empty

__all__ = ["assemble", "assemble_with_surprises", "schema"]

_UTC = pl.Datetime("ns", "UTC")


def schema(families: Iterable[Family], unit: Unit = "container") -> pl.Schema:
    """Return the columns of a windows frame: identity, window, counts, then the features.

    Rows of trees have ``process_id`` besides, their lineage root; null: of no known process.
    """
    identity = {name: pl.String() for name in IDENTITY if name != "container_id"}
    features = {name: pl.Float64() for family in families for name in family.columns}
    tree = {"process_id": pl.Int64()} if unit == "tree" else {}
    head = {"container_id": pl.String(), "window": _UTC, **tree, **identity}
    return pl.Schema({**head, "events": pl.Int64(), "complete": pl.Boolean(), **features})


def _base(source: Source) -> pl.DataFrame:
    """Return every window that has an event, with its container's identity."""
    counted = source.volume.group_by(CELL).agg(pl.col("hits").sum().alias("events"))
    return counted.join(source.identity, on="container_id", how="inner")


def _complete(base: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Add ``complete``: false where the host lost events at some time of the window."""
    marked = source.lossy.with_columns(complete=pl.lit(False))
    joined = base.join(marked, on=["container_id", "window"], how="left")
    return joined.with_columns(pl.col("complete").fill_null(True))


def _of_family(family: Family, material: Material) -> list[pl.DataFrame]:
    """Return the feature tables of one family, with full names."""
    features = family.own(material)
    full = {name: f"{family.name}.{name}" for name in family.names}
    tables = [features.rename(full).select(*CELL, *full.values())]
    if material.pairs:
        tables.append(window_surprises(family, material.pairs))
    return [table.with_columns(pl.col("container_id").cast(pl.String)) for table in tables]


def _filled(table: pl.DataFrame, family: Family, baseline: Baseline) -> pl.DataFrame:
    """Nothing of interest happened: 0. Nothing was learnt to compare with: null."""
    unknown = family.compared if baseline.empty else ()
    values = [
        pl.lit(None, pl.Float64).alias(name)
        if name in unknown
        else pl.col(name).cast(pl.Float64).fill_null(0.0)
        for name in family.columns
    ]
    return table.with_columns(values)


def assemble(
    source: Source, baseline: Baseline, families: Mapping[str, Family], *, beyond_peers: bool = False
) -> pl.DataFrame:
    """Compute the families over a source: see `rtml.features.windows`."""
    return _assembled(source, baseline, families, detailed=False, beyond_peers=beyond_peers, following=None)[
        0
    ]


def assemble_with_surprises(
    source: Source,
    baseline: Baseline,
    families: Mapping[str, Family],
    *,
    beyond_peers: bool = False,
    following: TakenUp | None = None,
    ordered: bool = True,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Compute the families, and the surprise of single events, from one reading of the events.

    Returns
    -------
    Windows as of `assemble`, and `EVENT_SURPRISES`: one row per window, process and distinct
    (context, key), standing for the first such event; sorted by time, unless nobody asks for an order. No
    rows without a baseline.
    """
    table, parts = _assembled(
        source, baseline, families, detailed=True, beyond_peers=beyond_peers, following=following
    )
    events = pl.concat([empty(EVENT_SURPRISES), *parts])
    if not ordered:
        return table, events
    return table, events.sort("time", "host", "seq", "conditional", "context", "key")


def _assembled(
    source: Source,
    baseline: Baseline,
    families: Mapping[str, Family],
    *,
    detailed: bool,
    beyond_peers: bool,
    following: TakenUp | None,
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    table, events = _complete(_base(source), source), []
    roots = source.roots if detailed and not baseline.empty else None
    for family in steps(families.values(), "features", "families"):
        material = gather(
            source,
            family.conditionals,
            baseline,
            detailed=detailed,
            beyond_peers=beyond_peers,
            following=following,
        )
        for features in _of_family(family, material):
            table = table.join(features, on=CELL, how="left")
        table = _filled(table, family, baseline)
        if roots is not None:
            events += [event_surprises(c, material.pairs[c.name], roots) for c in family.conditionals]
    columns = schema(families.values(), source.unit)
    named = table.with_columns(process_id=pl.col("root_id").replace(0, None))
    ordered = named.sort(CELL).select(pl.col(name).cast(kind) for name, kind in columns.items())
    return ordered, events
