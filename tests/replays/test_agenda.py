"""The agenda of a sitting: seeded, bounded, everything at a place that exists."""

import pytest

from rtml.replays.agenda import LONG, agenda, bound
from rtml.replays.catalogue import catalogue
from rtml.replays.contract import Rollout, Scenario
from rtml.replays.reading import load_operators, load_workloads

ALL = list(catalogue().values())
WORKLOADS = load_workloads()


def scenario(**more) -> Scenario:
    names = {name: 2 for name in WORKLOADS if name != "infra"}
    whole = {"name": "s", "seconds": 900, "warmup": 30, "restarts": 60, "workloads": names}
    return Scenario.model_validate(whole | more)


def laid_out(**more):
    return agenda(scenario(**more), ALL, WORKLOADS, load_operators())


@pytest.mark.parametrize("seed", range(5))
def test_the_same_seed_gives_the_same_agenda(seed: int):
    assert laid_out(seed=seed) == laid_out(seed=seed) != laid_out(seed=seed + 1)


@pytest.mark.parametrize("seed", range(5))
def test_every_attack_comes_once_after_the_warm_up(seed: int):
    attacks = [e for e in laid_out(seed=seed) if e.kind == "attack"]
    assert sorted(e.name for e in attacks) == sorted(a.id for a in ALL)
    assert min(e.at for e in attacks) >= 30 and max(e.at for e in attacks) <= 900


def test_everything_has_a_place_and_comes_in_order():
    entries = laid_out(rollouts=[Rollout(workload="web", at=100)])
    places = {f"{name}-{n}" for name in WORKLOADS for n in (1, 2)}
    assert all(e.place in places for e in entries)
    assert [e.at for e in entries] == sorted(e.at for e in entries)
    assert [e.place for e in entries if e.kind == "rollout"] == ["web-1", "web-2"]


def test_long_attacks_begin_early_and_pace_shortens_only_pauses():
    long = {a.id: a for a in ALL if bound(a, 1) > LONG}
    assert long
    assert all(e.at <= 50 for e in laid_out() if e.name in long)
    for attack in ALL:
        waits = sum(s.wait or 0 for s in attack.steps)
        assert attack.seconds - waits <= bound(attack, 10) <= bound(attack, 1) == attack.seconds


def test_an_empty_sitting_has_no_attacks_and_actions_can_be_left_out():
    quiet = agenda(scenario(actions=False, restarts=0), [], WORKLOADS)
    assert quiet == []
