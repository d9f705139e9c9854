"""One capture that grows by batches: a thread that reads, writes them down, answers, and commits.

Batches that wait are taken together: those of one client are one block for the sensor, and all of them
are one write to disk. Only then are they answered. The capture commits from time to time, as a follower's
does; after a kill it is brought up to date from the journal.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

from rtml.captures.following.blocks import BlockReader
from rtml.captures.following.commits import FOLDER
from rtml.captures.following.lock import locked
from rtml.captures.following.resuming import begun, require_ours
from rtml.captures.scope import scoped
from rtml.captures.sensors import SENSORS, Reading
from rtml.serving.journal import Batch, Journal, Outcome
from rtml.serving.policy import Where
from rtml.serving.reading import NAME, read
from rtml.serving.refusing import Refusal

__all__ = ["Closed", "Intake", "Rhythm"]

_BLOCK = 8_000_000
"""Bytes that are read together at most, as a follower's block."""


@dataclass(frozen=True)
class Rhythm:
    """When a capture commits: after so many ``seconds`` or ``events``; ``idle`` seconds close it."""

    seconds: float = 10.0
    events: int = 100_000
    idle: float = 600.0


class Closed(Exception):
    """The capture was closed while a batch came; it can be opened again."""


Waiting = tuple[Batch, "Future[tuple[Outcome, bool]]"]


