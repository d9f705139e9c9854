"""Looks after every commit of a follower at what is over by then, and tells what is new."""

from __future__ import annotations

import datetime as dt
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl

from rtml.captures import Capture, Manifest, open_capture
from rtml.captures.following.follow import Pulse
from rtml.captures.following.gathering import HOLD
from rtml.findings.suppression.archiving import suppress
from rtml.models.looking import look_on
from rtml.rules.running.ruling import Rules
from rtml.schema import FINDINGS, empty
from rtml.times import MINUTE, Window, instant
from rtml.watching.aside import Aside
from rtml.watching.clocks import Clocks
from rtml.watching.judges import Judges
from rtml.watching.keeping import Kept, keep, kept
from rtml.watching.ledger import Ledger
from rtml.watching.looking import Looking, Outcome, Spans
from rtml.watching.output import Output
from rtml.watching.ranges import Ranges
from rtml.watching.remarks import Remarks

__all__ = ["Watcher"]

_PATIENCE = dt.timedelta(seconds=1)
"""How far time must have gone beyond a window before its first look; what comes later is for the second."""

_AHEAD = Window.of("20s")
"""Rules need no whole window: so much of it is read, and judged by them, while the rest of it still comes."""

_LAG = dt.timedelta(seconds=0.5)
"""How far the newest event must be beyond that before a commit is asked for (`rtml.watching.clocks`)."""

_QUIET = 5.0
"""Seconds without a line after which the clock of this machine says which windows are over."""

_SILENT = 600.0
"""Seconds without a line after which the sensor is called silent."""


