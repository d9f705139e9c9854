"""The budget curve: attacks found against false alarms per container-day, as a threshold sinks.

A single operating point hides how a side trades alarms for attacks; the curve shows it. False
alarms are units of container x 5 minutes here, for rules and models alike, because a window score
knows no process. The curve reads test labels: it describes, it must not choose a threshold.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from rtml.evaluation.matching import about_workload, match
from rtml.evaluation.sides import Side
from rtml.evaluation.track import Track
from rtml.findings.unit import slot_of
from rtml.schema import FINDINGS, conform

__all__ = ["CURVE", "budget_curves", "finding_curve", "window_curve"]

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

Best = tuple[np.ndarray, np.ndarray]


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
    See `window_curve` for one curve.
    """
    proper = [side for side in sides if side.kind in ("rules", "model", "rival")]
    ruled = [side for side in proper if side.kind == "rules" and rules in (None, side.name)]
    frames = [_curve_of(side, track) for side in proper]
    frames += [
        _combined(ruled[0], side, track)
        for side in proper
        if ruled and side.kind == "model" and side.scores is not None
    ]
    return pl.concat(frames) if frames else pl.DataFrame(schema=CURVE)


def _curve_of(side: Side, track: Track) -> pl.DataFrame:
    if side.scores is not None:
        return window_curve(side.scores, track, side.name, side.kind)
    return finding_curve(side.findings, track, side.name, side.kind)


def window_curve(
    scores: pl.DataFrame, track: Track, side: str = "scores", kind: str = "model"
) -> pl.DataFrame:
    """Return the curve of a window score (``container_id, window, score``), see `CURVE`.

    An attack is found once one of the windows that it overlaps reaches the threshold. Windows
    without a score are never flagged, windows in the grace after an attack count neither way.

    Examples
    --------
    >>> import datetime as dt
    >>> from rtml.evaluation.track import make_track
    >>> begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    >>> windows = pl.DataFrame({"container_id": ["c"] * 20, "score": [1.0] * 19 + [5.0],
    ...                         "window": [begin + n * dt.timedelta(minutes=1) for n in range(20)]})
    >>> labels = pl.DataFrame({"attack_id": ["a"], "container_id": ["c"],
    ...                        "start": windows["window"][-1:], "end": windows["window"][-1:]})
    >>> window_curve(windows, make_track(windows, labels)).select("found", "false").rows()
    [(0, 0), (1, 0)]
    """
    return _steps(*_window_best(scores, track), track, side, kind)


def finding_curve(
    findings: pl.DataFrame, track: Track, side: str = "rules", kind: str = "rules"
) -> pl.DataFrame:
    """Return the curve of findings as their lowest severity sinks: rules have no other dial."""
    best, false = _finding_best(findings, track)
    return _steps(best, false["worst"].to_numpy(), track, side, kind)


def _window_best(scores: pl.DataFrame, track: Track) -> Best:
    key = ["container_id", "window"]
    scored = track.scored(scores).drop_nulls("score")
    best = scored.join(track.hits, on=key).group_by("attack_id").agg(best=pl.col("score").max())
    false = _worst(scored.filter(pl.col("target") == 0), "window", "score")
    return best["best"].to_numpy(), false["worst"].to_numpy()


def _finding_best(findings: pl.DataFrame, track: Track) -> tuple[np.ndarray, pl.DataFrame]:
    tested = track.in_test(conform(findings, FINDINGS)).with_columns(pl.col("severity").fill_null(0))
    hits = match(tested, track.labels, track.processes, track.event_processes, track.grace)
    rows = tested.with_row_index("finding")
    best = hits.join(rows, on="finding").group_by("attack_id").agg(pl.col("severity").max())
    missed = rows.join(hits, on="finding", how="anti").filter(~about_workload(rows))
    return best["severity"].to_numpy(), _worst(missed, "first_seen", "severity")


def _worst(rows: pl.DataFrame, time: str, value: str) -> pl.DataFrame:
    unit = ["container_id", slot_of(time)]
    return rows.group_by(unit).agg(worst=pl.col(value).max())


def _combined(rules: Side, model: Side, track: Track) -> pl.DataFrame:
    """Return the curve of all rule findings plus a model whose threshold sinks."""
    assert model.scores is not None
    key = ["container_id", "window"]
    tested = track.in_test(conform(rules.findings, FINDINGS))
    hits = match(tested, track.labels, track.processes, track.event_processes, track.grace)
    by_rules = hits.select("attack_id").unique().with_columns(best=pl.lit(np.inf))
    scored = track.scored(model.scores).drop_nulls("score")
    by_model = scored.join(track.hits, on=key).select("attack_id", best="score")
    best = pl.concat([by_rules, by_model]).group_by("attack_id").agg(pl.col("best").max())
    _, ruled = _finding_best(rules.findings, track)
    benign = _worst(scored.filter(pl.col("target") == 0), "window", "score")
    false = (
        pl.concat([ruled.with_columns(worst=pl.lit(np.inf)), benign], how="vertical_relaxed")
        .group_by("container_id", "slot")
        .agg(pl.col("worst").max())
    )
    name = f"{rules.name} + {model.name}"
    return _steps(best["best"].to_numpy(), false["worst"].to_numpy(), track, name, "union")


def _steps(best: np.ndarray, false: np.ndarray, track: Track, side: str, kind: str) -> pl.DataFrame:
    """Count found and false at each threshold that finds one attack more."""
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
