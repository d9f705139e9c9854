"""From alarms and surprises to findings."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from rtml.captures.processes import PROCESSES
from rtml.features import EVENT_SURPRISES
from rtml.findings import because
from rtml.models.explaining import explain
from rtml.models.explaining.alarms import SPELL
from rtml.schema import FINDINGS

START = dt.datetime(2026, 1, 1, 10, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def alarms(*rows: dict[str, Any]) -> pl.DataFrame:
    base = {
        "container_id": "c",
        "window": START,
        "process_id": 2,
        "detector": "d",
        "score": 3.0,
        "p_value": 0.01,
        "margin": 6.0,
        "limit": 5.0,
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
        "shared": False,
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
    assert (found["score"], found["p_value"]) == (3.0, 0.01)
    assert found["severity"] == round(4 + 3 * (1 - math.exp(-1 / 4)) + 1, 2)
    assert (found["source"], found["detector"], found["process_id"]) == ("model", "d", 2)
    assert found["evidence"] == [{"host": "h", "seq": 0}, {"host": "h", "seq": 1}]
    assert because(found) == [
        "lineage.child: /usr/bin/curl given web: /bin/sh: 8 (80 %)",
        "lineage.child: /usr/bin/curl given web: sh: 2 (20 %)",
    ]


def test_a_finding_is_about_the_tree_that_alarmed():
    """What another tree did in the same minute is not its business, however loud it was."""
    rows = surprises({"bits": 4.0}, {"bits": 19.0, "root_id": 7, "process_id": 7, "key": "b"})
    (found,) = explain(alarms(), rows, processes()).to_dicts()
    assert (found["process_id"], found["count"]) == (2, 1)
    assert "4.0 bits" in found["title"]
    both = explain(alarms({}, {"process_id": 7}), rows, processes())
    assert sorted(both["process_id"]) == [2, 7]
    assert all("\x1b" not in title for title in both["title"])


def test_without_a_tree_the_one_with_most_bits_is_meant():
    rows = surprises(
        {"bits": 10.0},
        {"bits": 10.0, "context": "web: sh"},
        *({"bits": 15.0, "root_id": 7, "process_id": 7, "seq": 50 + i} for i in range(9)),
        {"bits": 1.0, "root_id": 8, "process_id": 8, "key": "c"},
    )
    bare = alarms().drop("process_id")
    assert explain(bare, rows, processes())["process_id"].to_list() == [2], "a repeated pair counts once"


def test_trees_that_do_the_same_are_one_finding_that_says_how_many():
    rows = surprises(*({"root_id": i, "process_id": i} for i in range(1, 10)))
    raised = alarms(*({"process_id": i} for i in range(1, 10)))
    (found,) = explain(raised, rows, processes()).to_dicts()
    assert (found["process_id"], found["count"]) == (1, 9)
    assert found["title"].endswith("; 9 trees alike") and found["again"] is None
    keys = surprises(*({"root_id": i, "process_id": i, "key": f"k{i}"} for i in range(1, 10)))
    assert explain(raised, keys, processes()).height == 9


def test_alarms_of_one_tree_within_a_spell_are_one_finding():
    later = START + MINUTE
    rows = surprises({}, {"window": later, "time": later, "bits": 20.0, "key": "/tmp/x"})
    (found,) = explain(
        alarms({}, {"window": later, "score": 9.0, "p_value": 0.001, "margin": 17.0}), rows, processes()
    ).to_dicts()
    assert (found["score"], found["p_value"]) == (9.0, 0.001)
    assert found["severity"] == round(4 + 3 * (1 - math.exp(-12 / 4)) + 1, 2)
    assert found["count"] == 2
    assert sum(part["share"] for part in found["contributions"]) == pytest.approx(1.0)


@pytest.mark.parametrize(("minutes", "findings"), [((0, 60, 120, 180), 1), ((0, 61), 2), ((0, 30, 120), 2)])
def test_a_spell_ends_after_an_hour_without_alarm(minutes: tuple[int, ...], findings: int):
    assert SPELL == "1h"
    times = [START + n * MINUTE for n in minutes]
    raised = alarms(*({"window": at} for at in times))
    rows = surprises(*({"window": at, "time": at, "key": f"k{at}"} for at in times))
    found = explain(raised, rows, processes())
    assert found.height == findings
    assert found["count"].sum() == len(minutes)


def test_what_peers_share_is_shown_only_where_there_is_nothing_else():
    shared = {"bits": 30.0, "key": "shared", "shared": True}
    mixed = explain(alarms(), surprises({}, shared), processes())
    assert [part["feature"] for part in mixed["contributions"][0]] == [
        "lineage.child: /usr/bin/curl given web: /bin/sh"
    ]
    alone = explain(alarms(), surprises(shared), processes())
    assert "lineage.child: shared given" in alone["contributions"][0][0]["feature"]


def test_alarms_of_what_no_process_is_known_of_are_findings():
    rows = surprises({"root_id": None, "process_id": None})
    (found,) = explain(alarms({"process_id": None}), rows, processes()).to_dicts()
    assert (found["process_id"], found["count"]) == (None, 1)


def test_an_alarm_without_surprise_is_never_dropped():
    (found,) = explain(alarms(), surprises(), processes()).to_dicts()
    assert found["type"] == "Behavior:Runtime/AnomalousBehavior.Activity"
    assert (found["process_id"], found["count"], found["workload"]) == (2, 0, "web")
    assert found["title"] == "web: unusual activity, no single event stands out"
    assert found["host"] == "h"
    assert (found["first_seen"], found["last_seen"]) == (START, START + MINUTE)


def test_a_title_does_not_show_a_trifle_for_the_sake_of_the_family():
    said = pl.DataFrame(
        {
            "container_id": "c",
            "window": [START],
            "process_id": 2,
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
            "process_id": 2,
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
