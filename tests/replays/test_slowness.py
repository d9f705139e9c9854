"""Time that is stretched where the machine is slow: by how much, and what the log says of it."""

import threading

import pytest

from rtml.replays import slowness
from rtml.replays.agenda import bound
from rtml.replays.catalogue import catalogue
from rtml.replays.slowness import USUAL, Slowness


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands until it is moved."""
    hands = [100.0]
    monkeypatch.setattr(slowness.time, "monotonic", lambda: hands[0])
    return hands


def begun(most: float) -> Slowness:
    time = Slowness(most, threading.Event())
    time.run = lambda: None  # type: ignore[method-assign]
    time.begin()
    return time


def test_a_fast_machine_has_the_time_of_the_clock(clock: list[float]):
    time = begun(2.0)
    time.heard(1.1)
    clock[0] += 30
    assert time.now() == 30 and time.factor == 1.0


def test_a_slow_machine_takes_longer_for_the_same_plan(clock: list[float]):
    time = begun(2.0)
    clock[0] += 10
    time.heard(1.5 * USUAL)
    clock[0] += 15
    assert time.now() == pytest.approx(20) and time.factor == 1.5
    assert time.told() == {"passed": 20.0, "taken": 25.0, "most": 1.5, "longest_lag": 4.5}


def test_no_lag_stretches_beyond_what_the_scenario_allows(clock: list[float]):
    time = begun(2.0)
    time.heard(1000.0)
    clock[0] += 40
    assert time.now() == 20


def test_time_never_runs_backwards_when_the_machine_recovers(clock: list[float]):
    time = begun(4.0)
    told = []
    for lag in (1, 60, 60, 60, 1, 1, 1, 1, 1, 1, 1):
        time.heard(lag)
        clock[0] += 2
        told.append(time.now())
    assert told == sorted(told) and told[-1] < 22


def test_an_attack_has_more_time_where_it_is_slow():
    attack = catalogue()["app-reads-a-secret"]
    assert bound(attack, 2.0, 1.5) == pytest.approx(1.5 * bound(attack, 2.0))
