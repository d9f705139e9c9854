"""One look after the other at a capture that grows: models and rules over the same stretches of time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import polars as pl

from rtml import features
from rtml.captures import Capture
from rtml.features import Source
from rtml.models.alarm import with_budgets
from rtml.models.looking import Looks, Seen
from rtml.schema import FINDINGS, empty
from rtml.times import instant
from rtml.watching.evidence import Evidence
from rtml.watching.ranges import Ranges
from rtml.watching.ruling import FRAME, Rules, Stretch
from rtml.watching.slices import Slice

__all__ = ["Looking", "Outcome"]


@dataclass(frozen=True)
class Outcome:
    """Findings as they stand; ``growing``: ids of those that may change; what the model said besides."""

    findings: pl.DataFrame
    growing: frozenset[str]
    seen: Seen


@dataclass
class Looking:
    """A model, rules, or both, and the events that their findings name."""

    looks: Looks | None
    rules: Rules | None
    evidence: Evidence

    def apart(self) -> Looking:
        """Return a copy that may look further ahead; nothing here changes with it."""
        rules = None
        if self.rules is not None:
            rules = self.rules.apart()
        looks = None if self.looks is None else self.looks.apart()
        return Looking(looks, rules, replace(self.evidence))

    def take(
        self,
        capture: Capture,
        ranges: Ranges,
        seen: tuple[dt.datetime, dt.datetime],
        settled: tuple[dt.datetime, dt.datetime],
    ) -> Outcome:
        """Look at time that is over for the first time, and at time whose hold is over again.

        Parameters
        ----------
        capture, ranges
            What has come so far, and which file of it holds what.
        seen, settled
            From where and how far the first and the second look go.
        """

        def cut(start: dt.datetime, end: dt.datetime, earlier: pl.DataFrame | None = None) -> Slice:
            return Slice.of(capture, ranges, start, end, earlier)

        told = Seen() if self.looks is None else self._model(self.looks, cut, seen, settled)
        ruled = (
            empty(FINDINGS) if self.rules is None else self._rules(self.rules, capture, cut, seen, settled)
        )
        open_ = ruled.filter(pl.col("first_seen") >= instant(FRAME.border_before(settled[1])))
        findings = pl.concat([told.findings, ruled]).sort("first_seen", "detector", "finding_id")
        wanted = self._named(findings)
        for start, end in (seen, settled):
            if end > start and wanted.height:
                self.evidence.take(cut(start, end), wanted)
        return Outcome(self.evidence.shown(findings, capture), told.growing | set(open_["finding_id"]), told)

    def _named(self, findings: pl.DataFrame) -> pl.DataFrame:
        """Return the events that findings name, or may name later."""
        listed = findings.select("evidence").explode("evidence").drop_nulls().unnest("evidence")
        more = [] if self.looks is None else [self.looks.evidence()]
        return pl.concat([listed, *more]).unique()

    def _model(
        self,
        looks: Looks,
        cut: Stretch,
        seen: tuple[dt.datetime, dt.datetime],
        settled: tuple[dt.datetime, dt.datetime],
    ) -> Seen:
        about = looks.parts.description

        def source(start: dt.datetime, end: dt.datetime) -> Source:
            return features.source_of(cut(start, end), None, about.window, about.families, "tree")

        if seen[1] > seen[0]:
            looks.glance(source(*seen), *seen, "the log")
        told = looks.settle(source(*settled), settled[1])
        return replace(told, findings=with_budgets(told.findings, looks.alarms))

    def _rules(
        self,
        rules: Rules,
        capture: Capture,
        cut: Stretch,
        seen: tuple[dt.datetime, dt.datetime],
        settled: tuple[dt.datetime, dt.datetime],
    ) -> pl.DataFrame:
        rules.load(capture)
        if seen[1] > seen[0]:
            rules.glance(cut, *seen)
        if settled[1] > settled[0]:
            rules.settle(cut, *settled, seen[1])
        findings = rules.findings()
        rules.forget(settled[1])
        return findings
