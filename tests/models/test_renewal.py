"""What alarmed is learnt in the end; a baseline that learns by the day and forgets stays bounded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures import Capture
from rtml.models import Model, Pace
from rtml.models.explaining import is_change
from tests.models.conftest import attack_again, event, learnt, minute, opened, shop, work, written
from tests.models.test_changes import NEW, release, replica

BEGIN, HOUR, DAY = 30, 60, 24 * 60
NAMES = ("web-1", "web-2", "app-1", "app-2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("renewal")
    kinds: dict[str, dict[str, int]] = {"surprise": {}, "fading_gaussian": {"half_life": 20}}
    # At a budget of 1.5 a visitor alarms who was never learnt, and not one who was learnt once.
    model = learnt(shop(place / "c", until=BEGIN), detectors=kinds, budget=1.5,
                   combine=["fading_gaussian", "surprise"])  # fmt: skip
    return model.save(place / "model")


def open_at(*numbers: int, minutes: int = 3) -> list[dict[str, Any]]:
    """Return what the shop does in the first minutes of some hours or days."""
    return [row for n in numbers for at in range(n, n + minutes) for name in NAMES for row in work(name, at)]


def alarms(
    model: Model, capture: Capture, begin: float, end: float, label: str = "fading_gaussian"
) -> list[int]:
    """Stream a part, and return the minutes in which web-1 alarmed."""
    scored = model.stream(capture, start=minute(begin), end=minute(end))
    found = scored.tree_scores.filter("alarm", pl.col("detector") == label, pl.col("container_id") == "web-1")
    return sorted({int((at - minute(0)).total_seconds() // 60) for at in found["window"]})


VISITS = [HOUR * n + 10 for n in range(1, 7)]


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    """The same visitor once an hour, ten minutes after the shop opens."""
    rows = open_at(*(HOUR * n for n in range(1, 8)), minutes=12)
    calls = [one for at in VISITS for one in attack_again("web-1", at)]
    return written(tmp_path_factory.mktemp("visited") / "c", [*rows, *calls])


def test_what_alarmed_is_held_back_until_its_time_has_passed(folder: Path, visited: Capture):
    model = opened(folder)
    model.stream(visited, start=minute(HOUR), end=minute(2 * HOUR), pace=Pace(release="100m"))
    model.flush()
    assert model.ongoing is not None and set(model.ongoing.held["window"]) == {minute(VISITS[0])}
    alarms(model, visited, 2 * HOUR, 3 * HOUR)
    model.flush()
    assert set(model.ongoing.held["window"]) == {minute(at) for at in VISITS[:2]}, "an hour is not enough"
    alarms(model, visited, 3 * HOUR, 4 * HOUR)
    model.flush()
    assert set(model.ongoing.held["window"]) == {minute(VISITS[1])}, "the first was released: it is usual now"


def test_a_visitor_that_nobody_minds_becomes_usual_and_only_then(folder: Path, visited: Capture):
    soon, late = opened(folder), opened(folder)
    for model, release_after in ((soon, "1h"), (late, "7d")):
        model.stream(visited, start=minute(HOUR), end=minute(HOUR + 1), pace=Pace(release=release_after))
    told = {id(model): alarms(model, visited, HOUR + 1, 8 * HOUR) for model in (soon, late)}
    assert told[id(late)] == VISITS
    assert told[id(soon)][:2] == VISITS[:2] and VISITS[2] not in told[id(soon)]


def test_release_outlives_a_saved_model_and_does_not_depend_on_batches(
    folder: Path, visited: Capture, tmp_path: Path
):
    whole, parts = opened(folder), opened(folder)
    whole.stream(visited, start=minute(HOUR), pace=Pace(release="1h"))
    parts.stream(visited, start=minute(HOUR), end=minute(HOUR + 1), pace=Pace(release="1h"))
    for number, at in enumerate(range(HOUR + 1, 8 * HOUR, 45)):
        parts.stream(visited, start=minute(at), end=minute(at + 45))
        parts = opened(parts.save(tmp_path / f"m{number}"))
    whole.flush(), parts.flush()
    for model, name in ((whole, "a"), (parts, "b")):
        model.save(tmp_path / name)
    state = "detectors/fading_gaussian/state.json"
    assert (tmp_path / "a" / state).read_bytes() == (tmp_path / "b" / state).read_bytes()


def test_what_somebody_dismissed_was_seen_and_surprises_less(folder: Path, visited: Capture):
    model, other = opened(folder), opened(folder)
    for one in (model, other):
        one.stream(visited, start=minute(HOUR), end=minute(2 * HOUR))
        found = one.flush().findings
    finding = found.filter(pl.col("container_id") == "web-1")
    before = model.baseline.counts.height
    assert model.dismiss(finding) == 1 and model.ongoing is not None
    assert model.ongoing.held.is_empty() and model.ongoing.waiting.is_empty()
    assert model.baseline.counts.height > before
    assert model.dismiss(finding) == 0, "once is enough"
    again = [one.stream(visited, start=minute(2 * HOUR), end=minute(3 * HOUR)) for one in (model, other)]
    tool = [one.surprises.filter(pl.col("key").str.contains("/dev/shm/.kit")) for one in again]
    assert tool[0]["seen"].all() and not tool[1]["seen"].any()
    assert tool[0]["bits"].max() < tool[1]["bits"].max()


def test_to_dismiss_one_finding_leaves_the_others_held_back(folder: Path, tmp_path: Path):
    rows = [*open_at(HOUR, minutes=12), *attack_again("web-1", HOUR + 3), *attack_again("web-2", HOUR + 5)]
    model = opened(folder)
    model.stream(written(tmp_path / "c", rows), start=minute(HOUR))
    found = model.flush().findings
    assert model.dismiss(found.filter(pl.col("container_id") == "web-1")) == 1 and model.ongoing is not None
    assert (
        set(model.ongoing.held["container_id"])
        == {"web-2"}
        == set(model.ongoing.waiting["container_id"].cast(pl.String))
    )
    assert model.dismiss(found.clear()) == 0 and opened(folder).dismiss(found) == 0


def days(number: int) -> list[dict[str, Any]]:
    """Return days on which the shop opens for minutes, and asks for names that never come again."""
    rows = open_at(*(DAY * n for n in range(1, number + 1)))
    names = [
        event(
            "app-1",
            60 * (DAY * n + 1) + k,
            "dns",
            exe="/usr/bin/python3",
            domain=f"host{n}x{k}.day{n}.example",
        )
        for n in range(1, number + 1)
        for k in range(20)
    ]
    return [*rows, *names]


def sizes(model: Model, capture: Capture, number: int, half_life: str) -> list[int]:
    """Stream day by day and return the size of the baseline after each; nothing alarms."""
    pace, found = Pace(release="1d", half_life=half_life), []
    for n in range(1, number + 1):
        model.stream(capture, 1e-6, minute(DAY * n), minute(DAY * (n + 1)), pace)
        found.append(model.baseline.counts.height)
    return found


def test_a_baseline_stays_bounded_over_a_long_stream(folder: Path, tmp_path: Path):
    number = 10
    capture = written(tmp_path / "c", days(number))
    forgetting = sizes(opened(folder), capture, number, "2d")
    keeping = sizes(opened(folder), capture, number, "365d")
    assert keeping[-1] - keeping[3] >= 20 * (number - 5), "without forgetting it grows by the day"
    assert max(forgetting[5:]) <= max(forgetting[:5])
    assert forgetting[-1] > 0


def test_what_goes_on_is_not_forgotten_and_what_stopped_is(folder: Path, tmp_path: Path):
    model, capture = opened(folder), written(tmp_path / "c", days(9))
    sizes(model, capture, 9, "1d")
    keys = set(model.baseline.of("destinations.domain")["key"])
    assert any("shop.internal" in key for key in keys)
    assert any("day8" in key for key in keys) and not any("day6" in key for key in keys)


def test_batches_of_any_size_learn_the_same_baseline(folder: Path, tmp_path: Path):
    capture = written(tmp_path / "c", days(4))
    pace = Pace(half_life="1d", release="1d")
    whole, parts = opened(folder), opened(folder)
    whole.stream(capture, start=minute(DAY), pace=pace)
    for n in range(1, 5):
        for k in range(4):
            begin = DAY * n + 0.7 * k
            end = DAY * n + 0.7 * (k + 1) if k < 3 else DAY * (n + 1)
            parts.stream(capture, start=minute(begin), end=minute(end), pace=pace)
            parts = opened(parts.save(tmp_path / f"m{n}{k}"))
    assert whole.baseline.counts.equals(parts.baseline.counts)
    assert whole.flush().findings.equals(parts.flush().findings)


def test_without_a_half_life_the_baseline_stays(folder: Path, tmp_path: Path):
    model, capture = opened(folder), written(tmp_path / "c", days(3))
    before = model.baseline.counts
    model.stream(capture, start=minute(DAY))
    assert model.baseline.counts.equals(before)


def test_a_roll_out_is_known_on_the_next_day(tmp_path: Path):
    """What a workload took up is one finding on its day, and no news after."""
    model = learnt(shop(tmp_path / "t", *replica("web-3", last=BEGIN), until=BEGIN))
    pods = ("web-7", "web-8")
    rows = open_at(*(DAY * n for n in (1, 2, 3)), minutes=12)
    for n in (1, 2, 3):
        rows += [
            one
            for pod in pods
            for one in [*replica(pod, DAY * n, DAY * n + 12, NEW), *release(pod, DAY * n + 3)]
        ]
    capture = written(tmp_path / "c", rows)
    pace = Pace(half_life="30d", release="1d")
    scored = [
        model.stream(capture, start=minute(DAY * n), end=minute(DAY * (n + 1)), pace=pace) for n in (1, 2, 3)
    ]
    told = [one.findings for one in scored]
    changed = [found.filter(is_change(), pl.col("first_seen") >= minute(DAY * n)).height
               for n, found in enumerate(told, 1)]  # fmt: skip
    assert changed == [1, 0, 0]
    (change,) = told[0].filter(is_change())["finding_id"].to_list()
    assert change not in {gone for one in scored for gone in one.withdrawn}, "it stands"


def test_a_clock_that_jumps_by_years_is_passed_over(folder: Path, tmp_path: Path):
    """One event from the future: days without events cost nothing, the baseline of the past is forgotten."""
    late = event("app-1", 60.0 * DAY * 365 * 40, "dns", exe="/usr/bin/python3", domain="x.shop.internal")
    capture, model = written(tmp_path / "c", [*days(2), late]), opened(folder)
    judged = model.stream(capture, 1e-6, minute(DAY), pace=Pace(half_life="7d"))
    assert (
        judged.windows.height
        == capture.events()
        .collect()
        .select(pl.struct("container_id", pl.col("time").dt.truncate("1m")).n_unique())
        .item()
    )
    assert model.flush().windows.height <= 1
