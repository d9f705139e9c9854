"""Every registered measure: documented, computed by hand, equal to scikit-learn, refused on too few data."""

import inspect
import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import matthews_corrcoef

from rtml.errors import MissingError
from rtml.evaluation.ledger import build_ledger
from rtml.evaluation.measures import REGISTERED, ROWS, measure_all, wide
from rtml.evaluation.measures.base_rate import PREVALENCES, adjusted
from rtml.evaluation.measures.delay import median
from rtml.evaluation.measures.example import example
from rtml.evaluation.measures.mcc import matthews
from rtml.evaluation.sides import Side
from rtml.evaluation.track import make_track
from rtml.schema import FINDINGS, LABELS, empty
from tests.evaluation.frames import make_finding, make_labels, score_frame

PAGE = (Path(__file__).parents[2] / "docs/measures.md").read_text("utf-8")


def function(name):
    of = REGISTERED[name]
    return of.func if isinstance(of, partial) else of


@pytest.mark.parametrize("name", REGISTERED)
def test_every_measure_has_its_paragraph(name):
    sections = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S))
    mine = [text for head, text in sections.items() if f"`{name}`" in head]
    assert len(mine) == 1, f"docs/measures.md needs one section whose head names `{name}`"
    for word in ("**Misleads**", "**Formula**", "**Source**"):
        assert word in mine[0], f"{name}: no {word}"


def test_the_page_names_no_measure_that_is_gone():
    named = {name for head in re.findall(r"^## (.+)$", PAGE, re.M) for name in re.findall(r"`(.+?)`", head)}
    assert named == set(REGISTERED)


@pytest.mark.parametrize("name", REGISTERED)
def test_every_measure_has_an_example_and_a_source(name):
    doc = inspect.getdoc(function(name))
    assert ">>>" in doc and "References" in doc, name


def test_the_example_by_hand():
    """4 of 6 attack windows flagged and 1 of 471 benign: every value was worked out on paper."""
    values = {name: measure.value for name, measure in measure_all(example()).items()}
    assert values["found"] == values["tpr_at_fpr_1e-2"] == pytest.approx(2 / 3)
    assert values["auroc"] == pytest.approx(4 / 6 + 2 / 6 / 2)
    assert values["average_precision"] == pytest.approx(4 / 6 + 2 / 6 * 6 / 477)
    assert values["mcc"] == pytest.approx((4 * 470 - 1 * 2) / np.sqrt(5 * 6 * 471 * 472))
    for name, share in PREVALENCES.items():
        expected = share * 4 / 6 / (share * 4 / 6 + (1 - share) / 471)
        assert values[f"precision_at_{name}"] == pytest.approx(expected)
    assert values["delay_seconds"] == 60.0 and values["delay_events"] == 1.5
    assert values["processes_to_inspect"] == 5
    assert values["attack_coverage"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert values["false_rate"] == values["false_rate_by_cause"] == pytest.approx(3.0)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=60))
def test_mcc_equals_sklearn(rows):
    truth, flags = (np.array(column) for column in zip(*rows, strict=True))
    cells = (truth & flags, ~truth & flags, truth & ~flags, ~truth & ~flags)
    ours = float(matthews(*(np.array(float(cell.sum())) for cell in cells)))
    if np.isnan(ours):
        assert len(set(truth)) == 1 or len(set(flags)) == 1
    else:
        assert ours == pytest.approx(matthews_corrcoef(truth, flags))


@given(st.floats(1e-6, 1), st.just(0.0) | st.floats(1e-9, 1), st.floats(1e-9, 1))
def test_adjusted_precision_is_bayes(prevalence, true, false):
    value = adjusted(prevalence, true, false)
    assert 0 <= value <= 1 and value <= adjusted(prevalence, true, false / 2) + 1e-12
    assert adjusted(prevalence, true, true) == pytest.approx(prevalence if true else 0.0)


def rejudged(findings):
    """Return the example's side with other findings."""
    return replace(example(), findings=findings, matched=example().track.match(findings))


def test_a_side_without_false_windows_is_not_certain():
    measure = measure_all(rejudged(example().findings[:2]))["precision_at_1e-4"]
    assert measure.value == 1.0 and measure.low < 0.05, "no false window in 471 proves little at 1e-4"


def test_perfect_flags_are_not_certain_either():
    attacks = [
        make_finding(box, first=begin, last=begin + 1) for box, begin in (("c0", 10), ("c0", 40), ("c1", 60))
    ]
    measure = measure_all(rejudged(pl.concat(attacks)))["mcc"]
    assert measure.value == measure.high == 1.0 and 0 < measure.low < 0.9


