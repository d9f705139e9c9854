"""When and where an attack comes that a scenario forces into a hard moment (`rtml.replays.scenario.Hard`)."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from rtml.errors import UsageError
from rtml.replays.contract import Attack, Workload
from rtml.replays.entries import Entry, some_place
from rtml.replays.scenario import Hard, Scenario

__all__ = ["forced", "refuse_moments"]


def forced(scenario: Scenario, attacks: Sequence[Attack]) -> list[Entry]:
    """Return one entry for each attack that has a moment; its own dice, whatever else happens."""
    return [
        _entry(random.Random(f"{scenario.seed} {attack.id} moment"), scenario, attack)
        for attack in attacks
        if attack.id in scenario.moments
    ]


def _entry(dice: random.Random, scenario: Scenario, attack: Attack) -> Entry:
    hard = scenario.moments[attack.id]
    last = max(scenario.seconds - attack.seconds - 20, scenario.warmup + 1)
    if hard.when == "lossy":
        lossy = dice.choice(scenario.lossy)
        at, place = lossy.at + lossy.seconds * dice.uniform(0.15, 0.5), None
    elif hard.when == "rollout":
        at, place = _while_replaced(dice, scenario, attack)
    elif hard.when == "immature":
        at, place = _in_what_is_new(dice, scenario, hard)
    else:
        at, place = dice.uniform(scenario.warmup, last), None
    return Entry(
        at, "attack", attack.id, place or some_place(dice, scenario, attack.workload), moment=hard.when
    )


def _while_replaced(dice: random.Random, scenario: Scenario, attack: Attack) -> tuple[float, str]:
    """Around the seconds in which a replica of the workload is replaced: just before, or just after."""
    rollout = dice.choice([r for r in scenario.rollouts if r.workload == attack.workload and not r.attack])
    number = dice.randint(1, min(rollout.replicas, scenario.workloads[attack.workload]))
    return rollout.at + 2.0 * number + dice.uniform(-6, 20), f"{attack.workload}-{number}"


def _in_what_is_new(dice: random.Random, scenario: Scenario, hard: Hard) -> tuple[float, str]:
    scale = next(s for s in scenario.scales if s.workload == hard.workload)
    first = scenario.workloads.get(scale.workload, 0) + 1
    number = dice.randint(first, max(scale.to, first))
    until = min(scale.seconds or scenario.seconds, scenario.seconds - scale.at)
    return scale.at + 60 + dice.uniform(0, max(until - 150, 1)), f"{scale.workload}-{number}"


def refuse_moments(
    scenario: Scenario, attacks: Mapping[str, Attack], workloads: Mapping[str, Workload]
) -> None:
    """Refuse a moment that cannot be: no roll-out of the workload, another image, an attack in parts."""
    for name, hard in scenario.moments.items():
        attack = attacks[name]
        if attack.parts > 1:
            raise UsageError(f"attack {name!r} comes in parts: no moment can be forced on it")
        rolled = {r.workload for r in scenario.rollouts if not r.attack}
        if hard.when == "rollout" and attack.workload not in rolled:
            raise UsageError(f"attack {name!r} wants a roll-out of {attack.workload!r}, there is none")
        if hard.workload and workloads[hard.workload].image != workloads[attack.workload].image:
            raise UsageError(
                f"attack {name!r} is one on {attack.workload!r}; {hard.workload!r} has another image"
            )
