"""What a workload takes up at different times, by different trees, is told apart; a roll-out is one."""

from __future__ import annotations

import datetime as dt
import random
import time
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtml.models.explaining.episodes import episodes

BEGIN = dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC)
REPLICAS = ("a", "b", "c")


def tree(
    container: str, root: int | None, at: float, keys: str, bits: float = 20.0, **more: Any
) -> list[dict[str, Any]]:
    """Return what a process tree showed first, a second apart; ``at`` in minutes."""
    begun = [BEGIN + dt.timedelta(minutes=at, seconds=n) for n in range(len(keys))]
    usual = {"peers": "web", "conditional": "lineage.child", "context": "web: sh", "new_image": False}
    return [
        {**usual, "container_id": container, "root_id": root, "key": key, "bits": bits, "since": since,
         "window": since.replace(second=0)} | more
        for key, since in zip(keys, begun, strict=True)
    ]  # fmt: skip


def parts(*trees: list[dict[str, Any]]) -> list[set[tuple[str, str]]]:
    """Return the containers and keys of each episode, in order."""
    rows = pl.DataFrame([row for rows in trees for row in rows], infer_schema_length=None)
    told = episodes(rows.with_columns(pl.col("root_id").cast(pl.Int64)))
    return [
        set(part.select("container_id", "key").iter_rows())
        for part in told.sort("episode").partition_by("episode", maintain_order=True)
    ]


def of(keys: str, containers: str = "abc") -> set[tuple[str, str]]:
    return {(container, key) for container in containers for key in keys}


def attack(keys: str, at: float, root: int, **more: Any) -> list[dict[str, Any]]:
    return [row for n, name in enumerate(REPLICAS) for row in tree(name, root + n, at + n, keys, **more)]


def test_two_attacks_in_the_same_replicas_are_two():
    assert parts(attack("wxyz", 0, 10), attack("lmno", 20, 20)) == [of("wxyz"), of("lmno")]


def test_what_everybody_does_on_the_way_joins_nothing():
    """Both start the shell that nobody started before; one is its first user in each replica."""
    first, second = attack("Swxyz", 0, 10), attack("lmno", 20, 20)
    later = [row for n, name in enumerate("def") for row in tree(name, 30 + n, 40 + n, "Spqrs")]
    assert parts(first, second, later) == [of("Swxyz"), of("lmno"), of("Spqrs", "def")]


def test_the_same_once_more_elsewhere_and_later_follows():
    assert parts(attack("wxyz", 0, 10), tree("d", 30, 180, "wxyz")) == [of("wxyz", "abcd")]


def test_a_slow_attack_is_one_while_its_tree_goes_on():
    slow = [
        row for n, name in enumerate(REPLICAS) for m, key in enumerate("wxyz")
        for row in tree(name, n, 9 * m, key)
    ]  # fmt: skip
    assert parts(slow) == [of("wxyz")]


def test_a_service_that_takes_things_up_hours_apart_changes_twice():
    service = [
        row for name in REPLICAS for at, keys in ((0, "pq"), (60, "rs")) for row in tree(name, 1, at, keys)
    ]
    assert parts(service) == [of("pq"), of("rs")]


def test_programs_of_one_container_and_minute_are_one_change():
    """A setting that is rolled out: the service and its worker do new things at the same time."""
    rows = [row for n, name in enumerate(REPLICAS) for t, keys in ((1, "pq"), (2, "rs"))
            for row in tree(name, t + 10 * n, 5 * n, keys)]  # fmt: skip
    assert parts(rows) == [of("pqrs")]


@pytest.mark.parametrize(("later", "episodes_"), [(9, 1), (11, 2)])
def test_a_new_image_is_one_roll_out_however_many_programs_it_has(later: int, episodes_: int):
    new = {"new_image": True}
    rows = [row for n, name in enumerate("ab") for at, root, keys in ((0, 1, "pq"), (later, 2, "rs"))
            for row in tree(name, root + 10 * n, at, keys, **new)]  # fmt: skip
    assert len(parts(rows)) == episodes_


def test_an_attack_on_old_and_new_replicas_is_no_part_of_the_roll_out():
    new = {"new_image": True}
    release = [row for n, name in enumerate("xy") for row in tree(name, n, 2 * n, "pqrs", **new)]
    hit = [
        *tree("a", 20, 3.5, "wxyz"),
        *tree("x", 21, 4.5, "wxyz", **new),
        *tree("y", 22, 5.5, "wxyz", **new),
    ]
    assert parts(release, hit) == [of("pqrs", "xy"), of("wxyz", "axy")]


def test_what_befalls_two_of_five_new_replicas_is_no_part_of_their_roll_out():
    new = {"new_image": True}
    release = [row for n, name in enumerate("vwxyz") for row in tree(name, n, n, "pqrs", **new)]
    hit = [row for n, name in enumerate("vw") for row in tree(name, 20 + n, 6 + n, "klmn", **new)]
    assert parts(release, hit) == [of("pqrs", "vwxyz"), of("klmn", "vw")]


def test_a_tree_that_nobody_follows_joins_what_it_has_most_in_common_with():
    first, second = attack("wxyz", 0, 10), attack("lmno", 20, 20)
    lone = tree("d", 30, 40, "wlmpqrs")
    assert parts(first, second, lone) == [of("wxyz"), of("lmno") | of("wlmpqrs", "d")]


def test_workloads_have_nothing_in_common():
    other = [
        row | {"peers": "app", "container_id": row["container_id"].upper()} for row in attack("wxyz", 0, 40)
    ]
    assert parts(attack("wxyz", 0, 10), other) == [of("wxyz", "ABC"), of("wxyz")]


def test_many_replicas_are_one():
    names = [f"c{n:03}" for n in range(70)]
    assert len(parts([row for n, name in enumerate(names) for row in tree(name, n, n / 2, "wxyz")])) == 1


def test_trees_that_nobody_knows_are_taken_together():
    assert parts([row for name in REPLICAS for row in tree(name, None, 0, "wx")]) == [of("wx")]


def test_nothing_gives_nothing():
    rows = pl.DataFrame(tree("a", 1, 0, "w")).clear()
    assert episodes(rows).is_empty() and "episode" in episodes(rows).columns


@given(st.integers(0, 2**32))
def test_the_order_of_rows_changes_nothing(seed: int):
    draw = random.Random(seed)
    rows = [row for n in range(9)
            for row in tree(draw.choice("abcd"), n, draw.uniform(0, 60), "".join(draw.sample("klmnop", 3)),
                            bits=draw.choice([0.1, 0.2, 9.0]))]  # fmt: skip
    table = pl.DataFrame(rows).unique(["container_id", "key"], keep="first", maintain_order=True)
    columns = ["container_id", "root_id", "key", "episode"]
    shuffled = table.sample(fraction=1.0, shuffle=True, seed=seed % 1000)
    assert episodes(shuffled).select(columns).equals(episodes(table).select(columns))


def test_a_thousand_replicas_that_take_up_a_hundred_things_take_a_second():
    names = pl.DataFrame({"container_id": [f"c{n:04}" for n in range(1000)], "root_id": range(1000)})
    keys = pl.DataFrame(tree("x", 0, 0, "".join(map(chr, range(256, 306))))).drop("container_id", "root_id")
    begun = time.process_time()
    assert episodes(names.join(keys, how="cross"))["episode"].n_unique() == 1
    assert time.process_time() - begun < 5
