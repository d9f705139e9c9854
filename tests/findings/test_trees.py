"""The process tree around a finding."""

from __future__ import annotations

import datetime as dt

import polars as pl

from rtml.captures.processes import PROCESSES
from rtml.findings.trees import process_tree, tree_lines

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def images(*rows: tuple) -> pl.DataFrame:
    full = [
        {
            "process_id": p,
            "parent_id": parent,
            "root_id": root,
            "pid": p,
            "exe": exe,
            "cmdline": f"{exe}\x1b[2J",
            "since": START + dt.timedelta(seconds=i),
        }
        for i, (p, parent, root, exe) in enumerate(rows)
    ]
    table = {name: [row.get(name) for row in full] for name in PROCESSES}
    return pl.DataFrame(table, schema=PROCESSES)


def test_children_hang_under_parents_and_the_process_is_marked():
    tree = process_tree(
        images((1, None, 1, "/sh"), (2, 1, 1, "/sh"), (2, 1, 1, "/ls"), (3, 1, 1, "/x"), (9, 4, 9, "/o")), 2
    )
    assert [child["process_id"] for child in tree["children"]] == [2, 3]
    assert [child["here"] for child in tree["children"]] == [True, False]
    lines = tree_lines(tree)
    assert lines[1].startswith("  2 /sh => /ls")
    assert not any("\x1b" in line for line in lines)


def test_a_deep_or_broad_tree_is_cut_and_says_so():
    deep = images(*((i, i - 1 or None, 1, "/x") for i in range(1, 3000)))
    assert len(tree_lines(process_tree(deep, 2999))) <= 42
    broad = images((1, None, 1, "/x"), *((i, 1, 1, "/y") for i in range(2, 900)))
    tree = process_tree(broad, 1)
    assert (len(tree["children"]), tree["left_out"]) == (199, 699)


def test_unknown_process_and_a_ring_of_parents():
    assert process_tree(images((1, None, 1, "/x")), 5) == {}
    assert tree_lines({}) == []
    ring = images((1, 2, 1, "/x"), (2, 1, 1, "/y"))
    assert len(tree_lines(process_tree(ring, 2))) == 2
