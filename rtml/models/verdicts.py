"""Verdicts of people on findings of a stream: what is nothing is learnt."""

from __future__ import annotations

import polars as pl

from rtml import baselines
from rtml.models.backlog import joined
from rtml.models.learners import Learners
from rtml.models.ongoing import Ongoing
from rtml.models.parts import Parts
from rtml.models.renewal import dismissed
from rtml.times import instant

__all__ = ["dismiss"]

_TREE = ["container_id", "window", "process_id"]


def dismiss(parts: Parts, going: Ongoing, findings: pl.DataFrame) -> int:
    """Learn the trees of findings that were held back: see `rtml.models.Model.dismiss`."""
    every, families = parts.description.window, parts.description.families
    names = ["container_id", "process_id", "first_seen", "last_seen"]
    which = going.held.clear()
    for container, process, first, last in findings.select(names).iter_rows():
        begun = every.border_before(first)
        within = pl.col("window").is_between(instant(begun), instant(last)) & (
            pl.col("container_id") == container
        )
        which = pl.concat([which, going.held.filter(within, pl.col("process_id").eq_missing(process))])
        events = within & pl.col("_root").eq_missing(pl.lit(process, pl.Int64))
        learnt = dismissed(going, joined(going, None, every), families, events)
        parts.baseline, going.fresh = (baselines.merge(old, learnt) for old in (parts.baseline, going.fresh))
    learners = Learners(parts.detectors, going.known, going.hour, going.held)
    learners.dismiss(which.unique(maintain_order=True))
    going.held = learners.held
    return which.select(_TREE).unique().height
