"""Scenes of a sitting: what grows, changes and moves, and attacks forced into hard moments."""

import pytest
from pydantic import ValidationError

from rtml.errors import UsageError
from rtml.replays.agenda import agenda
from rtml.replays.reading import load_changes, load_operators, load_workloads
from rtml.replays.recorder import check_scenario
from rtml.replays.scenario import Scenario
from rtml.replays.scenes import scenes

WORKLOADS = load_workloads()
PARTNERS = ["mail.partner.example", "pay.partner.example"]
WHOLE = {
    "name": "s",
    "seconds": 900,
    "warmup": 30,
    "workloads": {"app": 4, "web": 3, "worker": 2, "cache": 1, "db": 1, "cron": 2},
}


def scenario(**more) -> Scenario:
    return Scenario.model_validate(WHOLE | more)


def laid_out(**more):
    return scenes(scenario(**more), load_changes(), PARTNERS)


def test_a_workload_grows_and_shrinks_by_the_same_places():
    entries = laid_out(scales=[{"workload": "worker", "at": 100, "to": 8, "seconds": 200}])
    grown = [(e.at, e.place) for e in entries if e.kind == "grow"]
    shrunk = [(e.at, e.place) for e in entries if e.kind == "shrink"]
    assert [place for _, place in grown] == [f"worker-{n}" for n in range(3, 9)]
    assert [place for _, place in shrunk] == [place for _, place in reversed(grown)]
    assert grown[0][0] == 100 and shrunk[0][0] == 300


def test_what_is_not_up_at_first_comes_and_may_stay():
    entries = laid_out(scales=[{"workload": "promo", "at": 100, "to": 2}])
    assert [(e.kind, e.place) for e in entries] == [("grow", "promo-1"), ("grow", "promo-2")]


def test_a_change_reaches_every_replica_once_and_a_habit_goes_on():
    change = {"what": "certificate renewed", "workload": "web", "at": 200}
    once = laid_out(changes=[change])
    assert [e.place for e in sorted(once, key=lambda e: e.at)] == ["web-1", "web-2", "web-3"]
    habit = {"what": "slow requests looked for with awk", "workload": "web", "at": 200, "habit": True}
    again = laid_out(changes=[habit], seconds=5000)
    assert len(again) > 9 and min(e.at for e in again) >= 200


def test_partners_drift_and_the_seed_decides():
    one, two = laid_out(drift=60, seed=1), laid_out(drift=60, seed=1)
    assert one == two != laid_out(drift=60, seed=2)
    assert len(one) > 5 and {e.name for e in one} <= set(PARTNERS)


HARD = {
    "lossy": [{"at": 300, "seconds": 60}],
    "rollouts": [{"workload": "app", "at": 500}],
    "scales": [{"workload": "promo", "at": 100, "to": 2}],
    "attacks": [
        "reverse-shell-bash",
        "app-reads-a-secret",
        "credential-shadow",
        "web-shell",
        "discovery-burst",
    ],
    "moments": {
        "reverse-shell-bash": {"when": "lossy"},
        "app-reads-a-secret": {"when": "rollout"},
        "web-shell": {"when": "fresh"},
        "discovery-burst": {"when": "immature", "workload": "promo"},
        "credential-shadow": {"when": "beside"},
    },
}


@pytest.mark.parametrize("seed", range(8))
def test_attacks_come_in_the_moment_that_they_are_forced_into(seed: int):
    sitting = scenario(seed=seed, **HARD)
    attacks = list(check_scenario(sitting).values())
    entries = {e.name: e for e in agenda(sitting, attacks, WORKLOADS, load_operators()) if e.kind == "attack"}
    assert set(entries) == set(HARD["attacks"])
    assert {name: e.moment for name, e in entries.items()} == {
        name: hard["when"] for name, hard in HARD["moments"].items()
    }
    assert 300 < entries["reverse-shell-bash"].at < 330
    number = int(entries["app-reads-a-secret"].place.rpartition("-")[2])
    assert -6 <= entries["app-reads-a-secret"].at - (500 + 2 * number) <= 20
    assert entries["discovery-burst"].place in ("promo-1", "promo-2") and entries["discovery-burst"].at >= 160


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"changes": [{"what": "certificate renewd", "workload": "web", "at": 1}]},
            "did you mean 'certificate renewed'",
        ),
        ({"changes": [{"what": "certificate renewed", "workload": "app", "at": 1}]}, "is not done in 'app'"),
        (
            {"changes": [{"what": "certificate renewed", "workload": "site", "at": 1}]},
            "unknown workload 'site'",
        ),
        ({"scales": [{"workload": "promoo", "at": 1, "to": 2}]}, "did you mean 'promo'"),
        ({"attacks": ["web-shell"], "moments": {"web-shell": {"when": "rollout"}}}, "wants a roll-out of"),
        (
            {"attacks": ["backup-in-shares"], "moments": {"backup-in-shares": {"when": "fresh"}}},
            "no moment can be forced",
        ),
        (
            {
                "scales": [{"workload": "promo", "at": 1, "to": 1}],
                "attacks": ["log-wiping"],
                "moments": {"log-wiping": {"when": "immature", "workload": "promo"}},
            },
            "has another image",
        ),
    ],
)
def test_a_scene_that_cannot_be_is_refused(change: dict, says: str):
    with pytest.raises(UsageError) as caught:
        check_scenario(scenario(**change))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"moments": {"web-shell": {"when": "fresh"}}}, "none of the attacks"),
        ({"attacks": ["web-shell"], "moments": {"web-shell": {"when": "lossy"}}}, "there is none"),
        ({"attacks": ["web-shell"], "moments": {"web-shell": {"when": "immature"}}}, "names the workload"),
        (
            {"attacks": ["web-shell"], "moments": {"web-shell": {"when": "immature", "workload": "promo"}}},
            "does not bring up",
        ),
    ],
)
def test_a_moment_that_nothing_makes_is_refused(change: dict, says: str):
    with pytest.raises(ValidationError, match=says):
        scenario(**change)
