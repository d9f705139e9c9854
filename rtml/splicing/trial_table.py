"""One row per trial: all that its rows will be rewritten with."""

from __future__ import annotations

import polars as pl

from rtml.schema import IDENTITY
from rtml.splicing.placing import Trial
from rtml.splicing.recorded import Recorded

__all__ = ["trial_table"]

_SCHEMA = {
    "trial": pl.Int64,
    "attack_id": pl.String,
    "container_id": pl.String,
    "at": pl.Int64,
    "new_parent": pl.Int64,
    "new_lineage": pl.Int64,
    "new_ppid": pl.Int32,
    "new_init": pl.Int32,
}


def trial_table(
    chosen: list[Trial], ends: pl.DataFrame, recorded: Recorded, containers: pl.DataFrame
) -> pl.DataFrame:
    """Return one row per trial: its container's identity, shift in time, what is above its root."""
    rows = [_row(number, trial) for number, trial in enumerate(chosen)]
    return (
        pl.DataFrame(rows, schema=_SCHEMA, orient="row")
        .join(ends.select("attack_id", "begin"), on="attack_id", maintain_order="left")
        .with_columns(shift=pl.col("at") - pl.col("begin"))
        .drop("at", "begin")
        .join(_root_ppids(recorded), on="attack_id", how="left", maintain_order="left")
        .join(containers.select(IDENTITY), on="container_id", maintain_order="left")
    )


def _row(number: int, trial: Trial) -> tuple[object, ...]:
    """Return the values of `_SCHEMA`."""
    place = trial.place
    above = (place.parent, place.lineage, place.ppid, place.init)
    return (number, trial.attack_id, place.container_id, trial.begin, *above)


def _root_ppids(recorded: Recorded) -> pl.DataFrame:
    """Which pid each attack's root shows as its parent."""
    roots = recorded.own_images.join(
        recorded.labels.select("attack_id", "process_id"), on=["attack_id", "process_id"]
    )
    return roots.group_by("attack_id").agg(old_ppid=pl.col("ppid").drop_nulls().first())
