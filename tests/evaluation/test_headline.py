"""The headline table: sides at the same budgets, whose halves are shared by two."""

import polars as pl
import pytest

from rtml.evaluation.headline import headline
from rtml.evaluation.ledger import build_ledger
from rtml.evaluation.sides import Side
from rtml.schema import BUDGETS, SETTINGS
from tests.evaluation.frames import make_finding, scored_trees

MODEL = {"source": "model", "detector": "forest"}


@pytest.fixture
def forest(busy):
    """At 0.5 a day it finds a1, at 3 a3 too with one false tree, at 30 it flags root 7 in c3 for an hour."""
    late = [("c3", m, 7, 1.0, 30.0) for m in range(60)]
    alarms = scored_trees(
        ("c0", 12, 1010, 9.0, 0.25), ("c1", 22, 1030, 5.0, 1.5), ("c2", 3, 7, 6.0, 1.5), *late
    )
    return Side(
        "forest", "model", make_finding("c0", first=12, process_id=1010, **MODEL), asked=1.0, trees=alarms
    )


def rows(table, side):
    return table.filter(pl.col("side") == side).select("asked", "found", "false", "budget").rows()


def test_a_model_is_set_to_each_budget(busy, forest):
    assert rows(headline([forest], busy), "forest") == [
        (0.5, 1, 0, "held"),
        (1.0, 1, 0, "held"),
        (3.0, 2, 1, "held"),
        (10.0, 2, 1, "held"),
        (30.0, 2, 13, "held" if 30 * busy.container_days > 8 else "broken"),
    ]


def test_two_sides_share_one_budget(busy, forest):
    """At 3 a day together, each has 1.5: the model's alarms of that setting, the rules tuned to it."""
    loud = pl.concat([make_finding("c2", first=m, process_id=7) for m in (50, 56, 62)])
    quiet = make_finding("c0", first=41, process_id=20)
    rules = Side("rules, tuned", "rules", quiet, dial={b: loud if b >= 3 else quiet for b in SETTINGS})
    table = headline([rules, forest], busy)
    both = {asked: (found, false) for asked, found, false, _ in rows(table, "rules, tuned + forest")}
    assert both[0.5] == (2, 0) and both[3.0] == (3, 1), "half of 3 does not open the rules"
    assert both[10.0] == (2, 4), "half of 10 does: a2 is lost, three false findings more"
    alone = {asked: (found, false) for asked, found, false, _ in rows(table, "rules, tuned")}
    assert alone[3.0] == (0, 3) and alone[1.0] == (1, 0)


def test_what_has_no_dial_is_the_same_everywhere_and_breaks_what_it_costs_more_than(busy):
    noise = pl.concat([make_finding("c3", first=float(m), process_id=7) for m in range(0, 50, 5)])
    rival = Side("first seen", "rival", noise)
    told = rows(headline([rival], busy), "first seen")
    assert {(found, false) for _, found, false, _ in told} == {(0, 10)}
    assert [budget for *_, budget in told] == ["broken", "broken", "broken", "broken", "held"]


def test_rivals_join_the_union_too(busy, forest):
    rival = Side("first seen", "rival", make_finding("c1", first=22, process_id=30))
    rules = Side("rules, tuned", "rules", make_finding("c0", first=41, process_id=20))
    table = build_ledger([rules, forest, rival], busy).headline
    assert table["side"].unique(maintain_order=True).to_list() == [
        "rules, tuned",
        "forest",
        "first seen",
        "rules, tuned + forest",
        "rules, tuned + first seen",
    ]
    assert {row[1] for row in rows(table, "rules, tuned + first seen")} == {2}
    assert table.group_by("side").len()["len"].unique().to_list() == [len(BUDGETS)]


def test_beside_it_stands_the_best_that_the_test_allows(busy, forest):
    table = headline([forest], busy)
    assert table["oracle"].to_list() == [1, 1, 2, 2, 2]
    assert (table["found"] <= table["oracle"].fill_null(99)).all()
