"""What was read of batches goes into the capture in a thread of its own, while the next ones are read.

Reading takes about as long as adding and committing, so two processors take twice as many events. What waits
here is in the journal and answered already.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from rtml.captures.following.commits import Commits
from rtml.captures.following.gathering import Gathered
from rtml.captures.following.place import Place
from rtml.captures.sensors import Reading
from rtml.serving.journal import Journal
from rtml.serving.reading import NAME

__all__ = ["Keeper", "Kept", "Rhythm"]

_MOST = 1
"""Turns of reading that wait at most: memory is bounded, and who reads waits for who writes."""

_PATIENCE = 0.5


@dataclass(frozen=True)
class Rhythm:
    """When a capture commits: after so many ``seconds`` or ``events``; ``idle`` seconds close it."""

    seconds: float = 10.0
    events: int = 100_000
    idle: float = 600.0


@dataclass(frozen=True)
class Kept:
    """Readings with the bytes that they are of, and the place in the journal behind them."""

    readings: list[tuple[Reading, int]]
    place: Place


class Keeper:
    """Adds to a growing capture and commits it, in the rhythm; ``failed`` rings when it cannot go on."""

    def __init__(
        self,
        commits: Commits,
        gathered: Gathered,
        journal: Journal,
        rhythm: Rhythm,
        rings: Callable[[], None],
    ) -> None:
        self._commits, self._gathered, self._journal = commits, gathered, journal
        self._rhythm, self._rings = rhythm, rings
        self._new, self._committed = 0, time.monotonic()
        self._waiting: queue.Queue[Kept | None] = queue.Queue(_MOST)
        self.failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def take(self, kept: Kept) -> None:
        """Add what was read; commit where there is enough of it."""
        for reading, size in kept.readings:
            self._gathered.add(reading, NAME, size)
            self._new += max(1, reading.records)
        self._commits.facts.place = kept.place
        if self._new >= self._rhythm.events:
            self.commit()

    def commit(self) -> None:
        """Commit what is new, if anything is."""
        if self._new:
            self._commits.commit(self._gathered)
            self._journal.forget(self._commits.facts.place)
        self._new, self._committed = 0, time.monotonic()

    def start(self) -> None:
        """Take what is given from now on in a thread."""
        self._thread.start()

    def give(self, kept: Kept | None) -> None:
        """Hand on what was read; None ends the thread, which commits first.

        Raises
        ------
        BaseException
            What the thread failed with.
        """
        while self.failed is None:
            try:
                return self._waiting.put(kept, timeout=_PATIENCE)
            except queue.Full:
                continue
        raise self.failed

    def end(self) -> None:
        """Let the thread take what waits, commit and end; raises as `give` does."""
        self.give(None)
        self._thread.join()
        if self.failed is not None:
            raise self.failed

    def _run(self) -> None:
        try:
            while self._turn():
                pass
            self.commit()
        except BaseException as error:  # whoever gives is told
            self.failed = error
            self._rings()

    def _turn(self) -> bool:
        try:
            kept = self._waiting.get(timeout=min(self._rhythm.seconds, _PATIENCE))
        except queue.Empty:
            kept = Kept([], self._commits.facts.place)
        if kept is None:
            return False
        self.take(kept)
        if time.monotonic() - self._committed >= self._rhythm.seconds:
            self.commit()
        return True
