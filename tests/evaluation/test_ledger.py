"""The ledger: who found what, the trivial rows, the facts, and its files."""

import io
import json

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from rtml.errors import RtmlError
from rtml.evaluation.budget import finding_curve, score_curve
from rtml.evaluation.ledger import build_ledger
from rtml.evaluation.proof import prove
from rtml.evaluation.sides import Side
from rtml.evaluation.split import assign
from rtml.evaluation.track import make_track
from rtml.evaluation.trivial import flag_trees
from rtml.report.ledger_files import as_json, write_ledger
from rtml.report.terminal import ledger_view
from rtml.schema import LABELS, empty
from rtml.splits import Split
from tests.evaluation.frames import MINUTE, at, make_finding, make_labels, score_frame

MODEL = {"source": "model", "detector": "forest"}


@pytest.fixture
def track(windows, labels, processes):
    return make_track(windows, labels, processes)


@pytest.fixture
def sides(track):
    """Rules find a1 and a2, the model a2 and a3; each raises one false finding."""
    rules = pl.concat(
        [
            make_finding(first=10.5, process_id=11, severity=8.0),
            make_finding(first=41, process_id=20),
            make_finding("c3", first=5, process_id=99, severity=2.0),
        ]
    )
    model = pl.concat(
        [
            make_finding("c0", first=42.5, process_id=21, **MODEL),
            make_finding("c1", first=22, process_id=30, **MODEL),
            make_finding("c2", first=5, process_id=98, **MODEL),
        ]
    )
    noise = np.random.default_rng(3).random(track.windows.height)
    scores = score_frame(track.windows, noise + track.windows["target"].fill_null(0).to_numpy())
    return [Side("rules, default", "rules", rules), Side("forest", "model", model, scores)]


@pytest.fixture
def features(track):
    noise = np.random.default_rng(4).random(track.windows.height)
    hit = track.windows["target"].fill_null(0).to_numpy()
    return track.windows.select("container_id", "window").with_columns(
        pl.Series("activity.noise", noise), pl.Series("lineage.low", 1.0 - hit)
    )


def test_every_side_is_judged(sides, track, features):
    ledger = build_ledger(sides, track, features=features, budget=200.0, tried=7)
    rows = {row["side"]: row for row in ledger.summary.iter_rows(named=True)}
    assert list(rows) == [
        "rules, default",
        "forest",
        "models + rules",
        "best single feature",
        "random",
        "flag all",
    ]
    assert [rows[n]["found"] for n in ("rules, default", "forest", "models + rules")] == [2, 2, 3]
    assert [rows[n]["false"] for n in ("rules, default", "forest", "models + rules")] == [1, 1, 2]
    assert [rows[n]["only"] for n in rows] == [1, 1, None, None, None, None]
    oracle = rows["best single feature"]
    assert oracle["oracle"] and oracle["found"] == 6 and "low lineage.low" in oracle["note"]
    assert rows["flag all"]["found"] == 6 and rows["flag all"]["auroc"] == 0.5
    assert 0 <= rows["random"]["found"] <= 3
    assert rows["rules, default"]["delay"] == pytest.approx((0.3 + 0.9) / 2 * 60)
    assert rows["models + rules"]["auroc_reason"].startswith("this side gives findings")
    assert "hard score" in rows["rules, default"]["remarks"]


def test_who_found_each_attack(sides, track):
    ledger = build_ledger(sides, track)
    verdicts = dict(ledger.by_attack.select("attack_id", "verdict").iter_rows())
    assert verdicts == {
        "a1": "rules only",
        "a2": "both",
        "a3": "models only",
        "a4": "neither",
        "a5": "neither",
        "a6": "neither",
    }
    model = ledger.attacks.filter((pl.col("side") == "forest") & pl.col("found"))
    assert model["first_seen"].to_list() == [at(23), at(43)], "a model knows when its window ends"


def test_facts_say_what_the_data_cannot(sides, windows, labels):
    first, last = windows["window"].min(), windows["window"].max() + MINUTE
    split = Split(0.2, 0.3).between(first, last)
    proof = prove(assign(windows, split, MINUTE), MINUTE)
    facts = build_ledger(sides, make_track(windows, labels, split=split), proof=proof).facts
    assert facts["counts"]["hosts"] == 1 and facts["counts"]["attacks"] == 4
    assert facts["gain"]["value"] == 0.0 and facts["gain"]["method"] == "exact binomial"
    assert any("no claim per host" in limit for limit in facts["limits"])
    assert facts["smallest_rate_per_hour"] == pytest.approx(1 / facts["test_container_hours"])
    assert "max(train) < min(calibrate)" in facts["split"]["statement"]
    assert facts["label_provenance"] == {"replay": 4}


