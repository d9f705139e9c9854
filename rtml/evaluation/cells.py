"""Every process tree and window of the test, and what an alarm on it would hit or cost.

Scores are turned into curves by this table: a threshold flags the trees that reach it, and each flag is
judged as a finding of that tree in that window is. It lists no event: what a tree did in its window is what
it shows.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from rtml.evaluation.matching import Matched
from rtml.findings.unit import slot_of
from rtml.schema import FINDINGS, conform
from rtml.times import UTC_NS, Window

__all__ = ["CELLS", "tree_flags", "tree_outcomes"]

CELLS = pl.Schema(
    [
        ("container_id", pl.String()),
        ("window", UTC_NS),
        ("root_id", pl.Int64()),
        ("slot", UTC_NS),
        ("attack_id", pl.String()),
        ("outcome", pl.String()),
    ]
)
"""One row per tree and window; ``attack_id``: the attack that an alarm is credited with, null: none."""

_TICK = pl.duration(nanoseconds=1, time_unit="ns")


def tree_flags(cells: pl.DataFrame, every: Window, name: str) -> pl.DataFrame:
    """Return one bare finding per row of ``container_id, window`` and, if there, ``root_id`` and ``score``.

    It spans the whole window; a null root or 0 names no process.

    Examples
    --------
    >>> at = pl.Series([0]).cast(UTC_NS)
    >>> cells = pl.DataFrame({"container_id": ["c"], "window": at, "root_id": [7]})
    >>> tree_flags(cells, Window.of("60s"), "flag all").select("process_id", "last_seen").row(0)[0]
    7
    """
    root = pl.col("root_id") if "root_id" in cells.columns else pl.lit(None, pl.Int64)
    score = pl.col("score") if "score" in cells.columns else pl.lit(None, pl.Float64)
    return conform(
        cells.select(
            "container_id",
            score=score,
            source=pl.lit("model"),
            detector=pl.lit(name),
            first_seen="window",
            last_seen=pl.col("window") + every.span - _TICK,
            process_id=pl.when(root != 0).then(root),
            count=1,
        ),
        FINDINGS,
    )


def tree_outcomes(
    trees: pl.DataFrame, every: Window, judged: Callable[[pl.DataFrame], Matched]
) -> pl.DataFrame:
    """Return `CELLS` of trees (``container_id, window, root_id``) by judging one finding about each.

    A finding that hits an attack in one of its claims is right, else neither if one of them is, else false.
    """
    matched = judged(tree_flags(trees, every, "trees"))
    order = pl.col("outcome").replace_strict({"right": 0, "neither": 1, "false": 2})
    best = matched.claims.group_by("finding").agg(pl.col("outcome").sort_by(order).first())
    hits = matched.hits.select("finding", "attack_id").unique("finding", keep="first", maintain_order=True)
    return (
        trees.with_row_index("finding")
        .join(best, on="finding", how="left")
        .join(hits, on="finding", how="left", maintain_order="left")
        .with_columns(slot_of("window"))
        .select(pl.col(name).cast(kind) for name, kind in CELLS.items())
    )