class Intake:
    """The capture at ``out``, for batches of ``where``.

    Raises
    ------
    RtmlError
        Something else is at ``out``, or somebody else writes into it.
    """

    def __init__(self, out: Path, where: Where, rhythm: Rhythm, scope: Path | None = None) -> None:
        self.where, self._rhythm = where, rhythm
        self.failed: BaseException | None = None
        self._bell, self._waiting = threading.Condition(), list[Waiting]()
        self._stopping = self.over = False
        sensor = SENSORS[where.sensor]
        require_ours(out)
        with ExitStack() as stack:
            stack.enter_context(locked(out / FOLDER / "lock", out))
            self._commits, self._gathered = begun(sensor, NAME, out)
            self._journal = Journal(out / FOLDER / "journal", self._commits.facts.place)
            stack.callback(self._journal.close)
            kind = sensor if scope is None else scoped(sensor, scope)
            self._reader = BlockReader(kind, out / FOLDER, known=True)
            self._line = self._commits.facts.place.line
            self._new, self._committed, self._last = 0, time.monotonic(), time.monotonic()
            self._catch_up()
            self._held = stack.pop_all()
        self._thread = threading.Thread(target=self._run, name=f"intake {where.folder}", daemon=True)
        self._thread.start()

    def offer(self, batch: Batch) -> Future[tuple[Outcome, bool]]:
        """Give a batch; the result is there when it is on disk: what became of it, and whether it was known.

        Raises
        ------
        Closed
            Nothing is taken here any more.
        """
        result: Future[tuple[Outcome, bool]] = Future()
        with self._bell:
            if self._stopping or self.over:
                raise Closed
            self._waiting.append((batch, result))
            self._bell.notify()
        return result

    def close(self) -> None:
        """Take what waits, commit, and let go of the capture."""
        with self._bell:
            self._stopping = True
            self._bell.notify()
        self._thread.join()

    def _run(self) -> None:
        try:
            with self._held:
                while self._turn():
                    pass
        except BaseException as error:
            self.failed = error
        finally:
            with self._bell:
                self.over = True
                left, self._waiting = self._waiting, []
            for _, result in left:
                _answer(result, self.failed or Closed())

    def _turn(self) -> bool:
        """Take what waits, commit where it is time; tell whether to go on."""
        with self._bell:
            if not self._waiting and not self._stopping:
                self._bell.wait(min(self._rhythm.seconds, 1.0))
            waiting, self._waiting = self._waiting, []
            idle = not waiting and time.monotonic() - self._last > self._rhythm.idle
            self._stopping = self._stopping or idle
            over = self._stopping
        try:
            self._take(waiting)
        except BaseException as error:
            for _, result in waiting:
                _answer(result, error)
            raise
        due = time.monotonic() - self._committed >= self._rhythm.seconds
        if self._new and (due or over or self._new >= self._rhythm.events):
            self._commit()
        return not over

    def _take(self, waiting: list[Waiting]) -> None:
        """Read batches, write them down, answer; then give them to the capture."""
        if waiting:
            self._last = time.monotonic()
        new = list(self._unheard(waiting))
        blocks = list(_blocks(new))
        read_blocks = [one for block in blocks for one in self._read(block)]
        if not read_blocks:
            return
        outcomes = [outcome for _, _, told in read_blocks for outcome in told]
        batches = [batch for block, _, _ in read_blocks for batch, _ in block]
        place = self._journal.append(list(zip(batches, outcomes, strict=True)))
        for block, _, told in read_blocks:
            for (_, result), outcome in zip(block, told, strict=True):
                _answer(result, (outcome, False))
        for block, reading, _ in read_blocks:
            self._add(reading, [batch for batch, _ in block])
        self._commits.facts.place = place.model_copy(update={"line": self._line})

    def _unheard(self, waiting: Iterable[Waiting]) -> Iterator[Waiting]:
        """Yield batches that were not sent before; those that were are answered as they were then."""
        now: dict[str, Waiting] = {}
        for batch, result in waiting:
            known = self._journal.known(batch)
            former = now.get(batch.name or "")
            if known is None and former is None:
                if batch.name is not None:
                    now[batch.name] = (batch, result)
                yield batch, result
            elif (former[0].digest if former else known.digest if known else "") != batch.digest:
                _answer(result, Refusal(422, "this Idempotency-Key came before, with other content"))
            elif former is not None:
                former[1].add_done_callback(partial(_same, own=result))
            elif known is not None:
                _answer(result, (known, True))

    def _read(self, block: list[Waiting]) -> Iterator[tuple[list[Waiting], Reading, list[Outcome]]]:
        """Read batches together; where one of them may not be written, each by itself."""
        try:
            reading, told = read(self._reader, [batch for batch, _ in block], self.where, self._line)
        except Refusal as refusal:
            if len(block) == 1:
                _answer(block[0][1], refusal)
                return
            for one in block:
                yield from self._read([one])
            return
        self._line += sum(outcome.lines for outcome in told)
        yield block, reading, told

    def _add(self, reading: Reading, batches: Iterable[Batch]) -> None:
        self._gathered.add(reading, NAME, sum(len(batch.raw) for batch in batches))
        self._new += max(1, reading.records)

    def _catch_up(self) -> None:
        """Read what was acknowledged and is not in the capture, as after a kill."""
        for batch, _, place in self._journal.unread():
            reading, told = read(self._reader, [batch], self.where, self._line)
            self._line += told[0].lines
            self._add(reading, [batch])
            self._commits.facts.place = place.model_copy(update={"line": self._line})
            if self._new >= self._rhythm.events:
                self._commit()
        if self._new:
            self._commit()

    def _commit(self) -> None:
        self._commits.commit(self._gathered)
        self._journal.forget(self._commits.facts.place)
        self._new, self._committed = 0, time.monotonic()


def _blocks(waiting: Iterable[Waiting]) -> Iterator[list[Waiting]]:
    """Put batches of one client together, in blocks that are not too long."""

    def client(one: Waiting) -> str:
        return one[0].client

    for _, own in groupby(sorted(waiting, key=client), key=client):
        block: list[Waiting] = []
        for one in own:
            if block and sum(len(batch.raw) for batch, _ in block) + len(one[0].raw) > _BLOCK:
                yield block
                block = []
            block.append(one)
        yield block


def _answer(result: Future[tuple[Outcome, bool]], told: tuple[Outcome, bool] | BaseException) -> None:
    """Tell whoever waits, if somebody still does."""
    with suppress(InvalidStateError):
        if isinstance(told, BaseException):
            result.set_exception(told)
        else:
            result.set_result(told)


def _same(done: Future[tuple[Outcome, bool]], own: Future[tuple[Outcome, bool]]) -> None:
    """Tell a batch that came twice at once what its twin was told."""
    if done.cancelled():
        _answer(own, Closed())
        return
    error = done.exception()
    _answer(own, error if error is not None else (done.result()[0], True))
