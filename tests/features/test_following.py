"""What replicas take up one after the other: by hand, and cut anywhere."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import polars as pl
import pytest

from rtml.baselines import Baseline
from rtml.features import families_of, learn
from rtml.features.following import UNTIL, Following, Sightings
from rtml.features.source import open_source
from rtml.features.windows import assemble_with_surprises
from rtml.testing.events import MINUTE, START, events
from rtml.times import instant

HOLD = dt.timedelta(minutes=10)
NEW = "/opt/new"


def opens(container: str, at: float, path: str = "/srv/known", image: str = "shop/web:1") -> dict[str, Any]:
    return {"kind": "open", "path": path, "container_id": container, "seconds": 60 * at, "exe": "/bin/web",
            "image": image, "process_id": 1}  # fmt: skip


def table(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return events(sorted(rows, key=lambda row: row["seconds"]))


@pytest.fixture(scope="module")
def history() -> Baseline:
    return learn(table([opens(f"web-{n}", 0) for n in (1, 2, 3)]), families=["files"])


def work(names: str, until: int = 60) -> list[dict[str, Any]]:
    return [opens(name, at) for name in names for at in range(until)]


def shared(rows: list[dict[str, Any]], history: Baseline, hold: dt.timedelta = HOLD) -> set[tuple[str, int]]:
    """Return the containers and minutes in which the new file is shared."""
    source = open_source(table(rows), unit="tree")
    following = Following(source, history, hold)
    _, single = assemble_with_surprises(source, history, families_of(["files"]), following=following)
    return minutes(single)


def minutes(single: pl.DataFrame) -> set[tuple[str, int]]:
    found = single.filter("shared", pl.col("key") == f"read {NEW}").select("container_id", "window")
    return {(name, (at - START) // MINUTE) for name, at in found.iter_rows()}


@pytest.mark.parametrize(
    ("sightings", "expected"),
    [
        ("a0 b5 c10", "a0 b5 c10"),
        ("a0 b5 c11", "b5 c11"),  # half of six, not at once: known at minute 11, too late for the first
        ("a0 b1", ""),
        ("a0 a1 a2", ""),
        ("a0 b1 c20", "c20"),
        ("a0 b1 c2 d50", "a0 b1 c2 d50"),  # what was taken up stays so
        ("a0 b30 c31 a45", "b30 c31 a45"),
        ("a9 b19 c29", "b19 c29"),
    ],
)
def test_three_of_six_replicas(sightings: str, expected: str, history: Baseline):
    told = [(one[0], int(one[1:])) for one in sightings.split()]
    found = shared([*work("abcdef"), *(opens(name, at, NEW) for name, at in told)], history)
    assert found == {(one[0], int(one[1:])) for one in expected.split()}


def test_few_of_many_replicas_must_be_at_once(history: Baseline):
    many = work("abcdefghijklmnop")
    slow = [opens("a", 0, NEW), opens("b", 9, NEW), opens("c", 18, NEW), opens("d", 27, NEW)]
    assert shared([*many, *slow], history) == set()
    assert shared([*many, *slow, opens("e", 28, NEW)], history) == {("c", 18), ("d", 27), ("e", 28)}


def test_two_of_a_new_image(history: Baseline):
    old, new = work("abcdefghij"), [opens(n, at, image="shop/web:2") for n in "xy" for at in range(20, 40)]
    rows = [*old, *new]
    told = [opens("x", 21, NEW, "shop/web:2"), opens("y", 30, NEW, "shop/web:2")]
    assert shared([*rows, *told], history) == {("x", 21), ("y", 30)}
    third = [opens(n, at, image="shop/web:2") for n in "uvw" for at in range(20, 40)]
    assert shared([*rows, *third, *told], history) == set(), "two of five"
    assert shared([*old, opens("a", 21, NEW), opens("b", 30, NEW)], history) == set(), (
        "an image that is known"
    )


@pytest.mark.parametrize(("hold", "expected"), [(0, {"c"}), (5, {"b", "c"}), (10, {"a", "b", "c"})])
def test_who_was_judged_before_the_hold_was_over_stays_alone(
    hold: int, expected: set[str], history: Baseline
):
    told = [opens("a", 0, NEW), opens("b", 5, NEW), opens("c", 10, NEW)]
    found = shared([*work("abcdef"), *told], history, dt.timedelta(minutes=hold))
    assert {name for name, _ in found} == expected


@pytest.mark.parametrize("seed", range(12))
def test_time_may_be_cut_anywhere(seed: int, history: Baseline):
    """Judged in parts, with what was remembered, windows say what they say in one go."""
    draw = random.Random(seed)
    names = "abcdefgh"[: draw.choice([4, 6, 8])]
    images = {name: draw.choice(["shop/web:1", "shop/web:2"]) for name in names}
    rows = [opens(n, at, image=images[n]) for n in names for at in range(60) if draw.random() < 0.6]
    rows += [opens(draw.choice(names), draw.randrange(60), NEW) for _ in range(draw.choice([3, 5, 9]))]
    rows = [{**row, "image": images[row["container_id"]]} for row in rows]
    whole, told, memory = shared(rows, history), set(), Sightings()
    borders = [*sorted(draw.sample(range(5, 60), 4)), 90]
    until = UNTIL.to_frame()
    for border in borders:
        come = [row for row in rows if row["seconds"] < 60 * (border + 11)]
        source = open_source(table(come), unit="tree")
        following = Following(source, history, HOLD, memory, until)
        _, single = assemble_with_surprises(source, history, families_of(["files"]), following=following)
        judged = following.judged(single).filter(pl.col("window") < instant(START + border * MINUTE))
        told |= minutes(judged)
        memory = following.after(instant(START + (border - 1) * MINUTE))
        until = pl.DataFrame(
            {"container_id": list(names), "until": [START + border * MINUTE] * len(names)}, UNTIL
        )
    assert told == whole
