"""The agenda of a sitting: seeded, bounded, everything at a place that exists."""

import pytest

from rtml.replays.agenda import LONG, TOGETHER, agenda, bound
from rtml.replays.catalogue import catalogue
from rtml.replays.parts import attack_of, names_of_parts, part_of
from rtml.replays.reading import load_operators, load_workloads
from rtml.replays.scenario import Rollout, Scenario

ALL = list(catalogue().values())
WORKLOADS = load_workloads()


def scenario(**more) -> Scenario:
    names = {name: 4 for name in WORKLOADS if name != "infra"}
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
    wanted = [name for a in ALL if a.entry != "rollout" for name in names_of_parts(a)]
    assert sorted(e.name for e in attacks) == sorted(wanted)
    assert min(e.at for e in attacks) >= 30 and max(e.at for e in attacks) <= 900


def test_everything_has_a_place_and_comes_in_order():
    entries = laid_out(rollouts=[Rollout(workload="web", at=100)])
    places = {f"{name}-{n}" for name in WORKLOADS for n in (1, 2, 3, 4)}
    assert all(e.place in places for e in entries)
    assert [e.at for e in entries] == sorted(e.at for e in entries)
    assert [e.place for e in entries if e.kind == "rollout"] == ["web-1", "web-2", "web-3", "web-4"]


def test_a_roll_out_may_stop_half_way_and_names_its_number():
    two = [Rollout(workload="web", at=100, replicas=2), Rollout(workload="app", at=50, version=1)]
    found = [(e.name, e.place) for e in laid_out(rollouts=two) if e.kind == "rollout"]
    assert found[-2:] == [("0", "web-1"), ("0", "web-2")] and ("1", "app-4") in found


def test_a_node_restart_reaches_all_but_databases():
    entries = laid_out(restarts=0, node_restarts=[200.0])
    restarted = {e.place for e in entries if e.kind == "restart"}
    wanted = {f"{name}-{n}" for name in WORKLOADS for n in (1, 2, 3, 4)}
    assert restarted == {p for p in wanted if p.partition("-")[0] not in ("infra", "cache", "db")}


@pytest.mark.parametrize("seed", range(3))
def test_parts_go_to_as_many_replicas_as_the_attack_says(seed: int):
    entries = laid_out(seed=seed)
    for attack in (a for a in ALL if a.parts > 1):
        parts = [e for e in entries if attack_of(e.name) == attack.id]
        assert len({e.place for e in parts}) == attack.replicas, attack.id
        length = max(e.at for e in parts) - min(e.at for e in parts)
        assert length <= TOGETHER if attack.spread == "once" else length > 300, attack.id


def test_a_part_is_one_step_of_its_attack():
    attack = next(a for a in ALL if a.id == "backup-in-shares")
    parts = [part_of(attack, name) for name in names_of_parts(attack)]
    assert [part.steps for part in parts] == [[step] for step in attack.steps]
    assert all(part.parts == 1 and part.cleanup == attack.cleanup for part in parts)


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
