"""Scoring: a capture and a model become trees, scores, alarms and findings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace

import polars as pl

from rtml import features
from rtml.baselines import Baseline
from rtml.captures import Capture
from rtml.captures.digest import named
from rtml.captures.processes import PROCESSES
from rtml.features import EVENT_SURPRISES
from rtml.features.following import Following
from rtml.features.shared import new_images
from rtml.features.source import Source
from rtml.findings.shown import Findings
from rtml.models.alarm import Alarm
from rtml.models.alarmed import Alarmed, findings_of, of_trees, raised, repeated
from rtml.models.explaining.changes import folded, taken_up
from rtml.models.explaining.repeats import AT_SETTINGS
from rtml.models.hours import Judged, judge
from rtml.models.judging import alarms_of, in_windows
from rtml.models.learners import RELEASE, Learners
from rtml.models.parts import Parts
from rtml.models.recognising import refuse_known
from rtml.models.watching import DRIFT, Watching, caused
from rtml.models.windows import container_windows
from rtml.once import once
from rtml.schema import FINDINGS, empty
from rtml.showing.tables import table
from rtml.times import instant

__all__ = ["Scored", "conclude", "containers_of", "onto", "score", "unlearnt"]


@dataclass(frozen=True, repr=False)
class Scored:
    """The result of judging a capture with a model.

    ``windows``: features per container and window, each that of the tree where it is highest; ``trees``:
    features per process tree and window; ``scores``, ``tree_scores`` and ``findings`` as in `rtml.schema`;
    ``alarms``: per detector the rule that its budget and calibration gave; ``surprises``: event level, of the
    scored time; ``skipped``: windows that the model had learnt from and did not judge; ``learnt``: the trees
    that it was made of, where it still has them; ``fitted_until``: the end of what it learnt; ``held_out``:
    what budgets realised on calibration time that thresholds had not seen; ``withdrawn``: findings that a
    stream told earlier and that do not stand any more; ``drift``: peer groups whose scores are no more like
    calibration (`rtml.models.watching.DRIFT`); ``repeats``: at which budgets trees alarm but were told
    already (`rtml.models.explaining.repeats`; of a batch).

    Examples
    --------
    >>> from rtml.captures import open_capture
    >>> from rtml.models import train
    >>> from rtml.splits import Split
    >>> capture, split = open_capture("datasets/lab-v1/capture"), Split(calibrate=0.3, test=0.55)
    >>> scored = train(capture, ["surprise"], split, families=["commands"]).score(capture, 30, start=0.55)
    >>> scored.findings.select("workload", "severity", "count", "first_seen")
    shape: (2, 4)
    ┌──────────┬──────────┬───────┬─────────────────────────────────┐
    │ workload ┆ severity ┆ count ┆ first_seen                      │
    │ ---      ┆ ---      ┆ ---   ┆ ---                             │
    │ str      ┆ f64      ┆ i64   ┆ datetime[ns, UTC]               │
    ╞══════════╪══════════╪═══════╪═════════════════════════════════╡
    │ app      ┆ 4.46     ┆ 5     ┆ 2026-11-24 03:17:36.018459105 … │
    │ app      ┆ 4.55     ┆ 17    ┆ 2026-11-24 03:18:02.101896768 … │
    └──────────┴──────────┴───────┴─────────────────────────────────┘
    >>> scored.top(1)
    Findings(1 of surprise; gravest ...)
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
    withdrawn: tuple[str, ...] = ()
    drift: pl.DataFrame = field(default_factory=DRIFT.to_frame)
    repeats: pl.DataFrame = field(default_factory=AT_SETTINGS.to_frame)

    def by_tree(self) -> pl.DataFrame:
        """Return ``tree_scores`` and the budgets at which a tree alarms but is told already (``repeats``)."""
        keys = ["detector", "container_id", "window", "process_id"]
        return self.tree_scores.join(
            self.repeats, on=keys, how="left", nulls_equal=True, maintain_order="left"
        )

    def onto(self, findings: pl.DataFrame | None) -> pl.DataFrame:
        """Bring a stream's findings up to date: what changed is replaced, what was withdrawn goes.

        Parameters
        ----------
        findings
            What this gave for the batch before; None for the first.
        """
        return onto(empty(FINDINGS) if findings is None else findings, self.findings, self.withdrawn)

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
    hold: dt.timedelta | None = None,
) -> Scored:
    """Score a capture with the parts of a model, whose online detectors go on learning.

    The events are read once: trees and the surprise of single events come from the same reading.
    `rtml.models.Model.score` calls this with copies, and documents the parameters.

    Returns
    -------
    Windows that the model has learnt from are left out: it would know them already.
    """
    about, wanted = parts.description, parts.description.budget if budget is None else budget
    given = features.source_of(capture, None, about.window, about.families, "tree").between(start, end)
    source, skipped = unlearnt(given, about.learned_until)
    refuse_known(source.events, about.moments, capture.path, about.paces)
    families = features.families_of(about.families)
    following = None if hold is None else Following(source, parts.baseline, hold)
    trees, surprises = once(
        lambda: ("scored", *named(capture), start, end, hold, *_learnt(parts)),
        lambda: features.assemble_with_surprises(
            source, parts.baseline, families, beyond_peers=True, following=following
        ),
    )
    release = None if hold is None else RELEASE
    concluded = conclude(parts, source, trees, surprises.lazy(), wanted, release)
    return replace(concluded, surprises=surprises, skipped=skipped)


