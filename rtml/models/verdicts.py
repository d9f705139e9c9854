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
_CELL = ["_container", "window", "_root"]
_NAMES = dict(zip(_CELL, _TREE, strict=True))


def dismiss(parts: Parts, going: Ongoing, findings: pl.DataFrame) -> int:
    """Learn the trees of findings that were held back: see `rtml.models.Model.dismiss`."""
    every, names = parts.description.window, ["container_id", "process_id", "first_seen", "last_seen"]
    rows, events = going.held.clear(), pl.lit(False)
    for container, process, first, last in findings.select(names).iter_rows():
        spell = pl.col("window").is_between(instant(every.border_before(first)), instant(last))
        here = spell & (pl.col("container_id") == container)
        tree = pl.lit(process, pl.Int64)
        rows = pl.concat([rows, going.held.filter(here, pl.col("process_id").eq_missing(tree))])
        events |= here & pl.col("_root").eq_missing(tree)
    trees = [rows.select(_TREE)]
    if going.waiting.width:
        cells = going.waiting.filter(events).select(_container="container_id", window="window", _root="_root")
        trees.append(cells.select(pl.col(_CELL[0]).cast(pl.String), *_CELL[1:]).rename(_NAMES))
    _learn(parts, going, events)
    learners = Learners(parts.detectors, going.known, going.hour, going.held)
    learners.dismiss(rows.unique(maintain_order=True))
    going.held = learners.held
    return pl.concat(trees).unique().height


def _learn(parts: Parts, going: Ongoing, events: pl.Expr) -> None:
    """Let the baseline learn events that waited."""
    source = joined(going, None, parts.description.window)
    learnt = dismissed(going, source, parts.description.families, events)
    parts.baseline = baselines.merge(parts.baseline, learnt)
    if going.renewed is not None:  # else the baseline itself is what fades next
        going.fresh = baselines.merge(going.fresh, learnt)
