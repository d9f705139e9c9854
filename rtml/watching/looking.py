"""One look after the other at a capture that grows: models and rules over the same stretches of time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

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
from rtml.watching.stretches import Stretches

__all__ = ["Looking", "Outcome"]


@dataclass(frozen=True)
class Outcome:
    """Findings as they stand; ``growing``: ids of those that may change; what the model said besides."""

    findings: pl.DataFrame
    growing: frozenset[str]
    seen: Seen


@dataclass
class Looking:
    """A model, rules, or both, and the events that their findings name.

    ``place``: a folder for what each of the two looks writes down (``written``).
    """

    looks: Looks | None
    rules: Rules | None
    evidence: Evidence
    place: Path
    written: tuple[Stretches, Stretches] = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing written down."""
        self.written = (Stretches(self.place / "seen"), Stretches(self.place / "settled"))

    def apart(self) -> Looking:
        """Return a copy that may look further ahead; nothing here changes with it."""
        rules = None
        if self.rules is not None:
            rules = self.rules.apart()
        looks = None if self.looks is None else self.looks.apart()
        return Looking(looks, rules, replace(self.evidence), self.place / "apart")

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
        cuts = [self._cut(capture, ranges, self.written[n], *span) for n, span in enumerate((seen, settled))]
        told, ruled = Seen(), empty(FINDINGS)
        if self.looks is not None:
            told = self._model(self.looks, cuts, seen, settled)
        if self.rules is not None:
            ruled = self._rules(self.rules, capture, cuts, seen, settled)
        open_ = ruled.filter(pl.col("first_seen") >= instant(FRAME.border_before(settled[1])))
        findings = pl.concat([told.findings, ruled]).sort("first_seen", "detector", "finding_id")
        wanted = self._named(findings)
        for cut, (start, end) in zip(cuts, (seen, settled), strict=True):
            if end > start and wanted.height:
                self.evidence.take(cut(start, end), wanted)
        return Outcome(self.evidence.shown(findings, capture), told.growing | set(open_["finding_id"]), told)

    @staticmethod
    def _cut(
        capture: Capture, ranges: Ranges, written: Stretches, first: dt.datetime, last: dt.datetime
    ) -> Stretch:
        """Write the stretch of a look down, and return what cuts pieces out of it and of what was before."""

        def cut(start: dt.datetime, end: dt.datetime, earlier: pl.DataFrame | None = None) -> Slice:
            stretch = Slice.of(capture, ranges, start, end, earlier)
            return replace(stretch, files=written.covering(start, end))

        if last > first:
            written.write(Slice.of(capture, ranges, first, last))
        return cut

    def _named(self, findings: pl.DataFrame) -> pl.DataFrame:
        """Return the events that findings name, or may name later."""
        listed = findings.select("evidence").explode("evidence").drop_nulls().unnest("evidence")
        more = [] if self.looks is None else [self.looks.evidence()]
        return pl.concat([listed, *more]).unique()

    def _model(
        self,
        looks: Looks,
        cuts: Sequence[Stretch],
        seen: tuple[dt.datetime, dt.datetime],
        settled: tuple[dt.datetime, dt.datetime],
    ) -> Seen:
        about = looks.parts.description

        def source(stretch: Slice) -> Source:
            return features.source_of(stretch, None, about.window, about.families, "tree")

        if seen[1] > seen[0]:
            looks.glance(source(cuts[0](*seen)), *seen, "the log")
        told = looks.settle(source(cuts[1](*settled)), settled[1])
        return replace(told, findings=with_budgets(told.findings, looks.alarms))

    def _rules(
        self,
        rules: Rules,
        capture: Capture,
        cuts: Sequence[Stretch],
        seen: tuple[dt.datetime, dt.datetime],
        settled: tuple[dt.datetime, dt.datetime],
    ) -> pl.DataFrame:
        rules.load(capture)
        if seen[1] > seen[0]:
            rules.glance(cuts[0], *seen)
        if settled[1] > settled[0]:
            rules.settle(cuts[1], *settled, seen[1])
        findings = rules.findings()
        rules.forget(settled[1])
        return findings