def conclude(
    parts: Parts,
    source: Source,
    trees: pl.DataFrame,
    surprises: pl.LazyFrame,
    budget: float,
    release: dt.timedelta | None = None,
    within: tuple[dt.datetime, dt.datetime] | None = None,
) -> Scored:
    """Judge trees of which features are made: scores, alarms, findings; online detectors go on learning.

    Parameters
    ----------
    parts
        The model.
    source
        What the trees are of; its containers are known by it, and processes and API calls of what alarms.
    trees
        Features of all trees, ordered as `rtml.features.windows` does.
    surprises
        `rtml.features.EVENT_SURPRISES` of all of them, in their order; they may lie in files.
    budget
        False findings per container-day.
    release
        Time after which what alarmed is learnt; None: never.
    within
        Only windows from the first moment on and before the second are told, the others are context: for
        what learns and for drift. None: all.
    """
    about = parts.description
    judged = judge(parts, Learners(parts.detectors, release=release), trees, surprises, budget)
    alarms = alarms_of(parts.calibrations, budget)
    limits = {label: alarm.limit for label, alarm in alarms.items()}
    drift = Watching().take(judged.scores, trees, parts.calibrations).filter(_inside("noticed", within))
    told = _inside("window", within)
    judged = replace(judged, scores=judged.scores.filter(told))
    trees, surprises = trees.filter(told), surprises.filter(told)
    rows = raised(judged.scores, trees, limits)
    common = surprises.filter(pl.col("shared").fill_null(False)).collect()
    shared = folded(taken_up(common, containers_of(source, parts.baseline)))
    audit = bool(set(about.families) & set(features.AUDIT_FAMILIES))
    near = of_trees(surprises, judged.scores.filter("alarm"))
    shown = _alarmed(source, rows, near, judged, shared, audit)
    given = about.window, parts.baseline, parts.calibrations, budget, about.fitted_until, audit
    return Scored(
        container_windows(trees),
        in_windows(judged.scores),
        findings_of(shown.only(rows), *given),
        empty(EVENT_SURPRISES),
        alarms,
        0,
        trees,
        judged.scores,
        parts.trees,
        about.fitted_until,
        about.held_out,
        drift=caused(drift, shared),
        repeats=repeated(judged.scores, trees, surprises, audit),
    )


def _inside(column: str, span: tuple[dt.datetime, dt.datetime] | None) -> pl.Expr:
    if span is None:
        return pl.lit(True)
    return pl.col(column).is_between(instant(span[0]), instant(span[1]), closed="left")


def _learnt(parts: Parts) -> tuple[Hashable, ...]:
    """Return what of a model features depend on: its windows, families, and history."""
    about = parts.description
    until = tuple(about.learned_until.items())
    return about.window.text, tuple(about.families), until, parts.baseline.fingerprint()


def _alarmed(
    source: Source,
    rows: pl.DataFrame,
    surprises: pl.DataFrame,
    judged: Judged,
    shared: pl.DataFrame,
    audit: bool,
) -> Alarmed:
    """Gather what findings are made of: images and calls are only read where something alarms, or may."""
    images = source.processes.collect() if rows.height else empty(PROCESSES)
    calls = source.events.collect() if audit else pl.DataFrame()
    return Alarmed(rows, surprises, judged.reasons, judged.otherwise, images, calls=calls, shared=shared)


def unlearnt(source: Source, learned_until: dict[str, str]) -> tuple[Source, int]:
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


def onto(old: pl.DataFrame, new: pl.DataFrame, withdrawn: Iterable[str]) -> pl.DataFrame:
    """Return findings with new ones in the place of old ones of one identity, without those withdrawn."""
    gone = [*withdrawn, *new["finding_id"]]
    kept = old.filter(~pl.col("finding_id").is_in(gone))
    return pl.concat([kept, new]).sort("first_seen", "detector", "finding_id")


def containers_of(source: Source, baseline: Baseline) -> pl.DataFrame:
    """Return identity and peers of every container, and whether its image is new to its peers."""
    new = new_images(source.peers, baseline.population())
    return source.identity.join(new, on="container_id")
