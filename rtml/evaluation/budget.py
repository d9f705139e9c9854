"""The budget curve: attacks found against false alarms per container-day, as a threshold sinks.

A single operating point hides how a side trades alarms for attacks; the curve shows it. Units and matching
are those of the ledger: a point of the curve is what the ledger would say of that threshold. The curve
reads test labels: it describes, it must not choose a threshold.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from rtml.evaluation.showing import UNIT
from rtml.evaluation.sides import Side, proper, told
from rtml.evaluation.track import Track
from rtml.schema import empty

__all__ = ["CURVE", "budget_curves", "finding_curve", "score_curve", "scored_trees"]

CURVE = pl.Schema(
    [
        ("side", pl.String()),
        ("kind", pl.String()),
        ("threshold", pl.Float64()),
        ("found", pl.Int64()),
        ("share", pl.Float64()),
        ("false", pl.Int64()),
        ("false_per_container_day", pl.Float64()),
    ]
)
"""One row per step: the highest threshold that finds that many attacks, and what it costs."""

STEPS = pl.Schema([("attack_id", pl.String()), ("value", pl.Float64())])
COSTS = pl.Schema(
    [
        ("container_id", pl.String()),
        ("slot", pl.Datetime("ns", "UTC")),
        ("root_id", pl.Int64()),
        ("value", pl.Float64()),
    ]
)
Tops = tuple[pl.DataFrame, pl.DataFrame]
"""The highest value at which each attack is hit (`STEPS`), and each unit is false (`COSTS`)."""


def budget_curves(sides: Iterable[Side], track: Track, rules: str | None = None) -> pl.DataFrame:
    """Return the curves of all rule and model sides, and of each model together with ``rules``.

    Parameters
    ----------
    sides
        Unions and trivial sides are left out.
    rules
        Name of the rules side that is added to each model (kind ``union``); null = the first.

    Examples
    --------
    See `score_curve` for one curve.
    """
    ours = proper(sides)
    tops = {side.name: _tops(side, track) for side in ours}
    frames = [_steps(tops[side.name], track, side.name, side.kind) for side in ours]
    ruled = [side for side in ours if side.kind == "rules" and rules in (None, side.name)][:1]
    for side in ours:
        if ruled and side.kind == "model" and (side.trees is not None or side.scores is not None):
            both = _together(_at_once(tops[ruled[0].name]), tops[side.name])
            frames.append(_steps(both, track, f"{ruled[0].name} + {side.name}", "union"))
    return pl.concat(frames) if frames else empty(CURVE)


def score_curve(
    scores: pl.DataFrame, track: Track, side: str = "scores", kind: str = "model"
) -> pl.DataFrame:
    """Return the curve of a score per tree or per window, see `CURVE` and `scored_trees`.

    An attack is found once an alarm on a tree that reaches the threshold would be credited with it. Trees
    without a score are never flagged.

    Examples
    --------
    >>> import datetime as dt
    >>> from rtml.evaluation.track import make_track
    >>> begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    >>> windows = pl.DataFrame({"container_id": ["c"] * 20, "score": [1.0] * 19 + [5.0],
    ...                         "window": [begin + n * dt.timedelta(minutes=1) for n in range(20)]})
    >>> labels = pl.DataFrame({"attack_id": ["a"], "container_id": ["c"],
    ...                        "start": windows["window"][-1:], "end": windows["window"][-1:]})
    >>> score_curve(windows, make_track(windows, labels)).select("found", "false").rows()
    [(0, 0), (1, 0)]
    """
    return _steps(_score_tops(scores, track), track, side, kind)


def finding_curve(
    findings: pl.DataFrame, track: Track, side: str = "rules", kind: str = "rules"
) -> pl.DataFrame:
    """Return the curve of findings as their lowest severity sinks: rules have no other dial."""
    return _steps(_finding_tops(findings, track), track, side, kind)


def scored_trees(scores: pl.DataFrame, track: Track) -> pl.DataFrame:
    """Return `rtml.evaluation.cells.CELLS` with their ``score``; a score of a window is that of its trees.

    Parameters
    ----------
    scores
        ``container_id``, ``window``, ``score`` and, where trees were scored, ``root_id``.
    """
    by_tree = "root_id" in scores.columns and track.active is not None
    key = ["container_id", "window"] + (["root_id"] if by_tree else [])
    kinds = {"container_id": pl.String(), "window": pl.Datetime("ns", "UTC"), "root_id": pl.Int64()}
    score = pl.col("score").cast(pl.Float64).fill_nan(None)
    rows = scores.select(*(pl.col(name).cast(kinds[name]) for name in key), score).drop_nulls("score")
    if by_tree:
        rows = rows.with_columns(pl.col("root_id").fill_null(0))
    best = rows.group_by(key).agg(pl.col("score").max())
    return track.trees.join(best, on=key, how="inner", maintain_order="left", nulls_equal=True)


def _tops(side: Side, track: Track) -> Tops:
    if side.kind == "model" and side.trees is not None:
        # A threshold of its own is at none of the settings: what is a repeat at each of them is one here.
        return _score_tops(told(side.trees), track)
    if side.kind == "model" and side.scores is not None:
        return _score_tops(side.scores, track)
    return _finding_tops(side.findings, track)


def _score_tops(scores: pl.DataFrame, track: Track) -> Tops:
    rows = scored_trees(scores, track).rename({"score": "value"})
    hits = rows.drop_nulls("attack_id").group_by("attack_id").agg(pl.col("value").max())
    return hits.select(STEPS.names()), _costs(rows)


def _finding_tops(findings: pl.DataFrame, track: Track) -> Tops:
    tested, matched = track.judged(findings)
    value = tested.select(value=pl.col("severity").fill_null(0.0)).with_row_index("finding")
    hits = matched.hits.join(value, on="finding").group_by("attack_id").agg(pl.col("value").max())
    return hits.select(STEPS.names()), _costs(matched.claims.join(value, on="finding"))


def _costs(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("outcome") == "false").group_by(UNIT).agg(pl.col("value").max())


def _at_once(tops: Tops) -> Tops:
    """Return what is raised before any threshold: rules stand as they are."""
    above = pl.lit(np.inf).alias("value")
    return tops[0].with_columns(above), tops[1].with_columns(above)


def _together(one: Tops, other: Tops) -> Tops:
    hits = pl.concat([one[0], other[0]]).group_by("attack_id").agg(pl.col("value").max())
    costs = pl.concat([one[1], other[1]]).group_by(UNIT).agg(pl.col("value").max())
    return hits, costs


def _steps(tops: Tops, track: Track, side: str, kind: str) -> pl.DataFrame:
    """Count found and false at each threshold that finds one attack more."""
    best, false = tops[0]["value"].to_numpy(), tops[1]["value"].to_numpy()
    cuts = np.unique(best)[::-1]
    hits = len(best) - np.searchsorted(np.sort(best), cuts, "left")
    false_alarms = len(false) - np.searchsorted(np.sort(false), cuts, "left")
    n, days = track.labels.height, track.container_days
    steps = pl.DataFrame(
        {
            "threshold": [None, *cuts.tolist()],
            "found": [0, *hits.tolist()],
            "false": [0, *false_alarms.tolist()],
        },
        schema_overrides={"threshold": pl.Float64},
    )
    return steps.select(
        side=pl.lit(side),
        kind=pl.lit(kind),
        threshold="threshold",
        found="found",
        share=pl.col("found") / n if n else pl.lit(None, pl.Float64),
        false="false",
        false_per_container_day=pl.col("false") / days,
    )
