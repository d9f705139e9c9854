"""A stream whose events lie elsewhere: every stretch of time is looked at twice, and nothing of it is held.

`Feed` keeps the events of the hold and judges them again with every batch: of ten minutes it reads each event
ten times. Here the first look comes as soon as a stretch of time is over: it tells alarms that do not wait
(`rtml.models.streaming.URGENT`), and remembers what replicas showed. The second look comes when the hold is
over: it reads the same stretch again, with all that is known by then, and settles it. Between the two nothing
is kept but what families recall of the time before. In the end the findings are those of `Feed`, and of
`Model.score` with the same hold.

Fails for events that come late: the first look does not see them, the second does; what replicas take up with
them may be noticed later than a batch would.
"""

from __future__ import annotations

import copy
import datetime as dt
import math
from dataclasses import dataclass, field, replace

import polars as pl

from rtml import features
from rtml.features.following import Following
from rtml.features.source import Source
from rtml.models.alarmed import Alarmed
from rtml.models.backlog import joined, keep
from rtml.models.model import Model
from rtml.models.ongoing import Ongoing
from rtml.models.recognising import refuse_known
from rtml.models.scoring import containers_of, unlearnt
from rtml.models.streaming import URGENT, Feed, Read, judged_until
from rtml.models.watching import DRIFT
from rtml.schema import FINDINGS, empty
from rtml.times import instant

__all__ = ["Looks", "Seen", "look_on"]

_TREE = ["container_id", "window", "process_id"]


@dataclass(frozen=True)
class Seen:
    """What looks at the time up to a border gave.

    ``findings``: those that may change, and those that were settled now. ``growing``: ids of the former.
    ``windows``: container windows that were judged; ``skipped``: those that the model had learnt from.
    """

    findings: pl.DataFrame = field(default_factory=lambda: empty(FINDINGS))
    growing: frozenset[str] = frozenset()
    drift: pl.DataFrame = field(default_factory=DRIFT.to_frame)
    windows: int = 0
    skipped: int = 0


class Looks(Feed):
    """A model that looks at events which lie elsewhere; its state is that of a stream (`Ongoing`)."""

    def ready(self) -> Looks:
        """Make what is made of the baseline once, before the first look waits for it."""
        for family in features.families_of(self.parts.description.families).values():
            for conditional in family.conditionals:
                self.parts.baseline.learnt(conditional)
        return self

    def glance(self, fresh: Source, since: dt.datetime, until: dt.datetime, where: str) -> None:
        """Look at a stretch of time for the first time.

        Parameters
        ----------
        fresh
            Its events, and earlier ones of the minute that it begins in.
        since, until
            Its borders: those of windows.
        where
            Whose events they are, for errors.
        """
        about, going = self.parts.description, self.going
        fresh, _ = unlearnt(fresh, about.learned_until)
        refuse_known(fresh.events, about.moments, where)
        source = joined(going.ahead, fresh, self.every)
        known = judged_until(about.learned_until)
        following = Following(source, self.parts.baseline, going.pace.holding, going.sightings, known)
        families = features.families_of(about.families)
        read = features.assemble_with_surprises(source, self.parts.baseline, families, following=following)
        inside = pl.col("window") >= instant(since)
        trees, surprises = (following.judged(table).filter(inside) for table in read)
        judged = self._judged(self._learners().fork(), trees, surprises, keep=False)
        alarms = self._alarmed(source, judged, containers_of(source, self.parts.baseline))
        rare = alarms.raised.filter(pl.col("margin") > pl.col("limit") + math.log(URGENT))
        going.urgent = going.urgent.with_more(replace(alarms.only(rare), shared=pl.DataFrame()))
        going.sightings = following.after(instant(until - self.every.length))
        going.seen_until = until
        keep(going.ahead, source, until, about.families)

    def settle(self, fresh: Source, until: dt.datetime) -> Seen:
        """Look at a stretch of time again, when the hold after it is over, and settle it up to a border."""
        fresh, skipped = unlearnt(fresh, self.parts.description.learned_until)
        settled, _, findings = self._take(joined(self.going, fresh, self.every), last=True, end=until)
        cells = settled.trees.select("container_id", "window").unique().height
        return Seen(findings, frozenset(self.going.shown), self._drift, cells, skipped)

    def standing(self, until: dt.datetime) -> Seen:
        """Return what stands after a first look, when everything up to ``until`` was settled before."""
        findings, self._withdrawn = self._standing(self.going.alarms, self._open(until), until)
        return Seen(findings, frozenset(self.going.shown), self._drift)

    def apart(self) -> Looks:
        """Return looks of their own: what these settle and learn changes nothing here."""
        parts = Model.of(self.parts).forked()
        parts.description = self.parts.description.model_copy(
            update={"learned_until": dict(self.parts.description.learned_until)}
        )
        watching, ahead = copy.deepcopy(self.going.watching), replace(self.going.ahead)
        parts.ongoing = replace(self.going, watching=watching, ahead=ahead)
        return Looks(parts, parts.ongoing, self.budget)

    def evidence(self) -> pl.DataFrame:
        """Return the events that findings may still name: ``host``, ``seq``."""
        alarms, urgent = self.going.alarms, self.going.urgent
        tables = [alarms.surprises, urgent.surprises, *([alarms.shared] if alarms.shared.width else [])]
        return pl.concat([table.select("host", "seq") for table in tables]).unique()

    def _seen_until(self, border: dt.datetime) -> dt.datetime:
        return max(border, self.going.seen_until or border)

    def _urgent(self, source: Source, open_: Read, facts: pl.DataFrame, until: dt.datetime) -> Alarmed:
        return self._open(until)

    def _open(self, until: dt.datetime) -> Alarmed:
        """Return the alarms of first looks; of the time before ``until`` the second one has told."""
        urgent = self.going.urgent
        self.going.urgent = urgent.only(urgent.raised.filter(pl.col("window") >= instant(until)))
        return self.going.urgent

    def _put_by(self, source: Source, trees: pl.DataFrame, alarming: pl.DataFrame) -> None:
        """Keep nothing for the baseline: it stays as it was trained."""


def look_on(model: Model, budget: float | None) -> Looks:
    """Return the looks of a model, from where its stream stands."""
    going = model.ongoing = model.ongoing or Ongoing()
    going.fitted_until = going.fitted_until or model.description.fitted_until
    return Looks(model, going, budget or model.description.budget)