class Watcher:
    """Looks after every commit of the follower at what is over by now."""

    def __init__(
        self,
        place: Path,
        judges: Judges,
        output: Output,
        remarks: Remarks,
        sent: Callable[[pl.DataFrame, Path], None] | None,
    ) -> None:
        self.place, self.judges, self.output, self.remarks, self.sent = place, judges, output, remarks, sent
        shutil.rmtree(place / "watch" / "stretches", ignore_errors=True)  # of a former watch
        self.kept = kept(place / "watch", judges.model, judges.digest) or Kept()
        position = self.kept.position
        position.ruled_until = max(position.ruled_until, position.seen_until)
        self.ledger = Ledger(position.told)
        remarks.counts = position.counts
        looks = None
        if judges.model is not None:
            looks = look_on(judges.model, judges.budget).ready()
            looks.going.pace = judges.pace
        rules = None if judges.rules is None else Rules(judges.rules, judges.fits, self.kept.ruling)
        self.looking = Looking(looks, rules, self.kept.evidence, place / "watch" / "stretches")
        self.every = MINUTE if judges.model is None else judges.model.description.window
        self.ranges, self.clocks = Ranges(), Clocks(dict(self.kept.position.clocks))
        self.manifest: Manifest | None = None
        self.news, self.quiet, self.waited = time.monotonic(), False, self.kept.position.settled_until

    def resume(self) -> None:
        """Tell what a killed watch kept and did not tell."""
        position = self.kept.position
        self.output.tell(position.number, position.lines)

    def take(self, manifest: Manifest) -> None:
        """Look at what has come."""
        if self.manifest is None:
            self.remarks.begun(manifest, self.judges.model)
        capture = self._come(manifest)
        self.remarks.hosts(self.clocks)
        middle = self.clocks.middle()
        if middle is not None:
            self._look(capture, middle, middle)

    def border(self) -> dt.datetime | None:
        """Return the time of the log at which the next look is due; None before the first event."""
        middle = self.clocks.middle()
        if middle is None:
            return None
        passed = middle - _PATIENCE
        return min(w.border_before(passed) + w.length for w in (_AHEAD, self.every)) + _PATIENCE + _LAG

    def idle(self, pulse: Pulse, looks: Aside[Manifest]) -> Callable[[], bool]:
        """Return what the follower asks all the time: whether to stop. Without news the clock goes on.

        ``looks``: where the looks after commits are at work; there is one look at a time.
        """

        def stopped() -> bool:
            looks.check()
            if not pulse.once and not looks.busy():
                self._wait()
            return pulse.stopped()

        return stopped

    def finish(self) -> None:
        """Tell all as it stands, as if the hold were over; the state stays as it is."""
        if self.manifest is None or self.manifest.end is None:
            return
        end = self.every.border_before(self.manifest.end) + self.every.length
        self._as_it_stands(end, end)

    def _come(self, manifest: Manifest) -> Capture:
        """Note what has come since the last time."""
        position, capture = self.kept.position, open_capture(self.place / "capture")
        self.ranges.update(capture)
        self.clocks.update(capture, self.ranges, position.next_seq, dt.datetime.now(dt.UTC))
        late = position.counts.get("events came late", 0) + self._late(capture)
        self.remarks.came(manifest, late)
        if self.manifest is None or manifest.events > self.manifest.events:
            self.news, self.quiet = time.monotonic(), False
        position.next_seq = max(
            [position.next_seq, *(one.last_seq + 1 for one in self.ranges.known.values())]
        )
        self.manifest = manifest
        return capture

    def _late(self, capture: Capture) -> int:
        """Count what came now of time that is settled."""
        since, until = self.kept.position.next_seq, self.kept.position.settled_until
        known = self.ranges.known.items()
        names = [name for name, one in known if one.last_seq >= since and one.first < until]
        if not names:
            return 0
        rows = pl.scan_parquet([f"{capture.path}/{name}" for name in names], glob=False)
        late = rows.filter(pl.col("seq") >= since, pl.col("time") < instant(until))
        return int(late.select(pl.len()).collect().item())

    def _look(self, capture: Capture, now: dt.datetime, held: dt.datetime) -> None:
        """Look at the windows that are over ``now``, and settle those whose hold is over."""
        position = self.kept.position
        seen = max(position.seen_until, self.every.border_before(now - _PATIENCE))
        ruled = max(position.ruled_until, seen, _AHEAD.border_before(now - _PATIENCE))
        if ruled > position.ruled_until or seen > position.seen_until:
            over = seen > position.seen_until
            self._judge(capture, self._spans(ruled, seen, position.settled_until))
            settled = self.every.border_before(held - max(self.judges.pace.holding, HOLD))
            if over and (settled := min(settled, seen)) > position.settled_until:
                # What is new is told before what is old is read again.
                self._judge(capture, self._spans(ruled, seen, settled))

    def _spans(self, ruled: dt.datetime, seen: dt.datetime, settled: dt.datetime) -> Spans:
        now = self.kept.position
        return Spans((now.ruled_until, ruled), (now.seen_until, seen), (now.settled_until, settled))

    def _judge(self, capture: Capture, spans: Spans) -> None:
        """Look, and tell what is new."""
        position = self.kept.position
        outcome = self.looking.take(capture, self.ranges, spans)
        if self.looking.rules is not None:
            self.remarks.rules(capture.manifest, self.looking.rules.rules, self.looking.rules.skipped)
        self.remarks.looked(outcome)
        position.ruled_until, position.seen_until = spans.ruled[1], spans.seen[1]
        position.settled_until = spans.settled[1]
        self._tell(outcome, position.settled_until)

    def _wait(self) -> None:
        """Without news, let this machine's clock say what is over, and whose hold is."""
        silence = time.monotonic() - self.news
        middle, manifest = self.clocks.middle(), self.manifest
        if manifest is None or manifest.end is None or middle is None or silence < _QUIET:
            return
        if silence > _SILENT and not self.quiet:
            self.quiet = True
            self.remarks.say(f"no new line for {_SILENT / 60:.0f} minutes: nothing is judged")
        now = middle + dt.timedelta(seconds=silence)
        seen, ruled = self.kept.position.seen_until, self.kept.position.ruled_until
        borders = ((self.every, seen), (_AHEAD, ruled))
        if any(window.border_before(now - _PATIENCE) > at <= manifest.end for window, at in borders):
            self._look(open_capture(self.place / "capture"), now, middle)
        end = self.every.border_before(now - self.judges.pace.holding)
        if end > max(self.waited, self.kept.position.settled_until):
            if self.waited <= manifest.end:
                self.waited = end
                self._as_it_stands(self.kept.position.seen_until, end)

    def _as_it_stands(self, seen: dt.datetime, settled: dt.datetime) -> None:
        """Tell findings up to a border as they would be if nothing more came."""
        position = self.kept.position
        seen, settled = max(seen, position.seen_until), max(min(settled, seen), position.settled_until)
        capture = open_capture(self.place / "capture")
        self.ranges.update(capture)
        spans = self._spans(max(seen, position.ruled_until), seen, settled)
        outcome = self.looking.apart().take(capture, self.ranges, spans)
        shutil.rmtree(self.place / "watch" / "stretches" / "apart", ignore_errors=True)
        everything = frozenset(outcome.findings["finding_id"])
        self._tell(replace(outcome, growing=everything), settled, now=True)

    def _tell(self, outcome: Outcome, settled: dt.datetime, now: bool = False) -> None:
        """Tell what is new, once it has been kept that it is to be told."""
        position = self.kept.position
        done = suppress(outcome.findings, list(self.judges.suppressions))
        gone = self.ledger.gone(outcome.findings["finding_id"], settled, final=not now)
        new = pl.concat([empty(FINDINGS), gone, self.ledger.new(done.kept, outcome.growing, now)])
        counts = position.counts
        counts["findings told"] = counts.get("findings told", 0) + new.height - gone.height
        counts["findings withdrawn"] = counts.get("findings withdrawn", 0) + gone.height
        position.number += 1
        position.clocks, position.told = self.clocks.newest, self.ledger.told
        position.lines = self.output.lines(new)
        keep(self.place / "watch", self.kept, self.judges.model, self.judges.digest)
        self.output.tell(position.number, position.lines)
        if self.sent is not None and new.height:
            self.sent(new, self.place / "spool")
