"""False findings beside an attacked tree are counted: an innocent root in its container, in its time."""

from __future__ import annotations

import polars as pl

from rtml.evaluation.beside import BESIDE, beside_attacks
from rtml.evaluation.ledger import build_ledger
from rtml.evaluation.matching import match
from rtml.evaluation.sides import Side
from rtml.evaluation.track import make_track
from rtml.schema import LABELS, empty
from tests.evaluation.frames import make_finding, make_labels, make_windows

ATTACKS = make_labels(("a", "c0", 10, 14, 10), ("b", "c0", 40, 42, 20), ("d", "c1", 10, 14, 30))


def roots(*findings: pl.DataFrame) -> list[int]:
    claims = match(pl.concat(findings), ATTACKS).claims
    return beside_attacks(claims, ATTACKS)["root_id"].to_list()


def test_an_innocent_root_beside_an_attack_is_told_from_one_far_away():
    attacked = make_finding("c0", first=11, process_id=10)
    innocent = make_finding("c0", first=11, process_id=77)
    graced = make_finding("c0", first=14.9, process_id=78)
    later = make_finding("c0", first=20, process_id=79)
    elsewhere = make_finding("c2", first=11, process_id=80)
    assert roots(attacked, innocent, graced, later, elsewhere) == [77, 78]


def test_a_unit_is_counted_once_whoever_flags_it_and_names_its_attacks():
    claims = match(pl.concat([make_finding("c0", first=11, last=13, process_id=77)] * 3), ATTACKS).claims
    labels = pl.concat([ATTACKS, make_labels(("e", "c0", 12, 13, 40))])
    found = beside_attacks(claims, labels)
    assert found.select("root_id", "attack_ids").rows() == [(77, ["a", "e"])] and found.schema == BESIDE


def test_without_attacks_nothing_is_beside_one():
    claims = match(make_finding("c0", first=11, process_id=77), ATTACKS).claims
    assert beside_attacks(claims, empty(LABELS)).schema == BESIDE
    assert (
        beside_attacks(claims, empty(LABELS)).is_empty()
        and beside_attacks(claims.clear(), ATTACKS).is_empty()
    )


def test_the_ledger_says_how_many_of_the_false_ones_lie_beside_attacks():
    found = [
        make_finding("c0", first=11, process_id=10),
        make_finding("c0", first=11, process_id=77),
        make_finding("c2", first=11, process_id=80),
    ]
    ledger = build_ledger([Side("m", "model", pl.concat(found))], make_track(make_windows(), ATTACKS))
    rows = {row["side"]: row for row in ledger.summary.iter_rows(named=True)}
    assert (rows["m"]["found"], rows["m"]["false"], rows["m"]["beside"]) == (1, 2, 1)
    assert rows["random"]["beside"] is None, "means over seeds count none"
