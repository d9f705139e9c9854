"""One input of one target: what it did wrong, if anything."""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path

from rtml.errors import RtmlError
from tests.soak.mutation import mutated
from tests.soak.targets import Target, put

__all__ = ["Samples", "fault", "input_of"]

SECONDS, SECONDS_PER_KILOBYTE = 5.0, 0.06
"""Processor time that an input may take: so much, and so much more for each kilobyte."""

Samples = list[bytes]


def input_of(name: str, samples: Samples, seed: int, number: int) -> tuple[bytes, float]:
    """Return an input, and which file of a folder it takes the place of."""
    dice = random.Random(f"{seed}:{name}:{number}")
    place = dice.random()
    return mutated(samples, dice), place


def fault(name: str, target: Target, samples: Samples, seed: int, number: int) -> str | None:
    """Read one input; return what was wrong with how it went."""
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
    if taken > SECONDS + SECONDS_PER_KILOBYTE * len(raw) / 1000:
        return f"{taken:.1f} s for {len(raw):,} bytes"
    return None


def _of_one_file(samples: Samples, name: str, seed: int, number: int) -> tuple[bytes, float]:
    """Mutate the file whose place it takes, not another."""
    dice = random.Random(f"{seed}:{name}:{number}")
    place = dice.random()
    return mutated([samples[int(place * len(samples))]], dice), place
