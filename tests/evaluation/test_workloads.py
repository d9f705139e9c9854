"""Findings about workloads: they hit what their evidence shows; the rest are changes, not false alarms."""

import polars as pl
import pytest

from rtml.evaluation.budget import finding_curve
from rtml.evaluation.ledger import build_ledger
from rtml.evaluation.matching import match
from rtml.evaluation.measure import kept
from rtml.evaluation.sides import Side
from rtml.evaluation.track import make_track
from rtml.evaluation.verdict import assess
from tests.evaluation.frames import make_finding, make_labels, utc

MODEL = {"source": "model", "detector": "workload_changes", "type": "Change:Runtime/WorkloadChanged"}
EVENTS = pl.DataFrame(
    {
        "host": ["h1"] * 5,
        "seq": [1, 2, 3, 4, 5],
        "process_id": [12, 31, 1010, 1030, None],  # of a1, of a3, beside them, and of nobody known
        "time": utc([11, 22, 12, 23, 24]),
        "container_id": ["c0", "c1", "c0", "c1", "c1"],
    }
)


def change(*seqs, containers=("c0", "c1"), first=9.0, last=30.0, **more):
    """Make a finding about a workload, whose evidence are these events."""
    shown = [{"host": "h1", "seq": seq} for seq in seqs]
    about = {"container_id": None, "containers": list(containers), "evidence": shown}
    return make_finding(None, first, last, **(MODEL | about | more))


def hits(finding, labels, processes, **more):
    found = match(finding, labels, processes, EVENTS, **more).hits
    return list(zip(found["attack_id"], found["how"], strict=True))


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (change(1), ["a1"]),
        (change(2), ["a3"]),
        (change(1, 2), ["a1", "a3"]),
        (change(1, 2, containers=["c1"]), ["a3"]),  # the other lies in a container that did not change
        (change(1, 2, last=15.0), ["a1"]),
        (change(3, 4), []),  # at the time, in the container, and somebody else
        (change(5), []),
        (change(), []),
        (change(99), []),
        (change(1, containers=[]), []),
    ],
)
def test_it_hits_what_its_evidence_shows_in_any_of_its_containers(finding, expected, labels, processes):
    assert hits(finding, labels, processes) == [(name, "process") for name in expected]


def test_time_alone_never_decides_for_it(processes):
    unknown = make_labels(("a", "c0", 10, 12, None))
    assert hits(change(1), unknown, processes) == []
    assert hits(make_finding(first=11, evidence=[]), unknown, processes) == [("a", "time")]


def test_it_is_detected_at_its_first_event_in_the_attack(labels, processes):
    found = match(change(1, 2), labels, processes, EVENTS)
    assert found.hits["detected"].to_list() == utc([11, 22]).to_list()


def test_what_shows_no_attack_is_a_change_and_not_false(labels, processes):
    findings = pl.concat([change(1), change(3), change(4, first=20), make_finding(first=50, process_id=7)])
    matched = match(findings, labels, processes, EVENTS)
    assert matched.changes == [1, 2]
    assert (matched.units, matched.false) == (2, 1), "what is credited is charged, changes are not"


def test_a_change_that_shows_mostly_other_things_is_no_hit(labels, processes):
    """An event of an attack among many of a roll-out does not make the roll-out a find."""
    events = pl.DataFrame(
        {"host": "h1", "seq": range(1, 7), "time": utc([11, 12, 12, 12, 12, 12])}
    ).with_columns(process_id=pl.Series([12, 71, 72, 73, 74, 75]), container_id=pl.lit("c0"))
    few = match(change(1, 2), labels, processes, events)
    assert few.hits["attack_id"].to_list() == ["a1"] and (few.false, few.changes) == (1, [])
    many = match(change(1, 2, 3, 4, 5, 6), labels, processes, events)
    assert many.hits.is_empty() and (many.units, many.changes) == (0, [0])


