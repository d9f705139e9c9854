"""Which finding hits which attack, and what it costs."""

import polars as pl
import pytest

from rtml.evaluation.activity import ACTIVITY
from rtml.evaluation.matching import LONGEST, match
from rtml.evaluation.trees import DEPTH, attack_trees
from rtml.findings.unit import MOST_EVIDENCE
from tests.evaluation.frames import at, make_finding, make_labels, utc

EVENTS = pl.DataFrame(
    {"host": ["h1"] * 3, "seq": [1, 2, 3], "process_id": [12, 1010, 21], "time": utc([11, 12, 41])}
)


def evidence(*seqs):
    return [{"host": "h1", "seq": seq} for seq in seqs]


def hits(finding, labels, processes=None, events=EVENTS, **more):
    found = match(finding, labels, processes, events, **more).hits
    return list(zip(found["attack_id"], found["how"], strict=True))


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (make_finding(first=11), [("a1", "time")]),
        (make_finding(first=11, process_id=10), [("a1", "process")]),
        (make_finding(first=11, process_id=12), [("a1", "process")]),
        (make_finding(first=11, process_id=1010), [("a1", "time")]),  # the lineage that holds it
        (make_finding(first=11, process_id=1010, evidence=evidence(1)), [("a1", "process")]),
        (make_finding(first=12, process_id=1010, evidence=evidence(2)), []),  # shown: elsewhere
        (make_finding(first=12, process_id=1010, evidence=evidence(1)), [("a1", "time")]),  # not in its span
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


def test_time_alone_credits_one_attack_a_slot_the_longest_overlap():
    labels = make_labels(("a", "c0", 1, 2, None), ("b", "c0", 2.5, 4, None), ("c", "c0", 6, 7, None))
    assert hits(make_finding(first=0, last=4.9), labels) == [("b", "time")]
    assert hits(make_finding(first=0, last=6.5), labels) == [("b", "time"), ("c", "time")]


def test_evidence_may_show_two_attacks_and_pays_for_the_time_between(processes):
    labels = make_labels(("a", "c0", 10, 12, 10), ("b", "c0", 40, 42, 20))
    both = make_finding(first=10, last=45, process_id=1010, evidence=evidence(1, 3))
    assert hits(both, labels, processes) == [("a", "process"), ("b", "process")]
    assert match(both, labels, processes, EVENTS).false == 7, (
        "the other slots of its own root, from 10:00 to 45:00"
    )


def test_evidence_before_the_attack_shows_nothing(processes):
    labels = make_labels(("a", "c0", 11.5, 14, 10))
    early = make_finding(first=10, last=12, process_id=1010, evidence=evidence(1))
    assert hits(early, labels, processes) == []


def test_evidence_of_another_container_shows_nothing(processes, labels):
    elsewhere = EVENTS.with_columns(container_id=pl.lit("c3"))
    shown = make_finding(first=11, last=12, process_id=1010, evidence=evidence(1))
    assert hits(shown, labels, processes) == [("a1", "process")]
    assert match(shown, labels, processes, elsewhere).hits["how"].to_list() == ["time"]
    assert hits(shown.with_columns(process_id=pl.lit(77)), labels, processes, elsewhere) == []


def test_time_decides_where_the_label_knows_no_process(processes):
    labels = make_labels(("a", "c0", 10, 12, None))
    assert hits(make_finding(first=11, process_id=77), labels, processes) == [("a", "time")]


def test_detection_is_the_first_event_shown_in_the_tree(labels, processes):
    finding = make_finding(first=9, last=15, process_id=1010, evidence=evidence(1))
    assert match(finding, labels, processes, EVENTS).hits["detected"].to_list() == [at(11)]
    bare = make_finding(first=9, last=15)
    assert match(bare, labels, processes).hits["detected"].to_list() == [at(10.2)]


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
    matched = match(findings, labels)
    assert (matched.units, matched.false) == (4, 3)


def test_a_child_costs_its_lineage_once(processes, labels):
    rows = [make_finding(first=m, process_id=p) for m, p in ((1, 11), (2, 12), (3, 1010))]
    matched = match(pl.concat(rows), labels, processes)
    assert (matched.units, matched.false) == (1, 1)


def test_order_of_findings_does_not_matter(labels, processes):
    rows = [make_finding(first=m, process_id=1010, finding_id=str(m)) for m in (5, 11, 12, 41)]
    ordered, turned = pl.concat(rows), pl.concat(rows[::-1])
    ids = [
        frame["finding_id"].gather(match(frame, labels, processes).hits["finding"]).sort()
        for frame in (ordered, turned)
    ]
    assert ids[0].equals(ids[1])


