"""When what happens in a sitting: attacks, operators' actions, restarts, roll-outs; seeded.

The same scenario gives the same agenda. What then happens in the containers is real, hence never
the same twice.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from rtml.replays.contract import Action, Attack, Workload
from rtml.replays.entries import Entry, now_and_then, some_place
from rtml.replays.moments import forced
from rtml.replays.parts import names_of_parts
from rtml.replays.scenario import Rollout, Scenario

__all__ = ["LONG", "TOGETHER", "agenda", "bound"]

LONG = 150.0
"""Attacks that may take longer (seconds) begin right after the warm-up, beside the others."""

TOGETHER = 240.0
"""Seconds in which all parts of an attack over several replicas begin, where it is not over the sitting."""


def bound(attack: Attack, pace: float, slow: float = 1.0) -> float:
    """Seconds that an attack may take when its pauses are divided by ``pace`` and all by 1 / ``slow``."""
    waits = sum(step.wait or 0.0 for step in attack.steps)
    return slow * (attack.seconds - waits + waits / pace)


def agenda(
    scenario: Scenario,
    attacks: Sequence[Attack],
    workloads: Mapping[str, Workload],
    operators: Sequence[Action] = (),
) -> list[Entry]:
    """Lay out a sitting, in the order of time; what changes in its middle is `rtml.replays.scenes`'."""
    entries = _attacks(scenario, [a for a in attacks if a.id not in scenario.moments])
    entries += forced(scenario, attacks)
    if scenario.actions:
        entries += _actions(scenario, workloads, operators)
    entries += _restarts(scenario)
    for number, rollout in enumerate(scenario.rollouts):
        entries += _rollout(scenario, number, rollout)
    entries += [Entry(x.at, "lossy", str(n), "") for n, x in enumerate(scenario.lossy)]
    return sorted(entries, key=lambda e: (e.at, e.kind, e.name, e.place))


def _rollout(scenario: Scenario, number: int, rollout: Rollout) -> list[Entry]:
    """One replica after the other, two seconds apart; ``name`` is the number of the roll-out."""
    replicas = min(scenario.workloads.get(rollout.workload, 0), rollout.replicas)
    return [
        Entry(rollout.at + 2.0 * n, "rollout", str(number), f"{rollout.workload}-{n + 1}")
        for n in range(replicas)
    ]


def _attacks(scenario: Scenario, attacks: Sequence[Attack]) -> list[Entry]:
    """Short attacks get an even share of the time each, and a random moment in it."""
    dice = random.Random(f"{scenario.seed} attacks")
    spread = [a for a in attacks if a.parts > 1]
    order = [a for a in attacks if a.parts == 1 and a.entry != "rollout"]
    order = dice.sample(order, len(order))
    long = [a for a in order if bound(a, scenario.pace) > LONG]
    short = [a for a in order if bound(a, scenario.pace) <= LONG]
    entries = [
        Entry(scenario.warmup + dice.uniform(0, 20), "attack", a.id, some_place(dice, scenario, a.workload))
        for a in long
    ]
    last = max(scenario.seconds - 20, scenario.warmup + 1)
    share = (last - scenario.warmup) / max(len(short), 1)
    for n, attack in enumerate(short):
        at = scenario.warmup + share * (n + dice.uniform(0.05, 0.95))
        entries.append(Entry(at, "attack", attack.id, some_place(dice, scenario, attack.workload)))
    for attack in spread:
        entries += _spread(random.Random(f"{scenario.seed} {attack.id}"), scenario, attack)
    return entries


def _spread(dice: random.Random, scenario: Scenario, attack: Attack) -> list[Entry]:
    """Parts at the replicas in turn, over the whole sitting or over at most four minutes of it."""
    names = names_of_parts(attack)
    number = scenario.workloads[attack.workload]
    replicas = dice.sample(range(1, number + 1), min(attack.replicas, number))
    first, last = scenario.warmup, max(scenario.seconds - 20, scenario.warmup + 1)
    if attack.spread == "once":
        length = min(last - first, TOGETHER)
        first += dice.uniform(0, last - first - length)
        last = first + length
    share = (last - first) / len(names)
    return [
        Entry(
            first + share * (n + dice.uniform(0.05, 0.95)),
            "attack",
            name,
            f"{attack.workload}-{replicas[n % len(replicas)]}",
        )
        for n, name in enumerate(names)
    ]


def _actions(
    scenario: Scenario, workloads: Mapping[str, Workload], operators: Sequence[Action]
) -> list[Entry]:
    """Give every action its own Poisson process, all replicas of a workload together."""
    entries = []
    for name in sorted(scenario.workloads):
        actions = [*workloads[name].actions, *(a for a in operators if name in a.where)]
        for action in actions:
            dice = random.Random(f"{scenario.seed} {name} {action.what}")
            for at in now_and_then(dice, action.every, scenario.seconds - 10):
                place = some_place(dice, scenario, name)
                entries.append(Entry(at, "action", action.what, place))
    return entries


def _restarts(scenario: Scenario) -> list[Entry]:
    names = sorted(n for n in scenario.workloads if n not in ("infra", "cache", "db"))
    places = [f"{name}-{n + 1}" for name in names for n in range(scenario.workloads[name])]
    entries = [
        Entry(at + 0.5 * n, "restart", "", place)
        for at in scenario.node_restarts
        for n, place in enumerate(places)
    ]
    if not scenario.restarts or not names:
        return entries
    dice = random.Random(f"{scenario.seed} restarts")
    for at in now_and_then(dice, scenario.restarts, scenario.seconds - 20):
        entries.append(Entry(at, "restart", "", some_place(dice, scenario, dice.choice(names))))
    return entries
