"""One step of one target: inputs, and what went wrong with them, if anything.

A step is one mutated file, or where a reader takes records, in three steps of four, a batch of mutated
records. `Step.inputs` says how many inputs that were.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rtml.errors import RtmlError
from tests.soak.batches import SIZE, batch_of, fault_of_batch, shrunk
from tests.soak.mutation import mutated
from tests.soak.target import Target, put

__all__ = ["Samples", "Step", "again", "fault", "input_of", "is_batch", "step"]

SECONDS, SECONDS_PER_KILOBYTE = 5.0, 0.06
"""Processor time that an input may take: so much, and so much more for each kilobyte."""
_AGAIN = 20
"""Every such batch is read twice."""
_MOVES = 20
"""Of so many inputs of a folder one is a file of another name, and one another file in its place."""

Samples = list[bytes]


@dataclass(frozen=True)
class Step:
    """How many inputs a step had, what was wrong, the bytes that show it, and which records of a batch."""

    inputs: int
    wrong: str | None = None
    raw: bytes = b""
    places: Sequence[int] = ()


def is_batch(target: Target, number: int) -> bool:
    """Say whether a step reads many records."""
    return target.records is not None and number % 4 != 0


def step(name: str, target: Target, samples: Samples, seed: int, number: int) -> Step:
    """Take one step; of a batch with a fault, what shows it is cut down to a few records."""
    if not is_batch(target, number):
        wrong = fault(name, target, samples, seed, number)
        return Step(1, wrong, b"" if wrong is None else _shown(target, name, samples, seed, number))
    records = target.records
    assert records is not None
    batch = batch_of(name, records, seed, number)
    wrong = fault_of_batch(records, batch, number % _AGAIN == 1)
    if wrong is None:
        return Step(SIZE)
    places = shrunk(records, batch, wrong)
    less = batch.only(places)
    return Step(SIZE, wrong, records.whole([*records.head, *less.odd, *less.behind]), places)


def _shown(target: Target, name: str, samples: Samples, seed: int, number: int) -> bytes:
    """Return the bytes of an input; of a file that was renamed, none."""
    if target.whole is not None:
        return _of_one_file(samples, name, seed, number)[0] or b""
    return input_of(name, samples, seed, number)[0]


def again(name: str, seed: int, number: int, target: Target, size: int, places: Sequence[int]) -> str | None:
    """Read once more what a line of ``kept.txt`` names: a batch of so many records, or those places of it."""
    records = target.records
    if records is None or not is_batch(target, number):
        return fault(name, target, target.samples(), seed, number)
    batch = batch_of(name, records, seed, number, size)
    return fault_of_batch(records, batch.only(places) if places else batch, again=True)


def input_of(name: str, samples: Samples, seed: int, number: int) -> tuple[bytes, float]:
    """Return an input, and which file of a folder it takes the place of."""
    dice = random.Random(f"{seed}:{name}:{number}")
    place = dice.random()
    return mutated(samples, dice), place


def fault(name: str, target: Target, samples: Samples, seed: int, number: int) -> str | None:
    """Read one input; return what was wrong with how it went."""
    raw: bytes | None
    raw, place = input_of(name, samples, seed, number)
    if target.whole is not None:
        raw, place = _of_one_file(samples, name, seed, number)
    with tempfile.TemporaryDirectory(prefix="rtml-soak-") as folder:
        path = put(target, Path(folder), raw, place)
        begin = time.process_time()
        try:
            target.read(path)
        except RtmlError as error:
            if not str(error).strip():
                return "an error without words"
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # panics of Rust are no Exceptions
            return f"{type(error).__name__}: {str(error)[:200]}"
        taken = time.process_time() - begin
    size = len(raw or b"")
    if taken > SECONDS + SECONDS_PER_KILOBYTE * size / 1000:
        return f"{taken:.1f} s for {size:,} bytes"
    return None


def _of_one_file(samples: Samples, name: str, seed: int, number: int) -> tuple[bytes | None, float]:
    """Return what takes the place of a file: it changed, now and then another one, or nothing (renamed)."""
    dice = random.Random(f"{seed}:{name}:{number}")
    place = dice.random()
    if number % _MOVES == _MOVES - 2:
        return None, place
    if number % _MOVES == _MOVES // 2 - 2:
        return dice.choice(samples), place
    return mutated([samples[int(place * len(samples))]], dice), place