def test_spliced_trials_are_said_to_be_spliced(sides, windows):
    mixed = pl.concat(
        [
            make_labels(("a1", "c0", 10, 12, None)),
            make_labels(("a1.s1", "c1", 10, 12, None), provenance="spliced"),
        ]
    )
    facts = build_ledger(sides, make_track(windows, mixed)).facts
    assert any(limit.startswith("1 of 2 attacks are spliced") for limit in facts["limits"])
    assert facts["label_provenance"] == {"replay": 1, "spliced": 1}


def test_rule_labels_and_twin_names_are_refused(sides, windows):
    ruled = make_labels(("a", "c0", 10, 12, None), provenance="rule")
    with pytest.raises(RtmlError, match="made by rules"):
        build_ledger(sides, make_track(windows, ruled))
    with pytest.raises(RtmlError, match="two sides are called"):
        build_ledger([sides[0], sides[0]], make_track(windows, ruled))


def test_files_are_strict_and_whole(sides, track, tmp_path):
    ledger = build_ledger(sides, track)
    path, table = write_ledger(ledger, tmp_path / "out")

    def refuse(name):
        raise AssertionError(name)

    data = json.loads(path.read_text(), parse_constant=refuse)
    assert len(data["attacks"]) == pl.read_parquet(table).height == 6 * 4
    assert data["sides"][0]["recall"]["method"] == "exact binomial"
    assert sorted(p.name for p in path.parent.iterdir()) == [
        "layer.json",
        "ledger.json",
        "ledger.parquet",
        "measures.parquet",
    ]


def test_the_same_input_gives_the_same_bytes(sides, track, windows, labels, processes):
    first = json.dumps(as_json(build_ledger(sides, track)))
    turned = make_track(windows.reverse(), labels.reverse(), processes.reverse())
    assert json.dumps(as_json(build_ledger(sides, turned))) == first


def test_no_attack_leaves_recall_undefined(sides, windows):
    ledger = build_ledger(sides, make_track(windows, empty(LABELS)))
    assert ledger.summary["recall"].null_count() == ledger.summary.height
    assert ledger.by_attack.height == 0 and ledger.summary["false"][0] == 3
    json.dumps(as_json(ledger), allow_nan=False)


def test_a_day_is_needed_to_see_one_alarm_a_day(track):
    none = build_ledger([Side("quiet", "rules", make_finding().clear())], track).summary
    row = none.row(0, named=True)
    assert row["false"] == 0
    assert row["rate_high"] == pytest.approx(3.689 / track.container_days, 1e-3)


def test_curves_agree_with_the_operating_point(track, sides):
    scores = sides[1].scores
    curve = score_curve(scores, track)
    assert curve["found"].to_list() == list(range(7)) and curve["false"].is_sorted()
    last = curve.row(-1, named=True)
    flagged = flag_trees("x", scores, last["threshold"], track)
    assert flagged.height >= last["false"]
    rules = finding_curve(sides[0].findings, track)
    assert rules.select("found", "false").rows() == [(0, 0), (1, 0), (2, 0)]


def test_rules_join_each_model_in_the_curve(track, sides):
    curve = build_ledger(sides, track).curve
    both = curve.filter(pl.col("side") == "rules, default + forest")
    assert both["kind"].unique().to_list() == ["union"]
    assert both.select("found", "false").row(1) == (2, 1), "rules alone, before the model speaks"
    assert both["found"].max() == 6


def test_the_terminal_shows_hostile_names_harmlessly(track, sides):
    hostile = Side("[red]x[/red]\x1b[2J\u202eevil", "model", sides[1].findings, sides[1].scores)
    console = Console(width=200, record=True, file=io.StringIO(), force_terminal=True)
    console.print(ledger_view(build_ledger([sides[0], hostile], track)))
    text = console.export_text()
    assert r"[red]x[/red]\x1b[2J\u202eevil" in text and "of 6" in text
    assert "\u202e" not in text


@pytest.mark.parametrize("width", [50, 80, 100, 120, 200])
def test_the_terminal_cuts_no_number(track, sides, width):
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(ledger_view(build_ledger(sides, track, features=None)))
    text = console.export_text()
    assert "rules, default" in text and "models + rules" in text
    assert "…" not in text and max(map(len, text.splitlines())) <= width
