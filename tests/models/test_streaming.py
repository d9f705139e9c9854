"""Events as they come: held, settled, merged; in the end what a batch finds."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures import Capture
from rtml.errors import UsageError
from rtml.models import Pace
from rtml.models.explaining import is_change
from rtml.models.streaming import URGENT
from tests.models.conftest import event, hash_of, learnt, minute, opened, shop
from tests.models.stories import BEGIN, HOLD, KEY, LAST, STORIES, Follower, cuts, shop_with, three_replicas
from tests.models.test_changes import attack, replica


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return three_replicas(tmp_path_factory.mktemp("streaming"))


@pytest.fixture(scope="module", params=STORIES)
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Capture, int]:
    return shop_with(tmp_path_factory.mktemp("story"), request.param), STORIES[request.param][1]


@pytest.mark.parametrize("seconds", [110, 660, 3600])
def test_batches_of_any_size_find_what_one_batch_finds(
    folder: Path, story: tuple[Capture, int], seconds: float
):
    capture, number = story
    whole = opened(folder).score(capture, start=minute(BEGIN), hold=HOLD)
    assert whole.findings.filter(is_change()).height == number
    assert whole.findings.filter(~is_change()).height >= (0 if number else 1)
    follower = Follower(opened(folder), capture)
    for start, end in cuts(seconds):
        follower.take(start, end)
    assert follower.flush().equals(whole.findings)
    assert follower.scores.equals(whole.tree_scores.sort(KEY))
    assert follower.drift.equals(whole.drift)


@pytest.mark.parametrize("story", STORIES, indirect=True)
def test_a_batch_of_all_time_differs_only_where_replicas_follow_more_slowly_than_the_hold(
    folder: Path, story: tuple[Capture, int], request: pytest.FixtureRequest
):
    capture, _ = story
    slow = request.node.callspec.params["story"] == "a slow roll-out"
    held, whole = (opened(folder).score(capture, start=minute(BEGIN), hold=hold) for hold in (HOLD, None))
    assert held.findings.equals(whole.findings) is not slow


def test_a_stream_that_was_saved_and_opened_goes_on_as_if_nothing_had_happened(folder: Path, tmp_path: Path):
    capture = shop_with(tmp_path, "attack during a roll-out")
    plain, kept = Follower(opened(folder), capture), Follower(opened(folder), capture)
    for number, (start, end) in enumerate(cuts(130)):
        assert kept.take(start, end).equals(plain.take(start, end))
        kept.model = opened(kept.model.save(tmp_path / f"m{number}"))
    assert kept.flush().equals(plain.flush())
    assert kept.scores.equals(plain.scores)
    files = [
        {path.relative_to(place): path.read_bytes() for path in place.rglob("*.json")}
        for place in (plain.model.save(tmp_path / "a"), kept.model.save(tmp_path / "b"))
    ]
    assert files[0] == files[1]


def web(findings: pl.DataFrame) -> pl.DataFrame:
    return findings.filter(pl.col("workload") == "web")


def test_what_is_new_in_one_replica_is_held_and_released_when_nobody_follows(folder: Path, tmp_path: Path):
    capture = shop(tmp_path / "c", *replica("web-3", last=LAST), *attack("web-1", 33.5), until=LAST)
    follower = Follower(opened(folder), capture)
    whole = follower.model.score(capture, start=minute(BEGIN), end=minute(44))
    strange = whole.tree_scores.filter("alarm", pl.col("process_id") == hash_of("web-1", 900))
    limits = {label: alarm.limit for label, alarm in whole.alarms.items()}
    limit = pl.col("detector").replace_strict(limits) + math.log(URGENT)
    far = strange.filter(pl.col("margin") > limit)["detector"].to_list()
    assert 0 < len(far) < strange.height, "some of them are urgent, some are not"
    assert set(web(follower.take(minute(BEGIN), minute(44)))["detector"]) == set(far)
    told = web(follower.take(minute(44), minute(46)))
    assert set(told["process_id"]) == {hash_of("web-1", 900)}
    assert set(told["detector"]) == set(strange["detector"])


def test_a_very_strange_tree_does_not_wait_and_is_withdrawn_when_others_follow(folder: Path, tmp_path: Path):
    capture = shop_with(tmp_path, "the same attack in three replicas")
    follower = Follower(opened(folder), capture)
    assert set(web(follower.take(minute(BEGIN), minute(36)))["container_id"]) == {"web-1"}
    alone = web(follower.take(minute(36), minute(38)))
    assert set(alone["container_id"]) == {"web-1"} and not alone.filter(is_change()).height
    assert {tree["container_id"] for again in alone["again"] for tree in again} == {"web-2"}
    scored = follower.model.stream(capture, start=minute(38), end=minute(40))
    assert set(scored.withdrawn) == set(alone["finding_id"])
    (found,) = web(scored.onto(follower.findings)).to_dicts()
    assert found["containers"] == ["web-1", "web-2", "web-3"]


def test_what_comes_twice_is_taken_once(folder: Path, tmp_path: Path):
    """A capture that grows may be streamed from its start each time."""
    capture = shop_with(tmp_path, "roll-out")
    follower, again = (Follower(opened(folder), capture) for _ in range(2))
    for start, end in cuts(250):
        assert again.take(minute(BEGIN), end).equals(follower.take(start, end))
    assert again.flush().equals(follower.flush())


def test_scoring_leaves_out_what_a_stream_has_judged_or_holds(folder: Path, tmp_path: Path):
    capture = shop_with(tmp_path, "nothing")
    model = opened(folder)
    streamed = model.stream(capture, start=minute(BEGIN))
    after = model.score(capture, start=minute(BEGIN))
    assert after.windows.is_empty() and after.skipped == streamed.windows.height


def test_flushing_settles_all_and_again_is_nothing(folder: Path, tmp_path: Path):
    capture = shop_with(tmp_path, "attacks that go on")
    model = opened(folder)
    with pytest.raises(UsageError, match="no stream"):
        model.flush()
    model.stream(capture, start=minute(BEGIN))
    first, second = model.flush(), model.flush()
    assert first.windows.height and second.windows.is_empty() and not second.withdrawn
    late = model.stream(capture, start=minute(BEGIN))
    assert late.windows.is_empty() and late.skipped > first.windows.height


def test_windows_that_come_too_late_are_judged_all_the_same(folder: Path, tmp_path: Path):
    """One host's events of half an hour after another's: nothing is held for them, nothing is lost."""
    capture = shop_with(tmp_path, "attacks that go on")
    whole = opened(folder).score(capture, start=minute(BEGIN), hold=HOLD)
    model = opened(folder)
    events = capture.events()
    early, late = pl.col("container_id") != "web-1", pl.col("container_id") == "web-1"
    heights = []
    for part in (early, late):
        one = _Part(capture.path, capture.manifest, events.filter(part))
        heights.append(model.stream(one, start=minute(BEGIN)).trees)
    heights.append(model.flush().trees)
    seen = pl.concat(heights).select("container_id", "window", "process_id").unique()
    assert seen.height == whole.trees.height


class _Part(Capture):
    """Some events of a capture."""

    def __init__(self, path: str, manifest: Any, rows: pl.LazyFrame) -> None:
        super().__init__(path, manifest)
        object.__setattr__(self, "_rows", rows)

    def events(self, columns: Any = None, kinds: Any = None) -> pl.LazyFrame:
        return self._rows  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("pace", [{"hold": "soon"}, {"release": "1w"}, {"half_life": "1h"}])
def test_a_pace_that_is_none_is_refused(pace: dict[str, str]):
    with pytest.raises(UsageError, match=next(iter(pace))):
        Pace(**pace)


@pytest.mark.parametrize(("every", "seconds"), [("60s", 130), ("30s", 95)])
def test_all_families_see_the_same_in_a_stream(tmp_path: Path, every: str, seconds: float):
    """Steady calls are recalled, names of a minute are counted, wherever time is cut."""
    begin = minute(BEGIN)
    calls = [
        event(
            "app-2",
            60 * BEGIN + 40 * n,
            "connect",
            pid=77,
            exe="/opt/bot",
            dst_ip="203.0.113.7",
            dst_port=443,
        )
        for n in range(1, 29)
    ]
    names = [
        event("app-2", 60 * BEGIN + 7 * n, "dns", pid=77, exe="/opt/bot", domain=f"{n % 11}.evil.example")
        for n in range(1, 160)
    ]
    capture = shop(tmp_path / "c", *replica("web-3", last=LAST), *calls, *names, until=LAST)
    detectors: dict[str, dict[str, Any]] = {
        "surprise": {}, "half_space_trees": {"trees": 5, "window": 20}, "fading_gaussian": {"half_life": 30},
    }  # fmt: skip
    model = learnt(capture, begin=20, families=None, detectors=detectors, every=every)
    whole = opened(model.save(tmp_path / "m")).score(capture, start=begin, hold=HOLD)
    assert set(whole.findings["detector"]) >= {"fading_gaussian", "surprise"}
    assert whole.trees["beacon.regular"].max() == 1 and whole.trees["dns.names"].max() > 4
    follower = Follower(opened(tmp_path / "m"), capture)
    for start, end in cuts(seconds):
        follower.take(start, end)
    assert follower.flush().equals(whole.findings)
    assert follower.scores.equals(whole.tree_scores.sort(KEY))
