"""Rows of process trees: whose an event is, what containers are made of, and that time goes one way."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from rtml import features
from rtml.captures.processes import PROCESSES
from rtml.features import FAMILIES, feature_columns, learn, prequential, surprises, windows
from rtml.features.source import open_source
from rtml.models.windows import container_windows
from rtml.schema import conform
from rtml.testing.events import MINUTE, START, busy, events

CELL = ["container_id", "window"]
TREE = [*CELL, "process_id"]
CUT = START + 3 * MINUTE


def grove(minutes: int = 6) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return `busy` with three trees a container: odd events are of one, every fourth of no process."""
    table, _ = busy(minutes)
    turn = pl.col("seq") % 4
    place = pl.when(pl.col("container_id").cast(pl.String) == "web-1").then(100).otherwise(200)
    process = pl.when(turn == 0).then(None).when(turn == 2).then(place + 2).otherwise(place + turn)
    table = table.with_columns(process_id=process.cast(pl.Int64))
    images = [
        {"host": "h", "image_seq": n, "process_id": p, "root_id": root, "exe": "/bin/sh", "ancestors": ["/x"]}
        for n, (p, root) in enumerate(
            [(101, 101), (103, 101), (102, 102), (201, 201), (203, 201), (202, 202)]
        )
    ]
    return table, conform(pl.DataFrame(images), PROCESSES)


