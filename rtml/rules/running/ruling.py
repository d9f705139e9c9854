"""Rules over a log that grows: each stretch of time is evaluated when it is over, and again after the hold.

Hits of both looks stand side by side until their five minutes (`rtml.findings.unit.SLOT`) are settled. Those
of the second look, which knows what came late and which process was which, take the place of the first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import polars as pl

from rtml.captures import Capture
from rtml.findings.unit import SLOT
from rtml.rules import findings_of
from rtml.rules.account import HITS
from rtml.rules.chosen import Chosen
from rtml.rules.correlations.contract import Correlation
from rtml.rules.fitting import packs_for
from rtml.rules.language.contract import Rule, Skipped
from rtml.rules.language.over_rules import OverRules
from rtml.rules.running.actors import with_actor
from rtml.rules.running.evaluate import evaluate
from rtml.rules.running.recall import recalled
from rtml.rules.running.run import load_all
from rtml.schema import FINDINGS, conform, empty
from rtml.times import MINUTE, Window, instant

__all__ = ["FRAME", "Rules", "Ruling", "Stretch", "begun"]

FRAME = Window.of(SLOT)
"""Length of the unit of findings (`rtml.findings.unit.SLOT`)."""

_BEFORE = dt.timedelta(minutes=2)
"""How far before a stretch the short sequences may begin; what the others recall is `recalled`."""

_LONG = dt.timedelta(minutes=15)

Stretch = Callable[..., Capture]
"""From start, end and perhaps earlier events to a capture of them; of the time before ``beginnings`` it may
leave out what no sequence begins with (`rtml.rules.running.recall.only_read`)."""

_HITS = pl.Schema({**HITS, **dict.fromkeys(("entry", "actor", "target"), pl.String())})


@dataclass
class Ruling:
    """What rules know between two looks.

    ``hits`` of slots that are not settled; ``recalled`` and ``recalled_ahead``: what each look needs of the
    time before (`rtml.rules.running.recall`), and ``counted``, ``counted_ahead``: events that matched rules
    which are counted.
    """

    hits: pl.DataFrame = field(default_factory=_HITS.to_frame)
    recalled: pl.DataFrame = field(default_factory=empty)
    recalled_ahead: pl.DataFrame = field(default_factory=empty)
    counted: pl.DataFrame = field(default_factory=empty)
    counted_ahead: pl.DataFrame = field(default_factory=empty)


def begun(since: dt.datetime) -> dt.datetime:
    """Return where the short sequences of a stretch may begin.

    >>> str(begun(dt.datetime(2026, 1, 1, 0, 5, 30, tzinfo=dt.UTC)))
    '2026-01-01 00:03:00+00:00'
    """
    return MINUTE.border_before(since - _BEFORE)


class Rules:
    """The rules that watch, loaded once.

    Parameters
    ----------
    chosen
        What to run.
    fits
        Of our packs take those that fit what has come so far, whatever ``chosen`` says.
    state
        Where a former watch stopped.
    """

    def __init__(self, chosen: Chosen, fits: bool, state: Ruling) -> None:
        self.chosen, self.fits, self.state = chosen, fits, state
        self.rules: list[Rule] = []
        self.skipped: list[Skipped] = []
        self._packs: tuple[str, ...] | None = None

    def apart(self) -> Rules:
        """Return rules of their own: what they see changes nothing here."""
        copy = Rules(self.chosen, self.fits, replace(self.state))
        copy.rules, copy.skipped, copy._packs = self.rules, self.skipped, self._packs
        return copy

    def load(self, capture: Capture) -> None:
        """Load what fits the capture by now."""
        packs = packs_for(capture.manifest) if self.fits else self.chosen.packs
        if packs != self._packs:
            chosen, self._packs = self.chosen, packs
            self.rules, self.skipped = load_all(chosen.sigma, packs, chosen.falco, chosen.lists)

    def glance(self, cut: Stretch, since: dt.datetime, until: dt.datetime) -> None:
        """Evaluate a stretch that is over; what comes late is left for the second look."""
        now = self.state
        # What was only read before is what no sequence begins with.
        narrow: Stretch = partial(cut, beginnings=since)
        hits = self._hits(narrow, since, until, until, now.recalled_ahead, now.counted_ahead, self._whole())
        now.hits = pl.concat([now.hits, hits])
        now.recalled_ahead, now.counted_ahead = self._recalled(
            cut, since, until, now.recalled_ahead, now.counted_ahead
        )

    def settle(
        self, cut: Stretch, since: dt.datetime, until: dt.datetime, known: dt.datetime, last: bool = False
    ) -> None:
        """Evaluate a stretch again; all before ``known`` has come, so that frames are whole.

        After the ``last`` stretch nothing is taken up for the next.
        """
        now = self.state
        hits = self._hits(cut, since, until, known, now.recalled, now.counted, [])
        later = now.hits.filter(pl.col("time") >= instant(until))
        former = now.hits.filter(pl.col("time") < instant(since))
        now.hits = pl.concat([former, hits, later])
        if not last:
            now.recalled, now.counted = self._recalled(cut, since, until, now.recalled, now.counted)

    def findings(self) -> pl.DataFrame:
        """Return the findings of slots that are not settled, as they stand."""
        if self.state.hits.is_empty():
            return empty(FINDINGS)
        hits = self.state.hits
        named = hits if hits["actor"].null_count() < hits.height else hits.drop("actor", "target")
        return findings_of(named.sort("time", "host", "seq", "rule", nulls_last=False), self.rules)

    def forget(self, until: dt.datetime) -> None:
        """Forget the hits of slots that have ended: their findings have been told."""
        slot = FRAME.border_before(until)
        self.state.hits = self.state.hits.filter(pl.col("time") >= instant(slot))

    def _whole(self) -> Sequence[str]:
        """Rules that ask for time frames into which nothing more comes: they wait for the second look."""
        counting = [rule for rule in self.rules if isinstance(rule, OverRules)]
        return [rule.id for rule in counting if not all(bound.is_lower for bound in rule.bounds)]

    def _hits(
        self,
        cut: Stretch,
        since: dt.datetime,
        until: dt.datetime,
        known: dt.datetime,
        recalled: pl.DataFrame,
        counted: pl.DataFrame,
        without: Sequence[str],
    ) -> pl.DataFrame:
        rules = [rule for rule in self.rules if rule.id not in without]
        ordered = [rule for rule in rules if isinstance(rule, Correlation)]
        counting = [rule for rule in rules if isinstance(rule, OverRules)]
        single = [rule for rule in rules if not isinstance(rule, Correlation | OverRules)]
        whole = cut(begun(since), until, recalled)
        if until - since > _LONG:  # what lies before is little beside it, and kinds are read once for both
            parts: list[tuple[Sequence[Rule], Capture]] = [([*single, *ordered], whole)]
        else:
            parts = [(single, cut(since, until)), (ordered, whole)]
        if counting:
            parts.append((counting, cut(since, known, counted)))
        tables = [_HITS.to_frame()]
        for some, stretch in parts:
            hits = with_actor(evaluate(stretch, some).hits, stretch)
            inside = (pl.col("time") >= instant(since)) & (pl.col("time") < instant(until))
            tables.append(hits.filter(inside))
        together = pl.concat(tables, how="diagonal_relaxed")
        return together.select(pl.col(name).cast(kind) for name, kind in _HITS.items())

    def _recalled(
        self,
        cut: Stretch,
        since: dt.datetime,
        until: dt.datetime,
        before: pl.DataFrame,
        counted: pl.DataFrame,
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Take up what the next look, whose short sequences begin before it, will not read."""
        former, next_one = begun(since), begun(until)
        passed = cut(former, next_one, beginnings=next_one)
        kept = recalled(before, passed.events(), next_one) if next_one > former else before
        counting = [rule for rule in self.rules if isinstance(rule, OverRules)]
        if not counting:
            return kept, counted
        stretch = cut(since, until)
        inner = {part.rule.id: part.rule for rule in counting for part in rule.parts}
        hits = evaluate(stretch, list(inner.values())).hits.lazy().select("host", "seq").unique()
        rows = stretch.events().with_columns(pl.col("host").cast(pl.String))
        matched = rows.join(hits, on=["host", "seq"], how="semi").collect(engine="streaming")
        oldest = until - max(rule.span for rule in counting)
        both = pl.concat([counted, conform(matched)])
        return kept, both.filter(pl.col("time") >= instant(oldest))
