"""Scoring: a capture and a model become trees, scores, alarms and findings."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace

import polars as pl

from rtml import features
from rtml.captures import Capture
from rtml.features.api_calls import calls_of
from rtml.features.shared import new_images
from rtml.features.source import Source
from rtml.findings.shown import Findings
from rtml.models.alarm import Alarm
from rtml.models.explaining import changes, explain
from rtml.models.explaining.anomalous import explain_calls
from rtml.models.explaining.known import known
from rtml.models.judging import alarms_of, in_windows, raw_scores, tree_scores
from rtml.models.parts import Parts
from rtml.models.reasons import counterfactuals_of, reasons_of
from rtml.models.recognising import refuse_known
from rtml.models.windows import container_windows
from rtml.progress import steps
from rtml.schema import FINDINGS, IDENTITY, empty
from rtml.showing.tables import table

__all__ = ["Scored", "score"]

_TREE = ["container_id", "window", "process_id"]
_CELL = ["container_id", "window"]


@dataclass(frozen=True, repr=False)
class Scored:
    """The result of judging a capture with a model.

    ``windows``: features per container and window, each that of the tree where it is highest; ``trees``:
    features per process tree and window; ``scores``, ``tree_scores`` and ``findings`` as in `rtml.schema`;
    ``alarms``: per detector the rule that its budget and calibration gave; ``surprises``: event level, of the
    scored time; ``skipped``: windows that the model had learnt from and did not judge; ``learnt``: the trees
    that it was made of, where it still has them; ``fitted_until``: the end of what it learnt; ``held_out``:
    what budgets realised on calibration time that thresholds had not seen.
    """

    windows: pl.DataFrame
    scores: pl.DataFrame
    findings: pl.DataFrame
    surprises: pl.DataFrame
    alarms: dict[str, Alarm]
    skipped: int
    trees: pl.DataFrame
    tree_scores: pl.DataFrame
    learnt: pl.DataFrame | None = None
    fitted_until: dt.datetime | None = None
    held_out: dict[str, float] = field(default_factory=dict)

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

    The events are read once: trees and the surprise of single events come from the same reading.
    `rtml.models.Model.score` calls this with copies, and documents the parameters.

    Returns
    -------
    Windows that the model has learnt from are left out: it would know them already.
    """
    about = parts.description
    given = features.source_of(capture, None, about.window, about.families, "tree").between(start, end)
    source, skipped = _unlearnt(given, about.learned_until)
    refuse_known(source.events, about.moments, capture.path)
    families = features.families_of(about.families)
    trees, surprises = features.assemble_with_surprises(source, parts.baseline, families, beyond_peers=True)
    wanted = about.budget if budget is None else budget
    alarms = alarms_of(parts.calibrations, wanted)
    raw = raw_scores(parts.detectors, trees, parts.calibrations, wanted)
    scores = tree_scores(trees, raw, parts.calibrations, about.combined, wanted)
    audit = set(about.families) & set(features.AUDIT_FAMILIES)
    findings = (
        _calls_of_users(parts, capture, scores, surprises)
        if audit
        else _findings(parts, capture, source, trees, scores, surprises, alarms)
    )
    windows = container_windows(trees)
    return Scored(
        windows,
        in_windows(scores),
        findings,
        surprises,
        alarms,
        skipped,
        trees,
        scores,
        parts.trees,
        about.fitted_until,
        about.held_out,
    )


def _unlearnt(source: Source, learned_until: dict[str, str]) -> tuple[Source, int]:
    """Return the source without what was learnt of each container, and how many windows that leaves out.

    Nothing of it is read, so what is looked at together (roll-outs, pauses of a beacon) is the same however
    much learnt time the capture holds.
    """
    ends = pl.LazyFrame(
        {"_container": list(learned_until), "_until": list(learned_until.values())},
        schema={"_container": pl.String, "_until": pl.String},
    ).with_columns(pl.col("_until").str.to_datetime(time_unit="ns", time_zone="UTC"))
    named = source.events.with_columns(_container=pl.col("container_id").cast(pl.String))
    dated = named.join(ends, on="_container", how="left", maintain_order="left")
    learnt = (source.every.start("time") < pl.col("_until")).fill_null(False)
    cells = dated.filter(learnt).select("_container", source.window).unique().collect(engine="streaming")
    return replace(source, events=dated.filter(~learnt).drop("_container", "_until")), cells.height


def _calls_of_users(
    parts: Parts, capture: Capture, scores: pl.DataFrame, surprises: pl.DataFrame
) -> pl.DataFrame:
    """Explain alarms about users of the Kubernetes API."""
    ends = [dt.datetime.fromisoformat(at) for at in parts.description.learned_until.values()]
    raised = scores.filter("alarm")
    return explain_calls(raised, surprises, calls_of(capture), parts.baseline, max(ends, default=None))


def _findings(
    parts: Parts,
    capture: Capture,
    source: Source,
    trees: pl.DataFrame,
    scores: pl.DataFrame,
    surprises: pl.DataFrame,
    alarms: dict[str, Alarm],
) -> pl.DataFrame:
    """Explain each detector's alarms with its own reasons, and what workloads took up together."""
    processes = capture.processes().collect()
    identity = trees.select(*IDENTITY, "window", "process_id")
    tables = [empty(FINDINGS), changes(surprises, _containers(source, parts))]
    for label in steps(alarms, "explaining", "detectors"):
        raised = scores.filter((pl.col("detector") == label) & pl.col("alarm"))
        if raised.is_empty():
            continue
        named = raised.drop("workload").join(identity, on=_TREE, nulls_equal=True, maintain_order="left")
        rows = trees.join(raised, on=_TREE, how="semi", nulls_equal=True, maintain_order="left")
        reasons = reasons_of(parts, label, rows, scores)
        otherwise = counterfactuals_of(parts, label, rows, surprises, alarms[label].budget)
        limited = named.with_columns(limit=pl.lit(alarms[label].limit))
        every, asked = parts.description.window, alarms[label].budget
        maturity = known(parts.baseline, parts.calibrations[label], asked)
        tables.append(explain(limited, surprises, processes, reasons, every, otherwise, maturity))
    return pl.concat(tables).sort("first_seen", "detector", "finding_id")


def _containers(source: Source, parts: Parts) -> pl.DataFrame:
    """Return identity and peers of every container, and whether its image is new to its peers."""
    new = new_images(source.peers, parts.baseline.population())
    return source.identity.join(new, on="container_id")
