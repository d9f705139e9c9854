"""Attacks, workloads and scenarios: what fits, and what an error says."""

from pathlib import Path

import pytest

from rtml.errors import UsageError
from rtml.replays.catalogue import HELD_OUT, poisoned
from rtml.replays.contract import Attack
from rtml.replays.image import SERVICES, image_files
from rtml.replays.reading import load_operators, load_scenario, load_workloads, read_model
from rtml.replays.recorder import check_scenario
from rtml.replays.scenario import Scenario

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
SCENARIOS = sorted(EXPERIMENTS.glob("replay*.yml"))
WHOLE = """
name: x
technique: T1059.004
family: shells
grade: 1
author: somebody
written: 2026-11-26
workload: app
entry: exec
steps: [{run: id}]
seconds: 5
expects: [{kind: exec, exe: id$}]
harmless: Reads who it is, and no more.
"""


def read(tmp_path: Path, text: str, model=Attack):
    path = tmp_path / "one.yml"
    path.write_text(text)
    return read_model(path, model, **({"id": "one"} if model is Attack else {"name": "one"}))


def test_a_whole_attack_is_read(tmp_path: Path):
    attack = read(tmp_path, WHOLE)
    assert attack.id == "one" and attack.expects[0].patterns() == {"exe": "id$"}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("seconds: 5", "secs: 5", "did you mean 'seconds'"),
        ("{run: id}", "{runs: id}", "did you mean 'run'"),
        ("{run: id}", "{run: id, wait: 3}", "either run or ask or wait"),
        ("{run: id}", "{wait: 30}", "pauses alone take 30 s"),
        ("kind: exec", "kind: exek", "no event kind"),
        ("exe: id$", "exe: 'id('", "no regular expression"),
        ("T1059.004", "reverse", "technique"),
        ("entry: exec", "entry: magic", "entry"),
        ("steps: [{run: id}]", "steps: []", "steps"),
        ("{run: id}", "{ask: /shop/item}", "only an attack that enters by service may ask"),
        ("entry: exec", "entry: service", "runs no commands"),
        ("grade: 1", "grade: 5", "grade 5 is for attacks over several replicas"),
        ("grade: 1", "grade: 6", "grade"),
        ("grade: 1", "grade: 1\nreplicas: 2", "2 replicas need as many steps"),
        ("grade: 1", "grade: 1\nspread: sitting", "one step cannot be spread"),
        ("written: 2026-11-26", "written: yesterday", "written"),
    ],
)
def test_a_broken_attack_is_refused_with_its_reason(tmp_path: Path, old: str, new: str, says: str):
    with pytest.raises(UsageError, match="one.yml") as caught:
        read(tmp_path, WHOLE.replace(old, new))
    assert says in str(caught.value)


@pytest.mark.parametrize("text", ["", "- a", "a: [", "\x00", "name: {"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str):
    with pytest.raises(UsageError, match="one.yml"):
        read(tmp_path, text, Scenario)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_every_scenario_names_what_exists(path: Path):
    scenario = load_scenario(path)
    assert set(check_scenario(scenario)) == {*scenario.attacks, *poisoned(scenario)}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"workloads": {"webb": 1}}, "unknown workload 'webb'; did you mean 'web'"),
        ({"attacks": ["reverse-shell-bsh"]}, "did you mean 'reverse-shell-bash'"),
        ({"workloads": {"web": 1}, "attacks": ["reverse-shell-bash"]}, "needs workload 'app'"),
        ({"attacks": ["reverse-shell-bash"] * 2}, "names an attack twice"),
        ({"rollouts": [{"workload": "api", "at": 1}]}, "unknown workload 'api'"),
        ({"attacks": ["backup-in-shares"]}, "spread over 3 replicas of 'app', the scenario has 1"),
        ({"attacks": ["rollout-poisoned-app"]}, "name it in a roll-out of version 3"),
        (
            {"rollouts": [{"workload": "app", "at": 1, "version": 3, "attack": "reverse-shell-bash"}]},
            "comes by rce: name it in `attacks`",
        ),
        (
            {"rollouts": [{"workload": "web", "at": 1, "version": 3, "attack": "rollout-poisoned-app"}]},
            "is in no version of 'web'",
        ),
    ],
)
def test_a_scenario_that_cannot_be_is_refused(change: dict, says: str):
    whole = {"name": "s", "seconds": 60, "workloads": {"app": 1, "web": 1}}
    with pytest.raises(UsageError) as caught:
        check_scenario(Scenario.model_validate(whole | change))
    assert says in str(caught.value)


def test_there_are_eight_workloads_and_all_their_files():
    workloads, images = load_workloads(), image_files()
    assert sum(w.role == "workload" for w in workloads.values()) >= 8
    assert {w.image for w in workloads.values()} <= set(images)
    for spec in images.values():
        for source in [*spec.get("files", {}), *spec.get("update", {})]:
            assert (SERVICES / source).is_file(), source


def test_operators_act_where_there_is_something():
    known = set(load_workloads())
    for action in load_operators():
        assert action.where and set(action.where) <= known, action.what


def test_the_shipped_sittings_keep_their_promises():
    parts = {p.stem.split("-")[-1]: load_scenario(p) for p in EXPERIMENTS.glob("replays-v1-*.yml")}
    attacks = {name: check_scenario(scenario) for name, scenario in parts.items()}
    assert not attacks["train"] and len(attacks["test"]) >= 48
    assert not set(attacks["test"]) & set(attacks["calibrate"])
    seen = {a.technique for a in attacks["calibrate"].values()}
    test = {a.technique for a in attacks["test"].values()}
    assert len(test | seen) >= 24 and 3 * len(test - seen) >= len(test | seen)
    hours = [sum(s.workloads.values()) * s.seconds / 3600 for s in parts.values()]
    assert sum(hours) >= 24
    assert any(s.rollouts for s in parts.values()) and any(s.lossy for s in parts.values())


def test_the_second_recording_is_long_hard_and_held_apart():
    parts = {p.stem.split("-")[-1]: load_scenario(p) for p in EXPERIMENTS.glob("replays-v2-*.yml")}
    attacks = {name: check_scenario(scenario) for name, scenario in parts.items()}
    assert sum(sum(s.workloads.values()) * s.seconds / 3600 for s in parts.values()) >= 96
    assert not attacks["train"] and not set(attacks["test"]) & set(attacks["calibrate"])
    every = [attack for part in attacks.values() for attack in part.values()]
    assert len(every) >= 90 and sum(attack.grade >= 3 for attack in every) >= 30
    grades = {part: {attack.grade for attack in attacks[part].values()} for part in ("calibrate", "test")}
    assert grades == {"calibrate": {1, 2, 3, 4, 5}, "test": {1, 2, 3, 4, 5}}
    seen = {attack.technique for attack in attacks["calibrate"].values()}
    test = {attack.technique for attack in attacks["test"].values()}
    assert not seen & HELD_OUT and 3 * len(test - seen) >= len(test | seen)


def test_the_second_recording_rolls_out_back_and_poison():
    rollouts = [
        rollout for p in EXPERIMENTS.glob("replays-v2-*.yml") for rollout in load_scenario(p).rollouts
    ]
    assert len(rollouts) >= 4 and {rollout.version for rollout in rollouts} == {1, 2, 3}
