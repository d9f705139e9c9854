"""The unit of findings and what aggregation promises."""

from __future__ import annotations

import datetime as dt

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from rtml.findings.unit import CONTRIBUTIONS, EVIDENCE, aggregate, slot_of
from rtml.schema import FINDINGS

START = dt.datetime(2026, 1, 1, 10, tzinfo=dt.UTC)


def evidence(*rows: dict) -> pl.DataFrame:
    base = {
        "container_id": "c",
        "host": "h",
        "process_id": 1,
        "type": "T",
        "title": "t",
        "count": 1,
        "weight": 1.0,
        "severity": 5.0,
        "score": 0.5,
        "techniques": ["T1059"],
    }
    full = [{name: {**base, **row}.get(name) for name in EVIDENCE} for row in rows]
    return pl.DataFrame(full, schema=EVIDENCE).with_columns(slot_of())


def at(minutes: float) -> dt.datetime:
    return START + dt.timedelta(minutes=minutes)


NONE = pl.DataFrame(schema=CONTRIBUTIONS)


def test_one_finding_per_container_slot_root_and_type():
    rows = evidence(
        {"seq": 1, "time": at(0)},
        {"seq": 2, "time": at(4.9)},
        {"seq": 3, "time": at(5)},
        {"seq": 4, "time": at(0), "process_id": None},
        {"seq": 5, "time": at(0), "type": "U"},
    )
    found = aggregate(rows, NONE, "rule", "rules")
    assert found.schema == FINDINGS
    assert sorted(found["count"]) == [1, 1, 1, 2]
    assert found["finding_id"].is_unique().all()


def test_an_event_counts_once_however_many_rows_name_it():
    rows = evidence(
        {"seq": 1, "time": at(0), "title": "a", "weight": 0.2},
        {"seq": 1, "time": at(0), "title": "b", "weight": 0.8, "techniques": ["T1000"]},
    )
    (found,) = aggregate(rows, NONE, "rule", "rules").to_dicts()
    assert (found["count"], len(found["evidence"])) == (1, 1)
    assert found["title"] == "b and 1 more"
    assert found["techniques"] == ["T1000", "T1059"]


def test_alarm_without_an_event_stays():
    (found,) = aggregate(evidence({"time": at(0), "count": None}), NONE, "model", "d").to_dicts()
    assert (found["count"], found["evidence"]) == (0, None)


def test_control_characters_in_titles_are_made_visible():
    rows = evidence({"seq": 1, "time": at(0), "title": "a\x1b[2J\u202e"})
    assert aggregate(rows, NONE, "rule", "rules")["title"].item() == "a\\x1b[2J\\u202e"


def test_no_evidence_gives_no_findings():
    assert aggregate(evidence(), NONE, "rule", "rules").schema == FINDINGS


@given(st.permutations(range(6)))
def test_order_of_rows_changes_nothing(order):
    rows = evidence(
        *({"seq": i, "time": at(i), "title": f"t{i % 2}", "weight": i % 3 / 10} for i in range(6))
    )
    want = aggregate(rows, NONE, "rule", "rules")
    assert_frame_equal(aggregate(rows[list(order)], NONE, "rule", "rules"), want)