def test_only_a_change_is_about_a_workload(labels, processes):
    """A finding of another type that lists containers is a finding about each of them, whoever is in it."""
    giant = change(1, 2, 3, type="T", source="model", process_id=None)
    matched = match(giant, labels, processes, EVENTS)
    assert matched.hits["attack_id"].to_list() == ["a1", "a3"] and not matched.changes
    assert matched.false > 5, "every slot between the events is charged"


def test_old_files_of_findings_know_no_workloads(labels):
    matched = match(make_finding(first=11).drop("containers"), labels)
    assert (matched.hits["attack_id"].to_list(), matched.false, matched.changes) == (["a1"], 0, [])


def test_one_observed_container_is_enough_to_be_judged(windows, labels, processes):
    track = make_track(windows, labels, processes, EVENTS)
    seen = pl.concat([change(1), change(1, containers=["x", "c2"]), change(1, containers=["x", "y"])])
    assert track.in_test(seen)["containers"].to_list() == [["c0", "c1"], ["x", "c2"]]


@pytest.fixture
def track(windows, labels, processes):
    return make_track(windows, labels, processes, EVENTS)


def test_a_side_is_credited_for_the_attacks_and_its_changes_are_counted_apart(track):
    findings = pl.concat([change(1, 2), change(3), make_finding("c3", first=5, process_id=99, **MODEL)])
    verdict = assess(Side("m", "model", findings), track, resamples=0)
    assert (verdict.found, verdict.findings, verdict.false, verdict.changes) == (2, 3, 1, 1)
    assert verdict.rate.value == pytest.approx(1 / track.container_days)


def test_a_curve_of_findings_counts_no_change_as_false(track):
    findings = pl.concat([change(1), change(3), make_finding("c3", first=5, process_id=99, **MODEL)])
    assert finding_curve(findings, track).select("found", "false").rows() == [(0, 0), (1, 1)]


def test_a_ledger_says_whether_budgets_were_kept(track):
    """A third of a container-day: two false findings of one a day are too many, one may be chance."""
    false = [make_finding("c3", first=m, process_id=99, **MODEL) for m in (5, 25, 45)]
    asked = {"asked": 1.0, "calibrated": 0.5}
    sides = [
        Side("strict", "model", pl.concat([false[0], change(3)]), **asked),
        Side("loose", "model", pl.concat(false), **asked),
        Side("plain", "rules", make_finding(first=11)),
    ]
    rows = {row["side"]: row for row in build_ledger(sides, track).summary.iter_rows(named=True)}
    told = {name: [rows[name][k] for k in ("budget", "asked", "calibrated", "changes")] for name in rows}
    assert told["strict"] == ["held", 1.0, 0.5, 1]
    assert told["loose"] == ["broken", 1.0, 0.5, 0]
    assert told["plain"] == told["random"] == [None, None, None, 0]


def test_the_union_is_of_the_combination_where_there_is_one(track):
    one = make_finding("c1", first=22, process_id=30, **MODEL)
    rules, forest = (
        Side("rules", "rules", make_finding(first=11)),
        Side("forest", "model", make_finding(first=41)),
    )
    both = build_ledger([rules, forest, Side("combined", "model", one)], track).summary
    union = both.filter(pl.col("kind") == "union").row(0, named=True)
    assert (union["side"], union["note"], union["found"]) == ("combined + rules", "combined + rules", 2)


@pytest.mark.parametrize(
    ("count", "allowed", "expected"),
    [
        (0, 0.0001, "held"),  # nothing is never too much
        (1, 0.05, "broken"),  # P(1 or more) = 4.9 %
        (1, 0.06, "held"),
        (3, 1.2, "held"),
        (4, 1.2, "broken"),
        (100, 100.0, "held"),
        (130, 100.0, "broken"),
    ],
)
def test_a_budget_is_broken_by_what_chance_hardly_brings(count, allowed, expected):
    assert kept(count, allowed) == expected


@pytest.mark.parametrize("allowed", [0.01, 0.5, 3.0, 40.0])
def test_more_false_findings_never_mend_a_budget(allowed):
    told = [kept(count, allowed) for count in range(90)]
    assert told[0] == "held" and told == sorted(told, reverse=True) and told[-1] == "broken"
