"""Trees that alarm for one reason are one finding; others never are."""

from __future__ import annotations

import random
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from rtml.models.explaining.alike import merged
from rtml.testing.events import MINUTE, START

Tree = tuple[int | None, float, str | None]
"""Process, first minute, most surprising key."""


def evidence(*trees: Tree, container: str = "c", **more: Any) -> pl.DataFrame:
    """Return the events of trees: the surprising one, and two that surprise less."""
    rows = []
    for process, number, key in trees:
        at = START + number * MINUTE
        base = {"container_id": container, "process_id": process, "window": at, "slot": at}
        base |= {"family": "files", "conditional": "files.read", "context": "web: sh"}
        if key is None:
            nothing = dict.fromkeys(("family", "conditional", "context", "key", "bits"))
            rows.append({**base, **nothing, **more})
            continue
        rows.append({**base, "key": key, "bits": 9.0} | more)
        rows += [{**base, "key": f"other {process} {n}", "bits": 3.0 + n} | more for n in range(2)]
    texts = dict.fromkeys(("family", "conditional", "context", "key"), pl.String)
    schema = {"process_id": pl.Int64, "bits": pl.Float64, **texts}
    table = pl.DataFrame(rows, schema_overrides=schema)
    return table.cast({"window": pl.Datetime("ns", "UTC"), "slot": pl.Datetime("ns", "UTC")})


def units(table: pl.DataFrame) -> dict[tuple[str, int | None], int]:
    """Return the units after merging, with how many trees each has."""
    found = merged(table, "1h")
    assert found.height == table.height
    told = found.select("container_id", "process_id", "slot", "trees").unique()
    return {(row["container_id"], row["process_id"]): row["trees"] for row in told.iter_rows(named=True)}


@pytest.mark.parametrize(
    ("trees", "expected"),
    [
        ([(1, 0, "a"), (2, 30, "a"), (3, 60, "a")], {1: 3}),
        ([(1, 0, "a"), (2, 60, "a")], {1: 2}),
        ([(1, 0, "a"), (2, 61, "a")], {1: 1, 2: 1}),
        ([(1, 0, "a"), (2, 50, "a"), (3, 100, "a"), (4, 200, "a")], {1: 3, 4: 1}),
        ([(1, 0, "a"), (2, 1, "b"), (3, 2, "a")], {1: 2, 2: 1}),
        ([(5, 0, "a"), (2, 0, "a")], {2: 2}),  # of two at once the first by number
        ([(1, 0, "a")], {1: 1}),
    ],
)
def test_one_cause_within_a_spell(trees: list[Tree], expected: dict[int, int]):
    assert units(evidence(*trees)) == {("c", process): number for process, number in expected.items()}


def test_other_containers_are_other_findings():
    table = pl.concat([evidence((1, 0, "a")), evidence((2, 0, "a"), container="d")])
    assert units(table) == {("c", 1): 1, ("d", 2): 1}


@pytest.mark.parametrize("change", [{"context": "web: bash"}, {"conditional": "files.write"}])
def test_the_same_name_in_another_context_is_another_cause(change: dict[str, str]):
    table = pl.concat([evidence((1, 0, "a")), evidence((2, 0, "a"), **change)])
    assert units(table) == {("c", 1): 1, ("c", 2): 1}


def test_what_has_no_cause_stays_alone():
    assert units(evidence((1, 0, None), (2, 0, None))) == {("c", 1): 1, ("c", 2): 1}
    assert units(evidence((1, 0, None), (2, 0, "a"))) == {("c", 1): 1, ("c", 2): 1}


def test_of_no_known_process_is_a_tree_like_others():
    assert units(evidence((None, 0, "a"), (4, 1, "a"))) == {("c", None): 2}


def test_all_events_of_all_trees_are_shown_with_the_first():
    found = merged(evidence((1, 0, "a"), (2, 5, "a")), "1h")
    assert found["key"].to_list() == ["a", "other 1 0", "other 1 1", "a", "other 2 0", "other 2 1"]
    assert found["slot"].unique().to_list() == [START] and found["process_id"].unique().to_list() == [1]
    assert found["window"].unique().sort().to_list() == [START, START + 5 * MINUTE], "windows stay"


def test_order_of_events_does_not_matter():
    table = evidence(*((n, 7 * n, "ab"[n % 2]) for n in range(1, 12)))
    rows = list(range(table.height))
    random.Random(2).shuffle(rows)
    columns = ["container_id", "window", "key", "slot", "process_id", "trees"]
    ordered, mixed = (merged(t, "1h").select(columns).sort(columns) for t in (table, table[rows]))
    assert_frame_equal(ordered, mixed)
