"""Which finding hits which attack."""

import polars as pl
import pytest

from rtml.evaluation.matching import match, units
from rtml.evaluation.trees import DEPTH, attack_trees
from tests.evaluation.frames import MINUTE, at, make_finding, make_labels, utc

EVENTS = pl.DataFrame(
    {"host": ["h1"] * 3, "seq": [1, 2, 3], "process_id": [12, 1010, 21], "time": utc([11, 12, 41])}
)


def evidence(*seqs):
    return [{"host": "h1", "seq": seq} for seq in seqs]


def hits(finding, labels, processes=None, events=EVENTS, **more):
    found = match(finding, labels, processes, events, **more)
    return list(zip(found["attack_id"], found["how"], strict=True))


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (make_finding(first=11), [("a1", "time")]),
        (make_finding(first=11, process_id=10), [("a1", "process")]),
        (make_finding(first=11, process_id=12), [("a1", "process")]),
        (make_finding(first=11, process_id=1010), [("a1", "time")]),  # the lineage that holds it
        (make_finding(first=11, process_id=1010, evidence=evidence(1)), [("a1", "process")]),
        (make_finding(first=11, process_id=1010, evidence=evidence(2)), []),  # shown: elsewhere
        (make_finding(first=11, process_id=77), []),
        (make_finding(first=11, process_id=77, evidence=evidence(99)), []),
        (make_finding(first=18.5), [("a1", "time")]),  # within the grace of a minute
        (make_finding(first=19.5), []),
        (make_finding(first=9, last=10.1), []),
        (make_finding(container="c1", first=11), []),
    ],
)
def test_one_finding(finding, expected, labels, processes):
    assert hits(finding, labels, processes) == expected


def test_time_alone_credits_one_attack_the_longest_overlap():
    labels = make_labels(("a", "c0", 1, 2, None), ("b", "c0", 2.5, 4, None))
    wide = make_finding(first=0, last=5)
    assert hits(wide, labels) == [("b", "time")]
    assert hits(wide, labels, several=True) == [("a", "time"), ("b", "time")]


def test_evidence_may_show_two_attacks(processes):
    labels = make_labels(("a", "c0", 10, 12, 10), ("b", "c0", 40, 42, 20))
    both = make_finding(first=10, last=45, process_id=1010, evidence=evidence(1, 3))
    assert hits(both, labels, processes) == [("a", "process"), ("b", "process")]


def test_time_decides_where_the_label_knows_no_process(processes):
    labels = make_labels(("a", "c0", 10, 12, None))
    assert hits(make_finding(first=11, process_id=77), labels, processes) == [("a", "time")]


def test_detection_is_the_first_event_shown_in_the_tree(labels, processes):
    finding = make_finding(first=9, last=15, process_id=1010, evidence=evidence(1))
    assert match(finding, labels, processes, EVENTS)["detected"].to_list() == [at(11)]
    bare = make_finding(first=9, last=15)
    assert match(bare, labels, processes)["detected"].to_list() == [at(10.2)]


def test_a_forged_loop_of_parents_ends():
    loop = pl.DataFrame({"process_id": [1, 2, 3], "parent_id": [3, 1, 2]})
    tree = attack_trees(make_labels(("a", "c", 1, 2, 1)), loop)
    assert tree["process_id"].to_list() == [1, 2, 3]
    long = pl.DataFrame({"process_id": range(1, 200), "parent_id": range(199)})
    assert attack_trees(make_labels(("a", "c", 1, 2, 1)), long).height == DEPTH + 1


def test_units_are_container_slot_and_lineage(labels):
    findings = pl.concat(
        [
            make_finding(first=1, process_id=5),
            make_finding(first=4, process_id=5, type="U"),
            make_finding(first=6, process_id=5),
            make_finding(first=6, process_id=6),
            make_finding(first=11, process_id=10),
        ]
    )
    assert units(findings, match(findings, labels)) == (4, 3)


def test_order_of_findings_does_not_matter(labels, processes):
    rows = [make_finding(first=m, process_id=1010, finding_id=str(m)) for m in (5, 11, 12, 41)]
    ordered, turned = pl.concat(rows), pl.concat(rows[::-1])
    ids = [
        frame["finding_id"].gather(match(frame, labels, processes)["finding"]).sort()
        for frame in (ordered, turned)
    ]
    assert ids[0].equals(ids[1]) and MINUTE