def test_few_windows_refuse_with_the_number_needed():
    values = measure_all(example())
    assert values["tpr_at_fpr_1e-3"].reason == "needs >= 1000 benign windows, has 471"
    assert values["tpr_at_fpr_1e-4"].reason == "needs >= 10000 benign windows, has 471"


def test_what_cannot_be_said_has_a_reason():
    silent = replace(example(), ranked=None, track=replace(example().track, attack_events=None))
    values = measure_all(silent)
    assert values["auroc"].reason == values["partial_auroc"].reason
    assert values["delay_events"].reason == "the events of the attacks were not given"
    nameless = example().findings.with_columns(process_id=pl.lit(None, pl.Int64))
    values = measure_all(rejudged(nameless))
    assert values["processes_to_inspect"].reason == "1 of 3 findings name no process"
    for measure in measure_all(_quiet()).values():
        assert (measure.value is None) == (measure.reason is not None)


def _quiet():
    """Return a side that found nothing on a track without attacks."""
    full = example()
    track = make_track(full.track.windows.drop("target"), empty(LABELS))
    nothing, scores = empty(FINDINGS), track.windows.select("container_id", "window", score=pl.lit(1.0))
    rest = {"findings": nothing, "matched": track.match(nothing), "attacks": full.attacks.clear()}
    return replace(full, track=track, ranked=track.ranked(scores), **rest)


def test_a_long_finding_flags_all_that_it_covers():
    long = rejudged(make_finding("c0", first=0, last=119))
    assert long.flagged["flagged"].sum() == 120
    everywhere = pl.concat([make_finding(f"c{n}", first=0, last=119) for n in range(4)])
    assert measure_all(rejudged(everywhere))["mcc"].reason == "flags every window"
    assert measure_all(rejudged(everywhere[:0]))["mcc"].reason == "flags no window"


def test_medians_hold_their_interval():
    rng = np.random.default_rng(0)
    held = [median(rng.exponential(1, 15)) for _ in range(400)]
    assert np.mean([m.low <= np.log(2) <= m.high for m in held]) >= 0.94
    assert median(np.arange(5.0)).low is None, "five values reach 93.75 % at most"


def test_trials_of_one_recording_count_once_in_every_interval(windows):
    """Copies of two attacks, one found: intervals are those of two attacks, not of twelve."""
    places = [(f"c{n % 4}", 10.0 + 20 * (n // 4)) for n in range(12)]
    copies = [(f"{'ab'[n % 2]}~{n:04}", *places[n], places[n][1] + 1, None) for n in range(12)]
    track = make_track(windows, make_labels(*copies))
    hits = pl.concat([make_finding(box, first=start) for _, box, start, *_ in copies[::2]])
    scores = score_frame(track.windows, np.random.default_rng(1).random(track.windows.height))
    ledger = build_ledger([Side("forest", "model", hits, scores)], track)
    row = ledger.summary.row(0, named=True)
    assert (row["found"], row["attacks"]) == (6, 12)
    assert row["recall_low"] < 0.02 and row["recall_high"] > 0.98
    assert row["auroc_method"] == "bootstrap over 2 attacks x 4 benign containers"


def test_the_ledger_holds_them_long_and_shows_them_on_request(windows, labels, processes):
    track = make_track(windows, labels, processes)
    scores = score_frame(track.windows, -track.windows["target"].fill_null(0).to_numpy())
    ledger = build_ledger([Side("turned", "model", make_finding(first=5), scores)], track)
    assert dict(ledger.measures.schema) == dict(ROWS)
    mine = ledger.measures.filter(pl.col("side") == "turned")
    assert mine["measure"].to_list() == list(REGISTERED)
    summary = ledger.summary.row(0, named=True)
    for ours, theirs in (
        ("auroc", "auroc"),
        ("found", "recall"),
        ("tpr_at_fpr_1e-2", "tpr"),
        ("false_rate", "rate"),
    ):
        row = mine.row(by_predicate=pl.col("measure") == ours, named=True)
        assert [row["value"], row["low"]] == [summary[theirs], summary[f"{theirs}_low"]]
    assert any("ranks below chance" in text for text in ledger.summary["remarks"])
    view = ledger.measured("auroc", "mcc")
    assert view.columns == ["side", "auroc", "average_precision", "mcc"]
    assert ledger.measured("auroc").columns == ["side", "auroc", "average_precision"], "AUROC never alone"
    assert ledger.measured().width == 1 + len(REGISTERED)
    with pytest.raises(MissingError, match="no measure 'aurok'; did you mean 'auroc'"):
        wide(ledger.measures, "aurok")


def test_no_point_adjustment_is_offered():
    assert not [name for name in REGISTERED if "adjust" in name or name.endswith("_pa")]
