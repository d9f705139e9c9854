"""Rules at each minimum level: found attacks and false findings, and where they are shown."""

import json

import polars as pl
import pytest

from rtml.evaluation.ledger import build_ledger
from rtml.evaluation.points import operating_points
from rtml.evaluation.sides import Side
from rtml.evaluation.track import make_track
from rtml.evaluation.verdict import assess
from rtml.report.input import ReportInput
from rtml.report.ledger_files import as_json
from rtml.report.page import render_report
from rtml.rules import LEVELS
from rtml.schema import LABELS, empty
from tests.evaluation.frames import make_finding


@pytest.fixture
def track(windows, labels, processes):
    return make_track(windows, labels, processes)


@pytest.fixture
def rules():
    """Find a1 (high) and a2 (low); one false critical, two false in one slot, one unrated."""
    return Side(
        "rules",
        "rules",
        pl.concat(
            [
                make_finding(first=10.5, process_id=11, severity=8.0),
                make_finding(first=41, process_id=20, severity=2.0),
                make_finding("c3", first=5, process_id=99, severity=9.0),
                make_finding("c2", first=5, process_id=99, severity=5.0),
                make_finding("c2", first=6, process_id=98, severity=5.0),
                make_finding("c1", first=100, process_id=97, severity=None),
            ]
        ),
    )


def test_each_level_is_the_verdict_on_its_findings(rules, track):
    points = operating_points([rules], track)
    assert points.select("level", "found", "false").rows() == [
        ("informational", 2, 4),
        ("low", 2, 3),
        ("medium", 1, 3),
        ("high", 1, 1),
        ("critical", 0, 1),
    ]
    for row in points.iter_rows(named=True):
        kept = rules.findings.filter(pl.col("severity").fill_null(1) >= LEVELS[row["level"]])
        verdict = assess(Side("r", "rules", kept), track, resamples=0)
        assert (row["found"], row["false"], row["findings"]) == (
            verdict.found,
            verdict.false,
            verdict.findings,
        )
        assert row["false_per_container_day"] == verdict.rate.value


def test_points_are_in_the_files_and_the_table(rules, track):
    model = Side("forest", "model", make_finding("c1", first=22, process_id=30, source="model"))
    rival = Side("first seen", "rival", make_finding("c1", first=22, process_id=30))
    ledger = build_ledger([rules, model, rival], track)
    data = json.loads(json.dumps(as_json(ledger), allow_nan=False))
    assert [row["level"] for row in data["operating_points"]] == list(LEVELS)
    assert {row["side"] for row in data["operating_points"]} == {"rules"}
    page = render_report(ReportInput("t", ledger))
    assert "Rules at each minimum level" in page and "<td>critical</td>" in page


def test_a_rival_is_judged_but_decides_nothing(rules, track):
    rival = Side("first seen", "rival", make_finding("c1", first=22, process_id=30))
    ledger = build_ledger([rules, rival], track)
    rows = {row["side"]: row for row in ledger.summary.iter_rows(named=True)}
    assert rows["first seen"]["found"] == 1 and rows["first seen"]["only"] is None
    assert rows["rules"]["only"] == 2
    assert "models + rules" not in rows
    verdicts = dict(ledger.by_attack.select("attack_id", "verdict").iter_rows())
    assert verdicts["a3"] == "neither"
    assert "first seen" in ledger.curve["side"].to_list()


def test_without_attacks_the_share_is_undefined(rules, windows):
    points = operating_points([rules], make_track(windows, empty(LABELS)))
    assert points["share"].null_count() == points.height == 5
    assert points["found"].sum() == 0
