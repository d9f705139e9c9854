"""One look after the other at a capture that grows: models and rules over the same stretches of time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from rtml import features
from rtml.captures import Capture
from rtml.features import Source
from rtml.models.alarm import with_budgets
from rtml.models.looking import Looks, Seen
from rtml.rules.running.ruling import FRAME, Rules, Stretch, begun
from rtml.schema import FINDINGS, empty
from rtml.times import instant
from rtml.watching.evidence import Evidence
from rtml.watching.ranges import Ranges
from rtml.watching.slices import Slice
from rtml.watching.stretches import Stretches

__all__ = ["Looking", "Outcome", "Spans"]

Span = tuple[dt.datetime, dt.datetime]


@dataclass(frozen=True)
class Spans:
    """From where and how far a look goes.

    ``ruled`` and ``seen``: time that is looked at for the first time, by the rules, and by the model, whose
    windows must be over: rules are ahead of it. ``settled``: time that both look at for the second time.
    """

    ruled: Span
    seen: Span
    settled: Span

    def first(self) -> Span:
        """Return the time whose events are looked at for the first time by one of the two.

        >>> at = [dt.datetime(2026, 1, 1, 0, 0, second) for second in (0, 30, 45)]
        >>> Spans((at[1], at[2]), (at[0], at[0]), (at[0], at[0])).first() == (at[1], at[2])
        True
        >>> Spans((at[1], at[2]), (at[0], at[1]), (at[0], at[0])).first() == (at[0], at[2])
        True
        """
        since = self.seen[0] if self.seen[1] > self.seen[0] else self.ruled[0]
        return since, max(self.ruled[1], self.seen[1])


@dataclass(frozen=True)
class Outcome:
    """Findings as they stand; ``growing``: ids of those that may change; what the model said besides."""

    findings: pl.DataFrame
    growing: frozenset[str]
    seen: Seen


@dataclass
class Looking:
    """A model, rules, or both, and the events that their findings name.

    ``place``: a folder for what each of the two looks writes down (``written``). ``standing``: what the model
    said last and may still change.
    """

    looks: Looks | None
    rules: Rules | None
    evidence: Evidence
    place: Path
    written: tuple[Stretches, Stretches] = field(init=False)
    standing: Seen | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Begin with nothing written down."""
        self.written = (Stretches(self.place / "seen"), Stretches(self.place / "settled"))

    def apart(self) -> Looking:
        """Return a copy that may look further ahead; nothing here changes with it."""
        rules = None
        if self.rules is not None:
            rules = self.rules.apart()
        looks = None if self.looks is None else self.looks.apart()
        place, (first, second) = self.place / "apart", self.written
        copy = Looking(looks, rules, replace(self.evidence), place)
        copy.written = (first.apart(place / "seen"), second.apart(place / "settled"))
        return copy

    def take(self, capture: Capture, ranges: Ranges, spans: Spans) -> Outcome:
        """Look at time that is over for the first time, and at time whose hold is over again.

        Parameters
        ----------
        capture, ranges
            What has come so far, and which file of it holds what.
        spans
            From where and how far each look goes.
        """
        news = (spans.ruled, spans.settled)
        cuts = [self._cut(capture, ranges, self.written[n], span, spans) for n, span in enumerate(news)]
        told, ruled = self._judged(capture, cuts, spans)
        open_ = ruled.filter(pl.col("first_seen") >= instant(FRAME.border_before(spans.settled[1])))
        findings = pl.concat([told.findings, ruled]).sort("first_seen", "detector", "finding_id")
        wanted = self._named(findings)
        for cut, (start, end) in zip(cuts, (spans.first(), spans.settled), strict=True):
            if end > start and wanted.height:
                self.evidence.take(cut(start, end), wanted)
        return Outcome(self.evidence.shown(findings, capture), told.growing | set(open_["finding_id"]), told)

    def _judged(self, capture: Capture, cuts: Sequence[Stretch], spans: Spans) -> tuple[Seen, pl.DataFrame]:
        """Return what the model says and what the rules find: neither asks the other, both look at once."""
        with ThreadPoolExecutor(1) as pool:
            ruled = None if self.rules is None else pool.submit(self._rules, self.rules, capture, cuts, spans)
            told = Seen() if self.looks is None else self._model(self.looks, cuts, spans)
            return told, empty(FINDINGS) if ruled is None else ruled.result()

    @staticmethod
    def _cut(capture: Capture, ranges: Ranges, written: Stretches, span: Span, spans: Spans) -> Stretch:
        """Write the stretch of a look down, and return what cuts pieces out of it and of what was before.

        The first one after a start begins where sequences may begin, and the window of the model.
        """

        def cut(
            start: dt.datetime,
            end: dt.datetime,
            earlier: pl.DataFrame | None = None,
            beginnings: dt.datetime | None = None,
        ) -> Slice:
            stretch = Slice.of(capture, ranges, start, end, earlier)
            return replace(stretch, files=written.covering(start, end, beginnings))

        first, last = span
        since = min(first, spans.seen[0]) if span is spans.ruled else first
        if last > first:
            start = first if written.folders else begun(since)
            written.write(Slice.of(capture, ranges, start, last), since)
        return cut

    def _named(self, findings: pl.DataFrame) -> pl.DataFrame:
        """Return the events that findings name, or may name later."""
        listed = findings.select("evidence").explode("evidence").drop_nulls().unnest("evidence")
        more = [] if self.looks is None else [self.looks.evidence()]
        return pl.concat([listed, *more]).unique()

    def _model(self, looks: Looks, cuts: Sequence[Stretch], spans: Spans) -> Seen:
        about, seen, settled = looks.parts.description, spans.seen, spans.settled
        if self.standing is not None and seen[0] == seen[1] and settled[0] == settled[1]:
            return self.standing

        def source(stretch: Capture) -> Source:
            return features.source_of(stretch, None, about.window, about.families, "tree")

        if seen[1] > seen[0]:
            looks.glance(source(cuts[0](*seen)), *seen, "the log")
        if settled[1] > settled[0] or self.standing is None:
            told = looks.settle(source(cuts[1](*settled)), settled[1])
        else:
            told = looks.standing(settled[1])
        told = replace(told, findings=with_budgets(told.findings, looks.alarms))
        growing = pl.col("finding_id").is_in(list(told.growing))
        self.standing = Seen(told.findings.filter(growing), told.growing)
        return told

    def _rules(self, rules: Rules, capture: Capture, cuts: Sequence[Stretch], spans: Spans) -> pl.DataFrame:
        ruled, settled = spans.ruled, spans.settled
        rules.load(capture)
        if ruled[1] > ruled[0]:
            rules.glance(cuts[0], *ruled)
        if settled[1] > settled[0]:
            rules.settle(cuts[1], *settled, spans.seen[1])
        findings = rules.findings()
        rules.forget(settled[1])
        return findings
