"""A stream of events, judged as they come: held for a while, settled, never judged twice.

Every batch judges all that is not settled. A window is *settled* when all time up to the end of the hold
after it has come: then online detectors learn it, and its score stands. What lies within the hold is judged
too, for the time being: its scores are told at once, its alarms wait for what other replicas do. They come
out when the hold is over, as a finding of their own or as part of what the workload took up. An alarm
`URGENT` times rarer than the budget asks does not wait: its finding is told at once, and withdrawn if it
turns out to be shared. `Model.flush` settles what is left at the end.

However time is cut into batches, the findings in the end are those of a batch that looks ahead as far
(`Model.score` with ``hold``).

Fails for windows that come later than the hold, also when a clock that is ahead ends it too soon: they are
judged by themselves, with what is known by then. Where events cease, what is held waits for the next or for
`flush`.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace

import polars as pl

from rtml import features
from rtml.captures.processes import PROCESSES
from rtml.features.following import UNTIL, Following
from rtml.features.source import Source
from rtml.models.alarmed import Alarmed, findings_of, raised
from rtml.models.backlog import joined, keep
from rtml.models.explaining.changes import CHANGED, folded, taken_up
from rtml.models.hours import Judged, judge
from rtml.models.judging import alarms_of, in_windows
from rtml.models.learners import Learners
from rtml.models.ongoing import Ongoing
from rtml.models.parts import Parts
from rtml.models.recognising import refuse_known
from rtml.models.renewal import days, put_by, renew
from rtml.models.scoring import Scored, containers_of, onto, unlearnt
from rtml.models.watching import DRIFT, caused
from rtml.models.windows import container_windows
from rtml.schema import FINDINGS, empty
from rtml.times import from_text, instant

__all__ = ["URGENT", "Feed", "Read", "judged_until"]

URGENT = 100.0
"""How many times rarer than the budget asks an alarm must be so that it does not wait for the hold."""

_TREE = ["container_id", "window", "process_id"]


@dataclass(frozen=True)
class Read:
    """What was read and judged: trees, surprises and scores of one part of the time."""

    trees: pl.DataFrame
    surprises: pl.DataFrame
    judged: Judged


class Feed:
    """One batch of a stream.

    Parameters
    ----------
    parts
        The model; its detectors learn.
    going
        What earlier batches left; it is brought up to date.
    budget
        False findings per container-day.
    """

    def __init__(self, parts: Parts, going: Ongoing, budget: float) -> None:
        self.parts, self.going, self.budget = parts, going, budget
        self.every = parts.description.window
        self.audit = bool(set(parts.description.families) & set(features.AUDIT_FAMILIES))
        self.alarms = alarms_of(parts.calibrations, budget)
        self.limits = {label: alarm.limit for label, alarm in self.alarms.items()}
        self._withdrawn: tuple[str, ...] = ()
        self._drift = empty(DRIFT)

    def take(self, given: Source | None, last: bool = False, where: str = "the stream") -> Scored:
        """Judge what came from somewhere, and settle what can be settled: all, when it is the ``last``."""
        about, going = self.parts.description, self.going
        fitted_until = about.fitted_until
        going.fitted_until = going.fitted_until or fitted_until
        fresh, skipped = (None, 0) if given is None else unlearnt(given, about.learned_until)
        if fresh is not None:
            refuse_known(fresh.events, about.moments, where, about.paces)
        reads: list[Read] = []
        findings, withdrawn = empty(FINDINGS), set[str]()
        for piece, end in self._days(fresh):
            source = joined(going, piece, self.every)
            *parts, found = self._take(source, last if end is None else True, end)
            reads = [*reads[:-1], *parts]
            findings = onto(findings, found, self._withdrawn)
            withdrawn |= set(self._withdrawn)
            if end is not None:
                self.parts.baseline = renew(self.parts.baseline, going, source, about.families, end)
        gone = tuple(sorted(withdrawn - set(findings["finding_id"])))
        return self._scored(reads, findings, gone, skipped, fitted_until)

    def _days(self, fresh: Source | None) -> list[tuple[Source | None, dt.datetime | None]]:
        """Cut what came where the baseline learns: at the ends of days, if it does."""
        if fresh is None:
            return [(None, None)]
        edges = [None, *days(self.going, self.every, fresh), None]
        return [(fresh.between(*edges[n : n + 2]), edges[n + 1]) for n in range(len(edges) - 1)]

    def _take(self, source: Source, last: bool, end: dt.datetime | None) -> tuple[Read, Read, pl.DataFrame]:
        """Judge a source; of it what is settled, what is not, and the findings as they stand."""
        about, baseline, going = self.parts.description, self.parts.baseline, self.going
        before = judged_until(about.learned_until)
        following = Following(source, baseline, going.pace.holding, going.sightings, before)
        families = features.families_of(about.families)
        judged = features.assemble_with_surprises(source, baseline, families, following=following)
        trees, surprises = map(following.judged, judged)
        border = end or self._settled_until(source, last)
        done = pl.col("window") < instant(border)
        settled = self._judged(self._learners(), trees.filter(done), surprises.filter(done), keep=True)
        rest = (trees.filter(~done), surprises.filter(~done))
        open_ = self._judged(self._learners().fork(), *rest, keep=False)
        findings, self._withdrawn = self._findings(source, settled, open_, border)
        whole = None if last and end is None else border
        drift = going.watching.take(settled.judged.scores, settled.trees, self.parts.calibrations, whole)
        self._drift = pl.concat([self._drift, caused(drift, going.alarms.shared)])
        alarming = settled.judged.scores.filter("alarm")
        self._put_by(source, settled.trees, alarming)
        last_windows = settled.trees.group_by("container_id").agg(pl.col("window").max()).sort("container_id")
        until = {str(name): (at + self.every.length).isoformat() for name, at in last_windows.iter_rows()}
        about.learned_until.update(until)
        going.sightings = following.after(instant(self._seen_until(border) - self.every.length))
        keep(going, source, border, about.families, going.waiting)
        return settled, open_, findings

    def _put_by(self, source: Source, trees: pl.DataFrame, alarming: pl.DataFrame) -> None:
        put_by(self.going, source, trees, alarming, self.parts.description.families)

    def _seen_until(self, border: dt.datetime) -> dt.datetime:
        """Return up to which border all that replicas showed is remembered: no later reading shows it."""
        return border

    def _learners(self) -> Learners:
        going, pace = self.going, self.going.pace
        held = going.known, going.hour, going.held
        return Learners(self.parts.detectors, *held, pace.releasing, pace.learning)

    def _judged(self, learners: Learners, trees: pl.DataFrame, surprises: pl.DataFrame, keep: bool) -> Read:
        judged = judge(self.parts, learners, trees, surprises.lazy(), self.budget)
        if keep:
            self.going.known, self.going.hour, self.going.held = learners.known, learners.hour, learners.held
        return Read(trees, surprises, judged)

    def _settled_until(self, source: Source, last: bool) -> dt.datetime:
        """Return the border up to which all windows are settled."""
        latest = source.events.select(pl.col("time").max()).collect().item()
        times = [at for at in (self.going.watermark, latest) if at is not None]
        begun = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
        self.going.watermark = max(times, default=None)
        if self.going.watermark is None:
            return begun
        if last:
            return self.every.border_before(self.going.watermark) + self.every.length
        return max(begun, self.every.border_before(self.going.watermark - self.going.pace.holding))

    def _findings(
        self, source: Source, settled: Read, open_: Read, until: dt.datetime
    ) -> tuple[pl.DataFrame, tuple[str, ...]]:
        """Return the findings as they stand, and which of those that were told do not stand any more."""
        facts = containers_of(source, self.parts.baseline)
        certain = self.going.alarms.with_more(self._alarmed(source, settled, facts))
        if certain.shared.height:
            certain = replace(certain, shared=folded(certain.shared))
        return self._standing(certain, self._urgent(source, open_, facts, until), until)

    def _standing(
        self, certain: Alarmed, urgent: Alarmed, until: dt.datetime
    ) -> tuple[pl.DataFrame, tuple[str, ...]]:
        """Return the findings of alarms, and which of those that were told do not stand any more."""
        going = self.going
        found = findings_of(
            certain.with_more(urgent),
            self.every,
            self.parts.baseline,
            self.parts.calibrations,
            self.budget,
            going.fitted_until,
            self.audit,
        )
        withdrawn = sorted(set(going.shown) - set(found["finding_id"]))
        going.alarms = certain.open(until - self.every.length)
        growing = pl.concat([going.alarms.raised, urgent.raised])["container_id"].unique().to_list()
        where = pl.coalesce("actor", "container_id").is_in(growing) | (pl.col("type") == CHANGED)
        going.shown = found.filter(where)["finding_id"].to_list()
        return found, tuple(withdrawn)

    def _urgent(self, source: Source, open_: Read, facts: pl.DataFrame, until: dt.datetime) -> Alarmed:
        """Return the alarms that do not wait; what is before ``until`` is settled."""
        alarms = self._alarmed(source, open_, facts)
        return alarms.only(alarms.raised.filter(pl.col("margin") > pl.col("limit") + math.log(URGENT)))

    def _alarmed(self, source: Source, read: Read, facts: pl.DataFrame) -> Alarmed:
        rows = raised(read.judged.scores, read.trees, self.limits)
        images = source.processes.collect() if rows.height else empty(PROCESSES)
        told = Alarmed(
            rows,
            read.surprises,
            read.judged.reasons,
            read.judged.otherwise,
            images,
            calls=source.events.collect() if self.audit else pl.DataFrame(),
            shared=pl.DataFrame() if self.audit else taken_up(read.surprises, facts),
        )
        return told.only(rows)

    def _scored(
        self,
        reads: list[Read],
        findings: pl.DataFrame,
        withdrawn: tuple[str, ...],
        skipped: int,
        fitted_until: dt.datetime | None,
    ) -> Scored:
        tree = pl.col("process_id").fill_null(0)
        trees = pl.concat([read.trees for read in reads]).sort("container_id", "window", tree)
        order = {label: number for number, label in enumerate(self.alarms)}
        label = pl.col("detector").replace_strict(order, return_dtype=pl.Int64)
        scores = pl.concat([read.judged.scores for read in reads])
        scores = scores.sort(label, "container_id", "window", tree)
        return Scored(
            container_windows(trees),
            in_windows(scores),
            findings,
            pl.concat([read.surprises for read in reads]),
            self.alarms,
            skipped,
            trees,
            scores,
            self.parts.trees,
            fitted_until,
            self.parts.description.held_out,
            withdrawn,
            self._drift,
        )


def judged_until(learned: dict[str, str]) -> pl.DataFrame:
    """Return until when each container was learnt or judged, as `rtml.features.following.UNTIL`."""
    rows = {"container_id": list(learned), "until": list(learned.values())}
    text = pl.DataFrame(rows, schema=dict.fromkeys(UNTIL, pl.String))
    return text.with_columns(until=from_text(pl.col("until")))
