"""The containers of a hunt by how strange their strangest process tree was."""

from __future__ import annotations

import polars as pl

from rtml.analyst.desk import Desk
from rtml.errors import UsageError
from rtml.schema import COMBINED

__all__ = ["ranked"]


def ranked(desk: Desk) -> pl.DataFrame:
    """Return ``container_id, workload, minutes, alarms, margin, incident``, the strangest first.

    Raises
    ------
    UsageError
        No model took part.
    """
    if desk.scored is None:
        raise UsageError("rules alone rank no containers: hunt with model=")
    scores = desk.scored.scores
    if COMBINED in desk.scored.alarms:
        scores = scores.filter(pl.col("detector") == COMBINED)
    containers = scores.group_by("container_id", "workload").agg(
        minutes=pl.col("window").n_unique(), alarms=pl.col("alarm").sum(), margin=pl.col("margin").max()
    )
    told = containers.join(_gravest(desk), on="container_id", how="left")
    return told.sort("margin", "container_id", descending=[True, False], nulls_last=True)


def _gravest(desk: Desk) -> pl.DataFrame:
    """Return the place of the gravest incident of each container, those of a whole group too."""
    places = desk.table.select("finding_ids").with_row_index("incident").explode("finding_ids")
    of = desk.findings.select("container_id", "containers", finding_ids="finding_id")
    group = of.select("finding_ids", container_id="containers").explode("container_id")
    both = pl.concat([of.select("finding_ids", "container_id"), group]).drop_nulls()
    return both.join(places, on="finding_ids").group_by("container_id").agg(pl.col("incident").min())
