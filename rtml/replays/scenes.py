"""What changes in the middle of a sitting: workloads grow and shrink, new things are done, partners move."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from rtml.replays.contract import Action
from rtml.replays.entries import Entry, now_and_then, some_place
from rtml.replays.scenario import Change, Scale, Scenario

__all__ = ["scenes"]

_APART = 5.0
"""Seconds between two replicas that a scaled workload gets or loses."""


def scenes(scenario: Scenario, changes: Sequence[Action], partners: Sequence[str]) -> list[Entry]:
    """Lay out scales, changes and drift, in no order.

    Parameters
    ----------
    scenario
        The sitting.
    changes
        Actions of ``changes.yml``.
    partners
        Names whose address may move.
    """
    entries = [entry for scale in scenario.scales for entry in _scaled(scenario, scale)]
    known = {action.what: action for action in changes}
    for number, change in enumerate(scenario.changes):
        dice = random.Random(f"{scenario.seed} change {number}")
        once = _habit if change.habit else _once
        entries += once(dice, scenario, change, known[change.what])
    return entries + list(_drift(scenario, sorted(partners)))


def _scaled(scenario: Scenario, scale: Scale) -> Iterator[Entry]:
    """Let new places come one after the other, and go in the other direction."""
    first = scenario.workloads.get(scale.workload, 0) + 1
    places = [f"{scale.workload}-{number}" for number in range(first, scale.to + 1)]
    for n, place in enumerate(places):
        yield Entry(scale.at + _APART * n, "grow", scale.workload, place)
    if scale.seconds is not None:
        for n, place in enumerate(reversed(places)):
            yield Entry(scale.at + scale.seconds + _APART * n, "shrink", scale.workload, place)


def _once(dice: random.Random, scenario: Scenario, change: Change, action: Action) -> Iterator[Entry]:
    for number in range(scenario.workloads[change.workload]):
        at = change.at + change.gap * (number + dice.uniform(0, 0.5))
        yield Entry(at, "action", action.what, f"{change.workload}-{number + 1}")


def _habit(dice: random.Random, scenario: Scenario, change: Change, action: Action) -> Iterator[Entry]:
    first = change.at + dice.uniform(0, change.gap)
    for at in now_and_then(dice, action.every, scenario.seconds - 10, first):
        yield Entry(at, "action", action.what, some_place(dice, scenario, change.workload))


def _drift(scenario: Scenario, partners: Sequence[str]) -> Iterator[Entry]:
    """Now and then a partner's name leads somewhere else."""
    if not scenario.drift or not partners:
        return
    dice = random.Random(f"{scenario.seed} drift")
    for at in now_and_then(dice, scenario.drift, scenario.seconds - 10):
        yield Entry(at, "drift", dice.choice(partners), "infra")
