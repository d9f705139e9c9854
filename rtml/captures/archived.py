"""Tables of a growing capture over what stands in its state and what was put away, as one."""

from __future__ import annotations

import polars as pl

from rtml.captures.manifest import Growing
from rtml.captures.parts import scan_table

__all__ = ["archived", "over_archive"]

_GONE = pl.Schema({"part": pl.String(), "unit": pl.Int64()})


def over_archive(path: str, growing: Growing, table: str, schema: pl.Schema) -> pl.LazyFrame:
    """Scan ``processes`` or ``identities`` of a capture at ``path``, of the living and those put away."""
    living = scan_table(f"{path}/{growing.state}/{table}.parquet", schema)
    return pl.concat([living, *archived(path, growing, table, schema)])


def archived(path: str, growing: Growing, table: str, schema: pl.Schema) -> list[pl.LazyFrame]:
    """Scan what was put away.

    A process that came back stands in the state; ``gone.parquet`` there names it, with the part that it left.
    """
    whole = [f"{path}/{part.name}/{table}.parquet" for part in growing.archive if not part.gone]
    rows = [scan_table(one, schema) for one in whole]  # one by one: each that is damaged is named
    for part in growing.archive:
        if part.gone:
            gone = scan_table(f"{path}/{growing.state}/gone.parquet", _GONE)
            own = gone.filter(pl.col("part") == part.name).select(process_id="unit")
            inside = scan_table(f"{path}/{part.name}/{table}.parquet", schema)
            rows.append(inside.join(own, on="process_id", how="anti", maintain_order="left"))
    return rows
