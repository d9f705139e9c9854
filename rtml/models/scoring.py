"""Scoring: a capture and a model become windows, scores, alarms and findings."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from rtml import features
from rtml.captures import Capture
from rtml.detectors import Detector, peer_groups
from rtml.features.api_calls import calls_of
from rtml.models.alarm import Alarm
from rtml.models.calibration import Calibration
from rtml.models.explaining import explain
from rtml.models.explaining.anomalous import explain_calls
from rtml.models.parts import Parts
from rtml.progress import steps
from rtml.schema import FINDINGS, IDENTITY, empty

__all__ = ["SCORES", "Scored", "score"]

_UTC = pl.Datetime("ns", "UTC")
_CELL = ["container_id", "window"]
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
    parts: Parts,
    capture: Capture,
    budget: float | None = None,
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
) -> Scored:
    """Score a capture with the parts of a model; online detectors among them go on learning.

    The events are read once: windows and the surprise of single events come from the same reading.
    `rtml.models.Model.score` calls this with copies, and documents the parameters.

    Returns
    -------
    Windows that the model has learnt from are left out: it would know them already.
    """
    about = parts.description
    given, events = features.windows_and_surprises(
        capture, parts.baseline, about.families, about.window, start=start, end=end
    )
    windows = _unlearnt(given, about.learned_until)
    seconds, wanted = about.window.seconds, about.budget if budget is None else budget
    tables, alarms = [empty(SCORES)], {}
    for name, detector in steps(parts.detectors.items(), "scoring", "detectors"):
        alarms[name] = parts.calibrations[name].threshold(wanted, seconds, detector.in_bits)
        tables.append(_scores(name, detector, parts.calibrations[name], alarms[name], windows))
    scores = pl.concat(tables)
    surprises = events.join(windows.select(_CELL), on=_CELL, how="semi", maintain_order="left")
    explained = _calls_of_users if set(about.families) & set(features.AUDIT_FAMILIES) else _findings
    findings = explained(parts, capture, windows, scores, surprises)
    return Scored(windows, scores, findings, surprises, alarms, given.height - windows.height)


def _unlearnt(windows: pl.DataFrame, learned_until: dict[str, str]) -> pl.DataFrame:
    """Drop windows of a container that begin before the end of what was learnt of it."""
    known = pl.DataFrame(
        {"container_id": list(learned_until), "_until": list(learned_until.values())},
        schema={"container_id": pl.String, "_until": pl.String},
    ).with_columns(pl.col("_until").str.to_datetime(time_unit="ns", time_zone="UTC"))
    joined = windows.join(known, on="container_id", how="left", maintain_order="left")
    learnt = (pl.col("window") < pl.col("_until")).fill_null(False)
    return joined.filter(~learnt).drop("_until")


def _scores(
    name: str, detector: Detector, calibration: Calibration, alarm: Alarm, windows: pl.DataFrame
) -> pl.DataFrame:
    groups = peer_groups(windows)
    raw = detector.prequential(windows)
    columns = {
        "score": raw,
        "p_value": calibration.p_values(raw, groups),
        "margin": calibration.margins(raw, groups),
        "alarm": calibration.alarms(raw, groups, alarm),
    }
    rows = windows.select("container_id", "window", "workload", "complete")
    return (
        rows.with_columns(**{k: pl.Series(v, nan_to_null=True) for k, v in columns.items()})
        .with_columns(detector=pl.lit(name))
        .select(pl.col(column).cast(kind) for column, kind in SCORES.items())
    )


def _calls_of_users(
    parts: Parts, capture: Capture, windows: pl.DataFrame, scores: pl.DataFrame, surprises: pl.DataFrame
) -> pl.DataFrame:
    """Explain alarms about users of the Kubernetes API."""
    ends = [dt.datetime.fromisoformat(at) for at in parts.description.learned_until.values()]
    raised = scores.filter("alarm")
    return explain_calls(raised, surprises, calls_of(capture), parts.baseline, max(ends, default=None))


def _findings(
    parts: Parts, capture: Capture, windows: pl.DataFrame, scores: pl.DataFrame, surprises: pl.DataFrame
) -> pl.DataFrame:
    """Explain each detector's alarms with its own reasons."""
    processes = capture.processes().collect()
    identity = windows.select(*IDENTITY, "window")
    tables = [empty(FINDINGS)]
    for name, detector in steps(parts.detectors.items(), "explaining", "detectors"):
        raised = scores.filter((pl.col("detector") == name) & pl.col("alarm"))
        alarms = raised.join(identity, on=_CELL, suffix="_w")
        if alarms.is_empty():
            continue
        rows = windows.join(raised, on=_CELL, how="semi", maintain_order="left")
        tables.append(explain(alarms, surprises, processes, _contributions(detector, rows)))
    return pl.concat(tables).sort("first_seen", "detector", "finding_id")


def _contributions(detector: Detector, rows: pl.DataFrame) -> pl.DataFrame:
    said = detector.explain(rows).filter(pl.col("share") > 0)
    place = rows.select("container_id", "window").with_row_index("row")
    return said.join(place.cast({"row": pl.UInt32}), on="row").sort(
        "row", "share", "feature", descending=[False, True, False]
    )
