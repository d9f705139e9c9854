"""Activity: how much happens, by kind of event."""

from __future__ import annotations

import polars as pl

from rtml.features.contract import Family
from rtml.features.pairs import CELL, Material
from rtml.schema import KINDS

__all__ = ["ACTIVITY", "activity"]

_SPECIAL = ("all", "failed", "kinds")


def activity(material: Material) -> pl.DataFrame:
    """Rates of events per kind, per container and window.

    ``rate(kind) = sum of count / minutes in a window``, with ``count`` 1 where the sensor does not
    aggregate:

    - one column per kind of `rtml.schema.KINDS`: events per minute; 0 and up.
    - ``all``: events of every kind per minute; 0 and up.
    - ``failed``: events whose result is an error, per minute; 0 and up.
    - ``kinds``: distinct kinds seen; 0 to the number of kinds.

    A kind that did not occur has 0; a window without any event has no row. Fails when load moves
    for good reasons, which is why rates alone are weak evidence, and for the first and last window
    of a container, which it lives through only in part. What a sensor cannot see stays 0.

    References
    ----------
    Forrest et al., "A sense of self for Unix processes", 1996,
    https://doi.org/10.1109/SECPRI.1996.502675 (that counts of calls tell programs apart).

    Examples
    --------
    >>> import datetime as dt
    >>> from rtml.features import windows
    >>> events = pl.DataFrame({"time": [dt.datetime(2026, 1, 1)] * 3, "seq": [1, 2, 3],
    ...     "kind": ["open", "open", "exec"], "container_id": ["c"] * 3, "result": [0, -2, 0]})
    >>> row = windows(events, families=["activity"], every="30s").row(0, named=True)
    >>> row["activity.open"], row["activity.all"], row["activity.failed"], row["activity.kinds"]
    (4.0, 6.0, 2.0, 2.0)
    """
    cells = material.source.volume
    totals = cells.group_by(CELL).agg(
        all=pl.col("hits").sum(), failed=pl.col("failed").sum(), kinds=pl.len().cast(pl.Float64)
    )
    by_kind = cells.pivot("kind", on_columns=KINDS, index=CELL, values="hits")
    rates = pl.col(*KINDS, "all", "failed") * (60 / material.source.every.seconds)
    return by_kind.join(totals, on=CELL).with_columns(rates)


ACTIVITY = Family("activity", activity, (*KINDS, *_SPECIAL))
