"""Laws of detectors that see events, over all that are registered; and what each is for."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from rtml.rules import EVENT_DETECTORS, EventDetector, FirstSeen, RuleDetector
from rtml.schema import FINDINGS
from tests.rules.conftest import START, capture_of
from tests.rules.sigma_text import rule

# As they come without arguments; one that needs some is made here.
MAKE: dict[str, Any] = {
    **EVENT_DETECTORS,
    "rules": lambda: RuleDetector(
        [
            rule({"Image|endswith": "/sh"}, level="low", id="a" * 8 + "-0000-0000-0000-000000000001"),
            rule({"Image|endswith": "/nc"}, level="critical", id="a" * 8 + "-0000-0000-0000-000000000002"),
        ]
    ),
}
every = pytest.mark.parametrize("name", sorted(EVENT_DETECTORS))
BENIGN = [
    {"kind": "exec", "exe": exe, "image": "web:1", "process_id": i}
    for i, exe in enumerate(["/bin/sh", "/bin/ls"] * 5)
]
LATER = [
    {"kind": "exec", "exe": exe, "image": "web:1", "process_id": 20 + i}
    for i, exe in enumerate(["/bin/ls", "/bin/sh", "/tmp/nc", "/tmp/nc"])
]
ODD = [
    {"kind": "exec", "exe": exe, "image": image, "workload": workload, "process_id": pid}
    for exe in (None, "", "/tmp/\x1b[2J\n")
    for image in (None, "", "a\x00b")
    for workload in (None, "w")
    for pid in (None, 7)
]


def windows(containers: tuple[str, ...] = ("c1",)) -> pl.DataFrame:
    rows = [{"container_id": c, "window": START, "workload": "web", "image": "i"} for c in containers]
    return pl.DataFrame(rows).cast({"window": pl.Datetime("ns", "UTC")})


def learnt(name: str) -> EventDetector:
    detector: EventDetector = MAKE[name]()
    detector.learn(detector.observe(capture_of(BENIGN)), windows())
    return detector


@every
def test_is_named_and_explained(name):
    text = inspect.getdoc(EVENT_DETECTORS[name])
    assert EVENT_DETECTORS[name].name == name
    assert "Examples" in text and "https://" in text and "Fails" in text and "NaN" in text


@every
def test_the_planted_attack_ranks_first(name):
    detector = learnt(name)
    rows = [*LATER[:2], *({**row, "container_id": "c2"} for row in LATER)]
    quiet, attacked = detector.score(detector.observe(capture_of(rows)), windows(("c1", "c2")))
    assert attacked > quiet >= 0


@every
def test_scoring_changes_nothing_and_learning_does(name):
    detector = learnt(name)
    assert not detector.state.equals(MAKE[name]().state)
    before, observed = detector.state.clone(), detector.observe(capture_of(LATER))
    first = detector.score(observed, windows())
    detector.findings(observed)
    assert_frame_equal(detector.state, before)
    np.testing.assert_array_equal(detector.score(observed, windows()), first)


@every
def test_appended_events_change_nothing_earlier(name):
    detector, rows = learnt(name), LATER
    more = [*rows, *({**row, "process_id": 50 + i, "exe": f"/x{i}/nc"} for i, row in enumerate(rows * 30))]
    one, two = (detector.observe(capture_of(each)) for each in (rows, more))
    np.testing.assert_array_equal(
        detector.score(one, windows()), detector.score(two.filter(pl.col("seq") < len(rows)), windows())
    )
    late = windows().with_columns(pl.col("window").dt.offset_by("1m"))
    both = pl.concat([windows(), late])
    cut = two.filter(pl.col("time") < late["window"][0])
    assert detector.score(two, both)[0] == detector.score(cut, both)[0]
    assert detector.score(two, both)[1] > 0


@every
def test_order_of_events_changes_no_bit(name):
    observed = learnt(name).observe(capture_of(LATER))
    turned = observed.reverse()
    detector = learnt(name)
    np.testing.assert_array_equal(detector.score(observed, windows()), detector.score(turned, windows()))
    assert_frame_equal(detector.findings(observed), detector.findings(turned))


@every
def test_nulls_and_hostile_text_are_survived(name):
    detector = learnt(name)
    observed = detector.observe(capture_of([*ODD, *LATER]))
    assert np.isfinite(detector.score(observed, windows())).all()
    assert detector.findings(observed).schema == FINDINGS
    assert "\x1b" not in "".join(detector.findings(observed)["title"].to_list())


@every
def test_nothing_observed_is_calm_and_nothing_known_is_no_opinion(name):
    detector = learnt(name)
    empty = detector.observe(capture_of([]))
    assert detector.score(empty, windows()).tolist() == [0.0]
    assert detector.findings(empty).is_empty()
    blank = RuleDetector([]) if name == "rules" else MAKE[name]()
    blank.learn(empty, windows()[:0])
    observed = detector.observe(capture_of(LATER))
    assert np.isnan(blank.score(observed, windows())).all()
    assert blank.findings(observed).is_empty()


def test_first_seen_alarms_once_per_pair_and_never_for_what_ran_before():
    rows = [
        {"kind": "exec", "exe": "/tmp/x", "image": "web:1", "result": -2},
        {"kind": "exec", "exe": "/tmp/x", "image": "web:1"},
        {"kind": "exec", "exe": "/tmp/x", "image": "web:1", "container_id": "c2"},
        {"kind": "exec", "exe": "/bin/ls", "image": "job:1"},
        {"kind": "exec", "exe": "/bin/sh", "image": "web:1"},
        {"kind": "exec", "exe": "/bin/sh", "image": "web:1", "container_id": "infra"},
    ]
    detector = learnt("first_seen")
    observed = detector.observe(capture_of(rows))
    found = detector.findings(observed)
    assert sorted(event["seq"] for row in found["evidence"] for event in row) == [1, 3]
    assert found["title"].to_list() == ["/tmp/x runs for the first time in web:1 and 1 more"]
    assert detector.score(observed, windows(("c1", "c2"))).tolist() == [2.0, 0.0]


def test_without_an_image_the_workload_stands_for_it():
    detector = FirstSeen()
    known = {"kind": "exec", "exe": "/bin/sh", "workload": "web"}
    detector.learn(detector.observe(capture_of([known])), windows())
    observed = detector.observe(
        capture_of([known, {**known, "workload": "job"}, {**known, "exe": None, "comm": "sh"}])
    )
    assert detector.state.rows() == [("web", "/bin/sh")]
    titles = {
        title
        for row in range(observed.height)
        for title in detector.findings(observed[row])["title"].to_list()
    }
    assert titles == {"/bin/sh runs for the first time in job", "/sh runs for the first time in web"}
    assert detector.score(observed, windows()).tolist() == [2.0]


def test_tuning_counts_alarms_only_in_the_time_that_it_divides_by():
    detector = MAKE["rules"]()
    outside = windows().with_columns(pl.col("window").dt.offset_by("1h"))
    detector.learn(detector.observe(capture_of(BENIGN)), outside)
    assert detector.state.is_empty()
    assert learnt("rules").state.select("rule", "workload").rows() == [
        ("a" * 8 + "-0000-0000-0000-000000000001", "web")
    ]
