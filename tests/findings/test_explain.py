"""From alarms and surprises to findings."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from rtml.captures.processes import PROCESSES
from rtml.features import EVENT_SURPRISES
from rtml.findings import because
from rtml.models.explaining import explain
from rtml.models.explaining.alarms import ALONE
from rtml.schema import FINDINGS

START = dt.datetime(2026, 1, 1, 10, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def alarms(*rows: dict[str, Any]) -> pl.DataFrame:
    base = {
        "container_id": "c",
        "window": START,
        "detector": "d",
        "score": 3.0,
        "p_value": 0.01,
        "workload": "web",
        "host": "h",
    }
    return pl.DataFrame([{**base, **row} for row in rows or ({},)]).cast({"window": pl.Datetime("ns", "UTC")})


def surprises(*rows: dict[str, Any]) -> pl.DataFrame:
    base = {
        "host": "h",
        "time": START,
        "container_id": "c",
        "window": START,
        "process_id": 3,
        "root_id": 2,
        "family": "lineage",
        "conditional": "lineage.child",
        "key": "/usr/bin/curl",
        "context": "web: /bin/sh",
        "bits": 8.0,
        "known": True,
        "seen": False,
    }
    full = [{**base, "seq": i, **row} for i, row in enumerate(rows)]
    table = {name: [row.get(name) for row in full] for name in EVENT_SURPRISES}
    return pl.DataFrame(table, schema=EVENT_SURPRISES)


def processes() -> pl.DataFrame:
    rows = [
        {
            "process_id": 3,
            "root_id": 2,
            "since": START,
            "exe": "/usr/bin/curl",
            "comm": "curl",
            "ancestors": ["/bin/sh", "[nginx]"],
        },
        {"process_id": 7, "root_id": 7, "since": START, "exe": "/bin/a\x1b[2J", "ancestors": []},
    ]
    table = {name: [row.get(name) for row in rows] for name in PROCESSES}
    return pl.DataFrame(table, schema=PROCESSES)


def test_a_finding_names_chain_reason_type_and_severity():
    (found,) = explain(alarms(), surprises({}, {"bits": 2.0, "context": "web: sh"}), processes()).to_dicts()
    assert found["title"] == ("web: [nginx] -> sh -> curl (never seen: child given its ancestors, 8.0 bits)")
    assert found["type"] == "Execution:Runtime/AnomalousBehavior.Lineage"
    assert (found["severity"], found["score"], found["p_value"]) == (5.0, 3.0, 0.01)
    assert (found["source"], found["detector"], found["process_id"]) == ("model", "d", 2)
    assert found["evidence"] == [{"host": "h", "seq": 0}, {"host": "h", "seq": 1}]
    assert because(found) == [
        "lineage.child: /usr/bin/curl given web: /bin/sh: 8 (80 %)",
        "lineage.child: /usr/bin/curl given web: sh: 2 (20 %)",
    ]


def test_roots_with_a_material_share_get_their_own_finding():
    rows = surprises(
        {"bits": 10.0},
        {"bits": 4.0, "root_id": 7, "process_id": 7, "key": "b"},
        {"bits": 1.0, "root_id": 8, "process_id": 8, "key": "c"},
    )
    found = explain(alarms(), rows, processes())
    assert sorted(found["process_id"]) == [2, 7]
    assert all("\x1b" not in title for title in found["title"])


def test_something_new_is_not_hidden_by_a_louder_root():
    loud = ({"bits": 15.0, "key": f"k{i}"} for i in range(20))
    quiet = {"bits": 12.0, "root_id": 7, "process_id": 7, "key": "b", "seen": False}
    rare = {"bits": 12.0, "root_id": 8, "process_id": 8, "key": "c", "seen": True}
    found = explain(alarms(), surprises(*loud, quiet, rare), processes())
    assert sorted(found["process_id"]) == [2, 7]


def test_the_greatest_root_is_never_left_out():
    rows = surprises(
        *({"bits": 1.0 + i / 100, "root_id": i, "process_id": i, "key": f"k{i}"} for i in range(9))
    )
    assert explain(alarms(), rows, processes())["process_id"].to_list() == [8]


def test_helpers_that_all_do_the_same_are_one_finding():
    rows = surprises(*({"root_id": i, "process_id": i} for i in range(9)))
    assert explain(alarms(), rows, processes())["process_id"].to_list() == [0]
    keys = [{"root_id": i, "process_id": i, "key": f"k{i}"} for i in range(9)]
    weak = surprises(*({**key, "bits": ALONE - 1} for key in keys))
    assert explain(alarms(), weak, processes())["process_id"].to_list() == [0]
    strong = surprises(*({**key, "bits": ALONE} for key in keys))
    assert explain(alarms(), strong, processes()).height == 9


def test_alarming_windows_of_one_slot_are_one_finding():
    later = START + MINUTE
    rows = surprises({}, {"window": later, "time": later, "bits": 20.0, "key": "/tmp/x"})
    (found,) = explain(
        alarms({}, {"window": later, "score": 9.0, "p_value": 0.001}), rows, processes()
    ).to_dicts()
    assert (found["score"], found["p_value"], found["severity"]) == (9.0, 0.001, 7.0)
    assert found["count"] == 2
    assert sum(part["share"] for part in found["contributions"]) == pytest.approx(1.0)


def test_an_alarm_without_surprise_is_never_dropped():
    (found,) = explain(alarms(), surprises(), processes()).to_dicts()
    assert found["type"] == "Behavior:Runtime/AnomalousBehavior.Activity"
    assert (found["process_id"], found["count"], found["workload"]) == (None, 0, "web")
    assert found["title"] == "web: unusual activity, no single event stands out"
    assert found["host"] == "h"
    assert (found["first_seen"], found["last_seen"]) == (START, START + MINUTE)


def test_a_title_does_not_show_a_trifle_for_the_sake_of_the_family():
    said = pl.DataFrame(
        {
            "container_id": "c",
            "window": [START],
            "feature": ["destinations.fanout"],
            "value": [30.0],
            "usual": [2.0],
            "share": [0.7],
        }
    ).cast({"window": pl.Datetime("ns", "UTC")})
    rows = surprises(
        {"bits": 22.0},
        {
            "family": "destinations",
            "conditional": "destinations.address",
            "bits": 0.8,
            "key": "203.0.113.9:80",
            "seen": True,
        },
    )
    (found,) = explain(alarms(), rows, processes(), said).to_dicts()
    assert "22.0 bits" in found["title"]


def test_what_the_detector_says_goes_first():
    said = pl.DataFrame(
        {
            "container_id": "c",
            "window": [START, START],
            "feature": ["destinations.fanout", "lineage.depth"],
            "value": [30.0, 4.0],
            "usual": [2.0, 3.0],
            "share": [0.7, 0.2],
        }
    ).cast({"window": pl.Datetime("ns", "UTC")})
    rows = surprises(
        {},
        {
            "family": "destinations",
            "conditional": "destinations.address",
            "bits": 3.0,
            "key": "203.0.113.9:80",
            "seen": True,
        },
    )
    (found,) = explain(alarms(), rows, processes(), said).to_dicts()
    assert found["type"] == "Behavior:Runtime/AnomalousBehavior.Destinations"
    assert [part["feature"] for part in found["contributions"]] == ["destinations.fanout", "lineage.depth"]
    assert found["title"].endswith("curl -> 203.0.113.9:80 (rare: destination given the program, 3.0 bits)")
    assert because(found)[0] == "destinations.fanout: 30, usually 2 (70 %)"


def test_detectors_are_kept_apart_and_order_changes_nothing():
    both = alarms({}, {"detector": "e"})
    rows = surprises({}, {"bits": 5.0}, {"bits": 5.0, "seq": 9})
    found = explain(both, rows, processes())
    assert sorted(found["detector"]) == ["d", "e"]
    assert_frame_equal(found, explain(both.reverse(), rows.reverse(), processes().reverse()))


def test_no_alarms_give_an_empty_table():
    assert explain(alarms().clear(), surprises({}), processes()).schema == FINDINGS
