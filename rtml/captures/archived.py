"""Tables of a growing capture over what stands in its state and what was put away, as one."""

from __future__ import annotations

import polars as pl

from rtml.captures.manifest import Growing
from rtml.captures.parts import scan_table

__all__ = ["over_archive"]


def over_archive(path: str, growing: Growing, table: str, schema: pl.Schema) -> pl.LazyFrame:
    """Scan ``processes`` or ``identities`` of a capture at ``path``: each row is either living or put away.

    A process that came back stands in the state; ``gone.parquet`` names it, with the part that it left.
    """
    rows = [scan_table(f"{path}/{growing.state}/{table}.parquet", schema)]
    whole = [f"{path}/{part.name}/{table}.parquet" for part in growing.archive if not part.gone]
    if whole:
        rows.append(scan_table(whole, schema))
    for part in growing.archive:
        if part.gone:
            gone = pl.scan_parquet(f"{path}/{growing.state}/gone.parquet", glob=False)
            own = gone.filter(pl.col("part") == part.name).select(process_id="unit")
            inside = scan_table(f"{path}/{part.name}/{table}.parquet", schema)
            rows.append(inside.join(own, on="process_id", how="anti", maintain_order="left"))
    return pl.concat(rows)
