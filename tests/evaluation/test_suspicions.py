"""What is too good to be true, and what comes in from elsewhere: refused, or said."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from rtml.errors import RtmlError
from rtml.evaluation.incoming import STRANGERS
from rtml.evaluation.labels.reading import validate
from rtml.evaluation.ledger import build_ledger
from rtml.evaluation.sides import Side
from rtml.evaluation.suspicions import copied_times, suspicious_columns
from rtml.evaluation.track import make_track
from rtml.evaluation.verdict import assess
from tests.evaluation.frames import NS, at, make_finding, make_labels, score_frame, utc

MODEL = {"source": "model", "detector": "forest"}
CONTAINERS = pl.DataFrame(
    {"container_id": ["c0", "c1", "c2", "c3", "pause"], "role": ["workload"] * 4 + ["infrastructure"]}
)


@pytest.fixture
def track(windows, labels, processes):
    return make_track(
        windows.filter(pl.col("window") >= at(0)),
        labels,
        processes,
        test=(at(0), at(120)),
        containers=CONTAINERS,
    )


def judged(track, *findings):
    return assess(Side("m", "model", pl.concat(findings)), track, resamples=0)


def good(number=1):
    return [
        make_finding("c0", first=50 + n / 1000, process_id=7, finding_id=str(n), **MODEL)
        for n in range(number)
    ]


@pytest.mark.parametrize(
    ("stranger", "reason"),
    [
        ({"container": None}, "name no container"),
        ({"container": "elsewhere"}, "name containers that the capture does not hold"),
        ({"container": "pause"}, "about containers of the infrastructure"),
        ({"container": "c0", "first": 130}, "begin after the test ends"),
        ({"container": None, "containers": ["x", "y"]}, "name containers that the capture does not hold"),
    ],
)
def test_findings_of_elsewhere_are_refused_or_counted(track, stranger, reason):
    odd = make_finding(**({"first": 5.0} | stranger), **MODEL)
    with pytest.raises(RtmlError, match=f"m: 1 of 2 findings .*{reason}"):
        judged(track, *good(), odd)
    few = judged(track, *good(round(1 / STRANGERS) + 5), odd)
    assert any(reason in remark and remark.endswith("not judged") for remark in few.remarks)
    assert few.false == 1


def test_findings_of_another_capture_are_refused_even_when_they_lie_before_the_test(track):
    """Their containers are unknown, so they are no early findings of this one."""
    early = make_finding("other", first=-500, **MODEL)
    with pytest.raises(RtmlError, match="capture does not hold"):
        judged(track, *good(), early)
    ours = judged(track, *good(), make_finding("c0", first=-500, **MODEL))
    assert ours.remarks == ["1 of 2 findings lie before the test: not judged"] and ours.false == 1


def test_times_that_are_none_or_backwards_are_refused(track):
    with pytest.raises(RtmlError, match="m: 1 of 1 findings have no first_seen or last_seen"):
        judged(track, *[f.with_columns(last_seen=pl.lit(None, NS)) for f in good()])
    with pytest.raises(RtmlError, match="m: 1 of 1 findings end before they begin, the first 'f'"):
        judged(track, make_finding("c0", first=6, last=5, **MODEL))


def test_time_before_the_test_is_neither_credited_nor_charged(windows, labels, processes):
    late = make_track(windows.filter(pl.col("window") >= at(42)), labels, processes, test=(at(42), at(120)))
    long = make_finding("c0", first=0, last=44, process_id=1020, **MODEL)
    verdict = judged(late, long)
    assert (verdict.found, verdict.findings) == (1, 1)


def exact(number):
    rows = [(f"a{n}", "c0", 10 * n + 0.123, 10 * n + 3.456, None) for n in range(number)]
    return make_labels(*rows)


def copies(labels):
    return pl.concat(
        [
            make_finding(row["container_id"], **MODEL).with_columns(
                first_seen=pl.lit(row["start"], NS), last_seen=pl.lit(row["end"], NS)
            )
            for row in labels.iter_rows(named=True)
        ]
    )


def test_findings_that_are_labels_are_refused():
    labels = exact(4)
    with pytest.raises(RtmlError, match="4 of 4 labels have exactly the times of its findings"):
        copied_times(copies(labels), labels, "m")
    analyst = labels.with_columns(provenance=pl.lit("analyst"))
    assert "were the labels made from them" in copied_times(copies(analyst), analyst, "m")[0]
    shifted = copies(labels).with_columns(first_seen=pl.col("first_seen") + dt.timedelta(microseconds=1))
    assert copied_times(shifted, labels, "m") == []
    assert copied_times(copies(exact(2)), exact(2), "m") == [], "two may be chance"


def test_whole_seconds_are_no_proof():
    labels = make_labels(*((f"a{n}", "c0", 10.0 * n, 10.0 * n + 3, None) for n in range(6)))
    assert copied_times(copies(labels), labels, "m") == []


def test_columns_that_name_or_tell_the_time_are_named():
    minutes = list(range(20))
    rows = pl.DataFrame({"container_id": ["a"] * 20 + ["b"] * 20, "window": [*utc(minutes), *utc(minutes)]})
    noise = np.random.default_rng(3).random(40)
    rows = rows.with_columns(
        pl.Series("x.number", [3.0] * 20 + [9.0] * 20),
        pl.Series("x.seconds", [60.0 * m for m in minutes] * 2),
        pl.Series("x.nothing", [0.0] * 40),
        pl.Series("x.noise", noise),
    )
    assert suspicious_columns(rows) == [
        "feature 'x.number' names containers, not what they do",
        "feature 'x.seconds' tells the time, not what was done",
    ]


def test_a_column_that_knows_the_labels_is_named(windows, labels, processes):
    track = make_track(windows, labels, processes)
    target = track.windows["target"].fill_null(0).cast(pl.Float64)
    features = track.windows.select("container_id", "window").with_columns(target.alias("lineage.code"))
    side = Side("m", "model", make_finding("c0", first=12, process_id=10, **MODEL))
    facts = build_ledger([side], track, features=features, budget=200.0).facts
    assert facts["suspicions"][0].startswith("a single column solves this track (lineage.code)")
    noise = np.random.default_rng(3).random(target.len())
    fair = features.with_columns(pl.Series("lineage.code", noise))
    assert build_ledger([side], track, features=fair).facts["suspicions"] == []


def test_scores_of_longer_windows_are_refused(windows, labels):
    track = make_track(windows, labels)
    coarse = score_frame(windows, range(windows.height)).filter(pl.col("window").dt.minute() % 5 == 0)
    with pytest.raises(RtmlError, match="scores are of windows of 300 s, the track's are of 60s"):
        assess(Side("m", "model", make_finding(**MODEL), coarse), track, resamples=0)


def test_an_oracle_joins_no_union(windows, labels, processes):
    track = make_track(windows, labels, processes)
    rules = Side("rules", "rules", make_finding("c0", first=12, process_id=10))
    knowing = Side("m", "model", make_finding("c1", first=22, process_id=30, **MODEL), oracle=True)
    assert "union" not in build_ledger([rules, knowing], track).summary["kind"].to_list()


def test_labels_whose_writer_did_not_know_of_provenance_are_judged_and_that_is_said(
    windows, labels, processes
):
    unsaid = validate(labels.drop("provenance"))
    rules = Side("rules", "rules", make_finding("c0", first=12, process_id=10))
    facts = build_ledger([rules], make_track(windows, unsaid, processes)).facts
    assert facts["suspicions"][0].startswith("labels have no column provenance")
    assert facts["label_provenance"] == {"not stated": 6}
    model = Side("m", "model", make_finding("c0", first=12, process_id=10, **MODEL))
    assert build_ledger([model], make_track(windows, unsaid, processes)).facts["suspicions"] == []
    with pytest.raises(RtmlError, match="provenance 'empty' is not known"):
        build_ledger(
            [rules], make_track(windows, labels.with_columns(provenance=pl.lit(None, pl.String)), processes)
        )
