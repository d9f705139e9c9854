"""One thing to do in a sitting: when, what, where."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from rtml.replays.scenario import Scenario

__all__ = ["Entry", "some_place"]


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
