"""Many records read in one go: some odd, some good, and the good ones behind the last odd one must stay.

A record that was changed is one input. What reading costs beside the records (a hundred expressions of
Polars, a file) is paid once for a batch of them.
"""

from __future__ import annotations

import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rtml.errors import RtmlError
from tests.soak.records import mutated_record

__all__ = ["SIZE", "Batch", "Records", "Told", "batch_of", "fault_of_batch", "shrunk"]

SIZE = 5000
"""Odd records of a batch: what a reading costs by itself is as much as five hundred to a thousand of them."""

SECONDS, SECONDS_PER_KILOBYTE = 5.0, 0.02
_BEHIND = 12
"""Good records behind the odd ones."""


@dataclass(frozen=True)
class Told:
    """What reading gave: what is known of each good thing, and how many records it accounts for."""

    things: Counter[object]
    accounted: int | None = None
    problem: str = ""


@dataclass(frozen=True)
class Records:
    """How a reader's records are taken and put together.

    ``head`` are lines that come first as they are; ``whole`` makes a file of records; ``counts`` says how
    many records the reader must account for; ``stays`` is False where good records mean something else
    behind others (a program that exits, a clock), so that only their number is looked at.
    """

    read: Callable[[Path], Told]
    good: list[bytes]
    head: list[bytes]
    whole: Callable[[list[bytes]], bytes] = b"\n".join
    counts: Callable[[list[bytes]], int] = lambda records: 0
    stays: bool = True
    name: str = "input"
    known: dict[tuple[bytes, ...], Told] = field(default_factory=dict)


@dataclass(frozen=True)
class Batch:
    """Odd records among good ones, and the good ones behind them."""

    odd: list[bytes]
    behind: list[bytes]

    def only(self, places: Sequence[int]) -> Batch:
        """Return the batch with those odd records alone."""
        return Batch([self.odd[place] for place in places], self.behind)


def batch_of(name: str, records: Records, seed: int, number: int, size: int = SIZE) -> Batch:
    """Return a batch; the same dice, the same batch."""
    dice = random.Random(f"{seed}:{name}:batch:{number}")
    odd: list[bytes] = []
    for _ in range(size):
        odd.append(mutated_record(dice.choice(records.good), records.good, dice))
        if dice.random() < 0.1:
            odd.append(dice.choice(records.good))
    if dice.random() < 0.3:
        dice.shuffle(odd)
    begin = dice.randrange(len(records.good))
    return Batch(odd, (records.good * 2)[begin : begin + _BEHIND])


def fault_of_batch(records: Records, batch: Batch, again: bool = False) -> str | None:
    """Read a batch; return what was wrong with how it went."""
    whole = records.whole([*records.head, *batch.odd, *batch.behind])
    begin = time.process_time()
    try:
        told = _read(records, whole)
        alone = _alone(records, batch)
        other = _read(records, whole) if again else told
    except RtmlError as error:
        return f"nothing is read although good records are there: {str(error)[:200]}"
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # panics of Rust are no Exceptions
        return f"{type(error).__name__}: {str(error)[:200]}"
    taken = time.process_time() - begin
    if taken > SECONDS + SECONDS_PER_KILOBYTE * len(whole) / 1000:
        return f"{taken:.1f} s for {len(whole):,} bytes"
    if told.problem:
        return told.problem
    if other != told:
        return "read again, it tells something else"
    return _missing(records, batch, told, alone)


def _alone(records: Records, batch: Batch) -> Told:
    """Read the good records by themselves: there are as many such files as places to begin at."""
    key = tuple(batch.behind)
    if key not in records.known:
        records.known[key] = _read(records, records.whole([*records.head, *batch.behind]))
    return records.known[key]


def _read(records: Records, whole: bytes) -> Told:
    with tempfile.TemporaryDirectory(prefix="rtml-soak-") as folder:
        path = Path(folder) / records.name
        path.write_bytes(whole)
        return records.read(path)


def _missing(records: Records, batch: Batch, told: Told, alone: Told) -> str | None:
    if records.stays:
        gone = alone.things - told.things
    else:
        gone = Counter({"things": alone.things.total() - told.things.total()})
    if any(count > 0 for count in gone.values()):
        return f"good records behind odd ones are gone: {str(dict(gone))[:200]}"
    wanted = records.counts([*batch.odd, *batch.behind])
    if told.accounted is not None and told.accounted < wanted:
        return f"{wanted} records, accounted for {told.accounted}"
    return None


def shrunk(records: Records, batch: Batch, wrong: str, most: int = 60) -> list[int]:
    """Return the places of fewer odd records with a fault of the same kind, one where one shows it."""
    kind, size = _kind(wrong), len(batch.odd) // 2
    places = list(range(len(batch.odd)))
    while size and most:
        at = 0
        while at < len(places) and most:
            most -= 1
            less = places[:at] + places[at + size :]
            found = fault_of_batch(records, batch.only(less))
            same = found is not None and _kind(found) == kind
            places, at = (less, at) if same else (places, at + size)
        size //= 2
    return places


def _kind(wrong: str) -> str:
    return re.sub(r"[\d,.]+", "0", wrong.split(":")[0])
