"""Scoring: a capture and a model become windows, scores, alarms and findings."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from rtml import features
from rtml.baselines import Baseline
from rtml.captures import Capture
from rtml.detectors import Detector, peer_groups
from rtml.features.api_calls import calls_of
from rtml.features.source import interval
from rtml.models.alarm import Alarm
from rtml.models.bundle import Model
from rtml.models.explaining import explain
from rtml.models.explaining.anomalous import explain_calls
from rtml.schema import FINDINGS, IDENTITY, empty

__all__ = ["SCORES", "Scored", "score"]

_UTC = pl.Datetime("ns", "UTC")
SCORES = pl.Schema(
    {
        "detector": pl.String(),
        "container_id": pl.String(),
        "window": _UTC,
        "workload": pl.String(),
        "complete": pl.Boolean(),
        "score": pl.Float64(),
        "p_value": pl.Float64(),
        "margin": pl.Float64(),
        "alarm": pl.Boolean(),
    }
)
"""One row per detector and window; ``score`` null: no opinion (never a silent 0)."""


@dataclass(frozen=True)
class Scored:
    """What a model says of a capture.

    ``windows``: features; ``scores``: `SCORES`; ``findings``: `rtml.schema.FINDINGS`; ``alarms``:
    per detector the rule that its budget and calibration gave; ``surprises``: event level, of the
    scored time; ``skipped``: windows that the model had learnt from and did not judge.
    """

    windows: pl.DataFrame
    scores: pl.DataFrame
    findings: pl.DataFrame
    surprises: pl.DataFrame
    alarms: dict[str, Alarm]
    skipped: int


def score(
    capture: Capture,
    model: Model,
    baseline: Baseline,
    budget: float | None = None,
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
) -> Scored:
    """Score a capture with a freshly loaded model.

    Online detectors go on learning while they score (score first, then learn), so a model object
    is used up by this: load it anew for the next capture.

    Parameters
    ----------
    budget
        False findings per container-day; None takes the model's own.
    start, end
        Only windows in ``start <= window < end``.

    Returns
    -------
    Windows that the model has learnt from are left out: it would know them by heart.
    """
    about = model.description
    given = features.windows(capture, baseline, about.families, about.every, start=start, end=end)
    windows = _unlearnt(given, about.learned_until)
    seconds = interval(about.every) / 1e9
    wanted = budget if budget is not None else float(about.notes.get("budget") or 1.0)
    tables, alarms = [empty(SCORES)], {}
    for name, detector in model.detectors.items():
        alarms[name] = model.calibrations[name].threshold(wanted, seconds, detector.in_bits)
        tables.append(_scores(name, detector, model, alarms[name], windows))
    scores = pl.concat(tables)
    surprises = _surprises(capture, baseline, model, windows)
    explained = _findings if _of_containers(model) else _calls_of_users
    findings = explained(capture, model, baseline, windows, scores, surprises)
    skipped = given.height - windows.height
    return Scored(windows, scores, findings, surprises, alarms, skipped)


def _unlearnt(windows: pl.DataFrame, learned_until: dict[str, str]) -> pl.DataFrame:
    """Drop windows of a container that begin before the end of what was learnt of it."""
    known = pl.DataFrame(
        {"container_id": list(learned_until), "_until": list(learned_until.values())},
        schema={"container_id": pl.String, "_until": pl.String},
    ).with_columns(pl.col("_until").str.to_datetime(time_unit="ns", time_zone="UTC"))
    joined = windows.join(known, on="container_id", how="left", maintain_order="left")
    learnt = (pl.col("window") < pl.col("_until")).fill_null(False)
    return joined.filter(~learnt).drop("_until")


def _scores(name: str, detector: Detector, model: Model, alarm: Alarm, windows: pl.DataFrame) -> pl.DataFrame:
    calibration, groups = model.calibrations[name], peer_groups(windows)
    found = detector.prequential(windows)
    columns = {
        "score": found,
        "p_value": calibration.p_values(found, groups),
        "margin": calibration.margins(found, groups),
        "alarm": calibration.alarms(found, groups, alarm),
    }
    rows = windows.select("container_id", "window", "workload", "complete")
    return (
        rows.with_columns(**{k: pl.Series(v, nan_to_null=True) for k, v in columns.items()})
        .with_columns(detector=pl.lit(name))
        .select(pl.col(column).cast(kind) for column, kind in SCORES.items())
    )


def _surprises(capture: Capture, baseline: Baseline, model: Model, windows: pl.DataFrame) -> pl.DataFrame:
    about = model.description
    keys = windows.select("container_id", "window")
    found = features.surprises(capture, None, baseline, about.families, about.every)
    return found.with_columns(pl.col("container_id").cast(pl.String)).join(
        keys, on=["container_id", "window"], how="semi", maintain_order="left"
    )


def _of_containers(model: Model) -> bool:
    return not set(model.description.families) & set(features.AUDIT_FAMILIES)


def _calls_of_users(
    capture: Capture,
    model: Model,
    baseline: Baseline,
    windows: pl.DataFrame,
    scores: pl.DataFrame,
    surprises: pl.DataFrame,
) -> pl.DataFrame:
    """Explain alarms about users of the Kubernetes API."""
    ends = [dt.datetime.fromisoformat(at) for at in model.description.learned_until.values()]
    raised = scores.filter("alarm")
    return explain_calls(raised, surprises, calls_of(capture), baseline, max(ends, default=None))


def _findings(
    capture: Capture,
    model: Model,
    baseline: Baseline,
    windows: pl.DataFrame,
    scores: pl.DataFrame,
    surprises: pl.DataFrame,
) -> pl.DataFrame:
    """Explain each detector's alarms with its own reasons."""
    processes = capture.processes().collect()
    identity = windows.select(*IDENTITY, "window")
    parts = [empty(FINDINGS)]
    for name, detector in model.detectors.items():
        raised = scores.filter((pl.col("detector") == name) & pl.col("alarm"))
        alarms = raised.join(identity, on=["container_id", "window"], suffix="_w")
        if alarms.is_empty():
            continue
        rows = windows.join(raised, on=["container_id", "window"], how="semi", maintain_order="left")
        parts.append(explain(alarms, surprises, processes, _contributions(detector, rows)))
    return pl.concat(parts).sort("first_seen", "detector", "finding_id")


def _contributions(detector: Detector, rows: pl.DataFrame) -> pl.DataFrame:
    said = detector.explain(rows).filter(pl.col("share") > 0)
    place = rows.select("container_id", "window").with_row_index("row")
    return said.join(place.cast({"row": pl.UInt32}), on="row").sort(
        "row", "share", "feature", descending=[False, True, False]
    )
