"""Scoring: a capture and a model become windows, scores, alarms and findings."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from rtml import features
from rtml.captures import Capture
from rtml.detectors import Detector, peer_groups
from rtml.features.api_calls import calls_of
from rtml.findings.shown import Findings
from rtml.models.alarm import Alarm
from rtml.models.calibration import Calibration
from rtml.models.explaining import explain
from rtml.models.explaining.anomalous import explain_calls
from rtml.models.parts import Parts
from rtml.progress import steps
from rtml.schema import FINDINGS, IDENTITY, SCORES, empty
from rtml.showing.tables import table

__all__ = ["Scored", "score"]

_CELL = ["container_id", "window"]


@dataclass(frozen=True, repr=False)
class Scored:
    """The result of judging a capture with a model.

    ``windows``: features; ``scores`` and ``findings`` as in `rtml.schema`; ``alarms``: per detector the
    rule that its budget and calibration gave; ``surprises``: event level, of the scored time;
    ``skipped``: windows that the model had learnt from and did not judge; ``learnt``: the windows that
    it was made of, where it still has them; ``fitted_until``: the end of what it learnt.
    """

    windows: pl.DataFrame
    scores: pl.DataFrame
    findings: pl.DataFrame
    surprises: pl.DataFrame
    alarms: dict[str, Alarm]
    skipped: int
    learnt: pl.DataFrame | None = None
    fitted_until: dt.datetime | None = None

    def top(self, most: int = 10) -> Findings:
        """Return the most severe findings."""
        return Findings(self.findings).top(most)

    def __repr__(self) -> str:
        """Say in a line what was judged and what came out."""
        return (
            f"Scored({self.windows.height:,} windows by {', '.join(self.alarms)}:"
            f" {int(self.scores['alarm'].sum()):,} alarms, {self.findings.height:,} findings;"
            f" {self.skipped:,} windows were learnt from and not judged)"
        )

    def _repr_html_(self) -> str:
        return table(self.view(), code=["detector"]).markup

    def view(self) -> pl.DataFrame:
        """Return one row per detector: windows, no opinion, alarms, findings, what its budget promises."""
        counts = self.scores.group_by("detector", maintain_order=True).agg(
            windows=pl.len(), no_opinion=pl.col("score").null_count(), alarms=pl.col("alarm").sum()
        )
        findings = self.findings.group_by("detector").agg(findings=pl.len())
        promises = {name: alarm.sentence() for name, alarm in self.alarms.items()}
        return (
            counts.join(findings, on="detector", how="left", maintain_order="left")
            .with_columns(pl.col("findings").fill_null(0))
            .with_columns(budget=pl.col("detector").replace_strict(promises, return_dtype=pl.String))
        )


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
    all_windows, events = features.windows_and_surprises(
        capture, parts.baseline, about.families, about.window, start=start, end=end
    )
    windows = _unlearnt(all_windows, about.learned_until)
    seconds, wanted = about.window.seconds, about.budget if budget is None else budget
    tables, alarms = [empty(SCORES)], {}
    for name, detector in steps(parts.detectors.items(), "scoring", "detectors"):
        alarms[name] = parts.calibrations[name].threshold(wanted, seconds, detector.in_bits)
        tables.append(_scores(name, detector, parts.calibrations[name], alarms[name], windows))
    scores = pl.concat(tables)
    surprises = events.join(windows.select(_CELL), on=_CELL, how="semi", maintain_order="left")
    explained = _calls_of_users if set(about.families) & set(features.AUDIT_FAMILIES) else _findings
    findings = explained(parts, capture, windows, scores, surprises)
    skipped = all_windows.height - windows.height
    return Scored(windows, scores, findings, surprises, alarms, skipped, parts.windows, about.fitted_until)


def _unlearnt(windows: pl.DataFrame, learned_until: dict[str, str]) -> pl.DataFrame:
    """Drop windows of a container that begin before the end of what was learnt of it."""
    ends = pl.DataFrame(
        {"container_id": list(learned_until), "_until": list(learned_until.values())},
        schema={"container_id": pl.String, "_until": pl.String},
    ).with_columns(pl.col("_until").str.to_datetime(time_unit="ns", time_zone="UTC"))
    joined = windows.join(ends, on="container_id", how="left", maintain_order="left")
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
    reasons = detector.explain(rows).filter(pl.col("share") > 0)
    place = rows.select("container_id", "window").with_row_index("row")
    return reasons.join(place.cast({"row": pl.UInt32}), on="row").sort(
        "row", "share", "feature", descending=[False, True, False]
    )