def both(names: list[str] | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return rows of containers and of trees, featured by the first minutes' history."""
    table, processes = grove()
    history = learn(table, processes, names, end=CUT)
    return tuple(windows(table, history, names, processes=processes, unit=u) for u in ("container", "tree"))


def test_every_event_is_of_exactly_one_tree():
    containers, trees = both()
    assert trees.select(TREE).is_unique().all()
    summed = trees.group_by(CELL).agg(pl.col("events").sum()).sort(CELL)
    assert summed.equals(containers.select(*CELL, "events").sort(CELL))
    assert set(trees["process_id"]) == {None, 101, 102, 201, 202}


@pytest.mark.parametrize("family", FAMILIES.own)
def test_a_container_is_as_surprising_as_its_strangest_tree(family: str):
    """Bits are of a pair, whoever shows it; sums and counts of a container are at most those of its trees."""
    containers, trees = both([family])
    cells = trees.group_by(CELL).agg(pl.col(feature_columns(trees)).max()).sort(CELL)
    sums = trees.group_by(CELL).agg(pl.col(feature_columns(trees)).sum()).sort(CELL)
    highest = [name for name in FAMILIES[family].columns if name.endswith("bits_max")]
    assert_frame_equal(cells.select(*CELL, *highest), containers.sort(CELL).select(*CELL, *highest))
    for part in FAMILIES[family].surprise:
        if part in ("pairs", "never_seen", "bits_sum"):
            name = f"{family}.{part}"
            assert (sums[name] >= containers.sort(CELL)[name]).all(), name
            assert (cells[name] <= containers.sort(CELL)[name]).all(), name


def test_activity_of_trees_adds_up():
    containers, trees = both(["activity"])
    summed = trees.group_by(CELL).agg(pl.col("activity.all", "activity.open").sum()).sort(CELL)
    assert_frame_equal(summed, containers.sort(CELL).select(summed.columns))


def test_windows_of_a_model_are_made_of_their_trees():
    _, trees = both(["lineage", "files"])
    made = container_windows(trees)
    assert made.select(CELL).is_unique().all() and "process_id" not in made.columns
    for row in made.iter_rows(named=True):
        here = trees.filter(
            (pl.col("container_id") == row["container_id"]) & (pl.col("window") == row["window"])
        )
        assert row["events"] == here["events"].sum()
        assert row["complete"] is here["complete"].all()
        for name in feature_columns(trees):
            assert row[name] == here[name].max(), name


def test_who_has_no_known_root_is_a_tree_of_its_own_and_nobody_is_null():
    table = events(
        {"kind": "exec", "exe": "/bin/ls", "process_id": process} for process in (7, 8, 9, None, None)
    )
    known = conform(
        pl.DataFrame(
            [
                {"host": "h", "image_seq": 1, "process_id": 7, "root_id": 5, "exe": "/bin/ls"},
                {"host": "h", "image_seq": 2, "process_id": 8, "root_id": None, "exe": "/bin/ls"},
            ]
        ),
        PROCESSES,
    )
    rows = windows(table, families=["activity"], processes=known, unit="tree")
    found = dict(rows.select("process_id", "events").iter_rows())
    assert found == {5: 1, 8: 1, 9: 1, None: 2}


def test_a_process_of_another_host_with_the_same_number_is_another_tree():
    table = events(
        {"kind": "open", "host": host, "container_id": f"c-{host}", "process_id": 7} for host in ("h", "i")
    )
    roots = [{"host": h, "image_seq": 1, "process_id": 7, "root_id": r} for h, r in (("h", 1), ("i", 2))]
    known = conform(pl.DataFrame(roots), PROCESSES)
    rows = windows(table, families=["activity"], processes=known, unit="tree")
    assert rows.select("container_id", "process_id").rows() == [("c-h", 1), ("c-i", 2)]


def test_one_event_is_one_tree():
    rows = windows(events([{"kind": "exec", "exe": "/bin/ls", "process_id": 3}]), unit="tree")
    assert rows.select("container_id", "events", "process_id").rows() == [("web-1", 1, 3)]
    assert windows(events([]), unit="tree").height == 0


@pytest.mark.parametrize("cut", [1, 3, 5])
def test_later_events_change_no_earlier_tree(cut: int):
    table, processes = grove()
    at = START + cut * MINUTE
    history = learn(table, processes, end=START + MINUTE)
    early, late = (
        windows(part, history, processes=processes, unit="tree")
        for part in (table.filter(pl.col("time") < at), table)
    )
    assert_frame_equal(early, late.filter(pl.col("window") < at), check_exact=True)


def test_a_process_that_appears_later_changes_no_earlier_tree():
    """Its number was nobody's before: what is learnt of it later is of later rows."""
    table, processes = grove()
    history = learn(table, processes, end=CUT)
    newcomer = pl.DataFrame({"host": ["h"], "image_seq": [99], "process_id": [999], "root_id": [101]})
    more = pl.concat([processes, conform(newcomer, PROCESSES)])
    plain, grown = (windows(table, history, processes=p, unit="tree") for p in (processes, more))
    assert_frame_equal(plain, grown, check_exact=True)


def test_order_of_rows_changes_no_tree():
    table, processes = grove()
    history = learn(table, processes, end=CUT)
    mixed = table.sample(fraction=1, shuffle=True, seed=4)
    assert_frame_equal(
        windows(mixed, history, processes=processes.reverse(), unit="tree"),
        windows(table, history, processes=processes, unit="tree"),
        check_exact=True,
    )


def test_prequential_trees_are_compared_with_what_came_before():
    table, processes = grove()
    rows, full = prequential(table, processes, blocks=6, unit="tree")
    assert rows["window"].min() == START + MINUTE
    settled = ~pl.col("family").str.starts_with("beacon.")  # it looks back over what is read in one go
    whole = learn(table, processes).counts.filter(settled)
    assert full.counts.filter(settled).equals(whole, null_equal=True)
    first = learn(table, processes, end=START + MINUTE)
    span: dict[str, dt.datetime] = {"start": START + MINUTE, "end": START + 2 * MINUTE}
    expected = windows(table, first, processes=processes, unit="tree", **span)
    assert_frame_equal(rows.filter(pl.col("window") == START + MINUTE), expected)


def test_surprises_of_events_name_the_tree_that_has_them():
    table, processes = grove()
    history = learn(table, processes, ["files"], end=CUT)
    single = surprises(table, processes, history, ["files"])
    trees = windows(table, history, ["files"], processes=processes, unit="tree")
    keys = ["conditional", "context", "key"]
    distinct = single.unique([*CELL, "root_id", *keys])
    sums = distinct.group_by(*CELL, process_id="root_id").agg(pl.col("bits").sum())
    joined = trees.join(sums, on=TREE, how="left", nulls_equal=True).with_columns(pl.col("bits").fill_null(0))
    assert joined["files.bits_sum"].to_list() == pytest.approx(joined["bits"].to_list())
    assert joined["bits"].sum() > 0


def test_a_source_without_a_tree_keeps_all_others():
    table, processes = grove()
    source = open_source(table, processes, unit="tree")
    left = source.without(pl.DataFrame({"host": ["h"], "root_id": [101]}))
    kept, gone = left.events.collect(), table.filter(pl.col("process_id").is_in([101, 103]))
    assert kept.height == table.height - gone.height and gone.height > 0
    assert kept["process_id"].null_count() == table["process_id"].null_count() > 0
    assert_frame_equal(
        source.without(pl.DataFrame({"host": ["x"], "root_id": [101]})).events.collect(), table
    )
    everybody = features.windows(table, processes=processes, families=["activity"], unit="tree")
    rows = features.windows(kept, processes=processes, families=["activity"], unit="tree")
    assert_frame_equal(rows, everybody.filter(pl.col("process_id").ne_missing(101)))