@pytest.fixture
def active():
    """Roots 7 and 8 of c0 are active in every minute, 1010 (the first attack's lineage) from 10 to 17."""
    rows = [("c0", m, root, root) for m in range(120) for root in (7, 8)]
    rows += [("c0", m, process, 1010) for m in range(10, 18) for process in (10, 1010)]
    table = pl.DataFrame(rows, schema=["container_id", "window", "process_id", "root_id"], orient="row")
    return table.with_columns(window=pl.Series(utc(table["window"])), events=1).cast(dict(ACTIVITY))


def test_who_names_no_process_pays_for_all_that_were_active(active, labels, processes):
    nobody = match(make_finding(first=50), labels, processes, active=active)
    assert (nobody.units, nobody.false) == (2, 2)
    attack = match(make_finding(first=11), labels, processes, active=active)
    assert attack.hits["attack_id"].to_list() == ["a1"] and attack.false == 2, "and two innocent roots"


def test_a_long_finding_pays_for_each_slot_in_which_its_root_did_something(active, labels, processes):
    service = match(make_finding(first=0, last=119, process_id=7), labels, processes, active=active)
    assert (service.units, service.false) == (24, 24)
    worker = match(make_finding(first=0, last=119, process_id=1010), labels, processes, active=active)
    assert worker.units == 2 and worker.hits["attack_id"].to_list() == ["a1"], "it slept for the rest"


def test_what_is_far_from_its_begin_is_not_credited(active, labels, processes):
    hour = LONGEST.total_seconds() / 60
    late = make_labels(("z", "c0", hour + 10, hour + 12, 7))
    assert not hits(make_finding(first=hour + 8, last=hour + 13, process_id=7), late, processes) == []
    giant = match(make_finding(first=0, last=hour + 13, process_id=7), late, processes, active=active)
    assert giant.hits.is_empty() and giant.false > 10


def test_one_giant_finding_per_container_is_no_bargain(active, processes):
    """All of the time, and an event of every process: it shows the attacks, and pays for all the rest."""
    labels = make_labels(("a", "c0", 10, 12, 10), ("b", "c0", 60, 62, 7))
    events = pl.DataFrame({"host": "h1", "seq": range(60), "time": utc([float(m) for m in range(10, 70)])})
    events = events.with_columns(process_id=pl.Series([10 if s < 8 else (7, 8)[s % 2] for s in range(60)]))
    giant = make_finding(first=0, last=100, evidence=evidence(*range(60)))
    matched = match(giant, labels, processes, events, active=active)
    everything = active.select("container_id", pl.col("window").dt.truncate("5m"), "root_id").n_unique()
    assert matched.units > 0.6 * everything


def test_evidence_beyond_what_a_finding_lists_shows_nothing(labels, processes):
    events = pl.DataFrame(
        {"host": "h1", "seq": range(200), "process_id": [77] * 199 + [12], "time": utc([11.0] * 200)}
    )
    long = make_finding(first=11, process_id=77, evidence=evidence(*range(200)))
    assert hits(long, labels, processes, events) == []
    first = make_finding(first=11, process_id=77, evidence=evidence(199, *range(MOST_EVIDENCE + 5)))
    assert hits(first, labels, processes, events) == [("a1", "process")]


def test_merging_findings_costs_as_much_as_they_do(active, labels, processes):
    times = (20.0, 30.0, 55.0, 80.0)
    events = pl.DataFrame({"host": "h1", "seq": range(4), "process_id": [7, 8, 7, 8], "time": utc(times)})
    single = [
        make_finding(first=t, process_id=p, evidence=evidence(s))
        for s, (t, p) in enumerate(zip(times, (7, 8, 7, 8), strict=True))
    ]
    merged = make_finding(first=times[0], last=times[-1], process_id=7, evidence=evidence(0, 1, 2, 3))
    apart, together = (
        match(f, labels, processes, events, active=active).false for f in (pl.concat(single), merged)
    )
    assert apart == 4 and together >= apart


def test_what_hits_a_label_that_was_left_out_is_neither(processes):
    labels = make_labels(("a1", "c0", 10, 12, 10))
    early = make_labels(("a2", "c0", 40, 42, 20))
    both = pl.concat([make_finding(first=11, process_id=10), make_finding(first=41, process_id=20)])
    matched = match(both, labels, processes, left_out=early)
    assert matched.hits["attack_id"].to_list() == ["a1"] and matched.false == 0
    assert match(both, labels, processes).false == 1


def test_what_is_left_of_an_attack_is_neither_right_nor_wrong(labels, processes):
    after = match(make_finding(first=30, process_id=10), labels, processes)
    assert (after.hits.height, after.units, after.false) == (0, 1, 0)
    around = match(make_finding(first=30, process_id=1010), labels, processes)
    assert around.false == 1, "its lineage does honest work again"
