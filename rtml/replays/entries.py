"""One thing to do in a sitting: when, what, where."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rtml.replays.scenario import Scenario

__all__ = ["Entry", "now_and_then", "some_place"]


@dataclass(frozen=True)
class Entry:
    """One thing to do: seconds after the start, kind, which one, at which place, in which moment."""

    at: float
    kind: Literal["attack", "action", "restart", "rollout", "lossy", "grow", "shrink", "drift"]
    name: str
    place: str
    moment: str = ""


def some_place(dice: random.Random, scenario: Scenario, workload: str) -> str:
    """Return one of the places that a workload has during the whole sitting."""
    return f"{workload}-{dice.randint(1, scenario.workloads[workload])}"


def now_and_then(
    dice: random.Random, every: float, until: float, first: float | None = None
) -> Iterator[float]:
    """Yield the moments of a Poisson process, whose dice may be thrown for other things in between.

    Parameters
    ----------
    dice
        Its own.
    every
        Mean seconds between two.
    until
        No moment is as late.
    first
        The first one; None: it is thrown too.
    """
    at = dice.expovariate(1 / every) if first is None else first
    while at < until:
        yield at
        at += dice.expovariate(1 / every)
