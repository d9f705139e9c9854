"""Judging: same bits from a model that was kept, nothing learnt judged, budgets that mean something."""

from __future__ import annotations

import math
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from rtml.captures import Capture
from rtml.models import SCORES, Model, Scored
from rtml.models.judging import in_windows
from rtml.schema import FINDINGS, TREE_SCORES
from tests.models.conftest import (
    CALIBRATE,
    END,
    INTRUSION,
    JUDGES,
    event,
    hash_of,
    judged,
    learnt,
    minute,
    opened,
    shop,
)  # fmt: skip

KEY = ["detector", "container_id", "window"]
PLACE = (pl.col("container_id") == INTRUSION[0]) & (pl.col("window") == minute(INTRUSION[1]))


def alarms(scored: Scored) -> set[tuple[object, ...]]:
    return set(scored.scores.filter("alarm").select(KEY).rows())


def test_a_kept_model_says_the_same_bits_as_the_trained_one(model: Model, capture: Capture, scored: Scored):
    ours = judged(model, capture)
    for name in ("windows", "trees", "tree_scores", "findings", "surprises"):
        assert_frame_equal(getattr(ours, name), getattr(scored, name), check_exact=True)
    assert_frame_equal(ours.scores.sort(KEY), scored.scores.sort(KEY), check_exact=True)
    assert ours.alarms == scored.alarms


def test_judging_changes_nothing(folder: Path, capture: Capture, scored: Scored):
    fresh = opened(folder)
    for _ in range(2):
        assert_frame_equal(judged(fresh, capture).scores, scored.scores, check_exact=True)


def test_online_detectors_learn_each_window_after_they_judged_it(folder: Path, scored: Scored):
    """What alarmed is held back: see `tests.models.test_holding_back`."""
    frozen = opened(folder).detectors["half_space_trees"].score(scored.trees).tolist()
    told = scored.tree_scores.filter(pl.col("detector") == "half_space_trees")["score"].to_list()
    first = scored.trees["window"] == scored.trees["window"].min()
    assert [s for s, now in zip(told, first, strict=True) if now] == [
        s for s, now in zip(frozen, first, strict=True) if now
    ]
    assert told != frozen


def test_windows_that_were_learnt_are_skipped_and_counted(scored: Scored):
    assert scored.windows["window"].min() == minute(CALIBRATE)
    assert scored.windows.height == 4 * (END - CALIBRATE)
    assert scored.skipped == 4 * CALIBRATE


def test_a_container_that_was_not_learnt_is_judged_from_its_beginning(model: Model, tmp_path: Path):
    early = [event("web-9", 60 * n, "open", path="/etc/conf.d/a") for n in range(3)]
    found = judged(model, shop(tmp_path / "c", *early))
    assert found.windows.filter(pl.col("container_id") == "web-9")["window"].to_list() == [
        minute(n) for n in range(3)
    ]
    assert found.skipped == 4 * CALIBRATE


def test_every_detector_judges_every_window_once(scored: Scored):
    assert scored.scores.schema == SCORES
    assert scored.scores.select(KEY).is_unique().all()
    assert scored.scores.height == scored.windows.height * len(JUDGES)
    assert set(scored.scores["detector"]) == set(scored.alarms) == JUDGES
    assert scored.scores["score"].null_count() == 0


def test_every_detector_judges_every_tree_of_a_window_once(scored: Scored):
    key = ["detector", "container_id", "window", "process_id"]
    assert scored.tree_scores.schema == TREE_SCORES
    assert scored.tree_scores.select(key).is_unique().all()
    assert scored.tree_scores.height == scored.trees.height * len(JUDGES)
    assert scored.trees.height > scored.windows.height, "a window holds several trees"
    assert_frame_equal(in_windows(scored.tree_scores).sort(KEY), scored.scores.sort(KEY))


def test_infrastructure_is_judged_nowhere(scored: Scored):
    for table in (scored.windows, scored.trees, scored.scores, scored.findings, scored.surprises):
        assert "lab-1" not in table["container_id"].to_list()


def test_the_intrusion_ranks_first_and_its_finding_names_what_happened(scored: Scored):
    for name in JUDGES:
        top = scored.scores.filter(pl.col("detector") == name).sort("margin", descending=True)
        assert top.head(1).select(PLACE).to_series().item(), name
    assert scored.findings.schema == FINDINGS
    (finding,) = scored.findings.filter(
        (pl.col("detector") == "surprise") & (pl.col("container_id") == INTRUSION[0])
    ).rows(named=True)
    assert finding["evidence"] and finding["source"] == "model"
    assert finding["process_id"] == hash_of(INTRUSION[0], 900)
    assert minute(INTRUSION[1]) <= finding["first_seen"] <= finding["last_seen"] < minute(INTRUSION[1] + 1)
    shares = [part["share"] for row in scored.findings["contributions"] for part in row]
    assert min(shares) > 0
    assert 0.99 < sum(part["share"] for part in finding["contributions"]) < 1.001


def test_only_alarms_become_findings(scored: Scored):
    raised = scored.scores.filter("alarm")
    found = scored.findings.with_columns(window=pl.col("first_seen").dt.truncate("60s"))
    assert 0 < raised.height < scored.scores.height
    assert found.join(raised, on=KEY, how="anti").is_empty()
    assert raised.join(found, on=KEY, how="anti").is_empty()


def test_a_larger_budget_raises_the_same_alarms_and_more(model: Model, capture: Capture):
    raised = [alarms(judged(model, capture, budget=b)) for b in (0.01, 1.0, 100.0, 400.0, 1440.0)]
    for smaller, larger in zip(raised, raised[1:], strict=False):
        assert smaller <= larger
    assert len(raised[0]) < len(raised[-1])


def test_without_a_budget_the_models_own_is_meant(model: Model, capture: Capture, scored: Scored):
    assert alarms(judged(model, capture, budget=20.0)) == alarms(scored)
    assert {alarm.budget for alarm in scored.alarms.values()} == {20.0}


def test_an_alarm_is_as_rare_as_the_budget_asks(scored: Scored):
    """44 trees in 40 minutes: the tail is one in ten, 158 a day, and 20 a day are ln 7.92 beyond."""
    for name, alarm in scored.alarms.items():
        assert (alarm.trees, alarm.days) == (44, pytest.approx(40 / 1440)), name
        assert alarm.limit == pytest.approx(math.log(4.4 * 36 / 20)), name
    told = scored.tree_scores.with_columns(limit=pl.lit(math.log(4.4 * 36 / 20)))
    assert told.filter(pl.col("alarm") != (pl.col("margin") > pl.col("limit"))).is_empty()


SPANS = [(35, None, 20), (None, 35, 20), (32, 34, 8), (99, None, 0)]


@pytest.mark.parametrize(("start", "end", "height"), SPANS)
def test_a_span_is_half_open(folder: Path, capture: Capture, start: int | None, end: int | None, height: int):
    span = {"start": start, "end": end}
    moments = {name: minute(at) for name, at in span.items() if at is not None}
    part = judged(opened(folder), capture, **moments)
    assert (part.windows.height, part.scores.height) == (height, height * len(JUDGES))
    assert part.surprises["window"].is_in(part.windows["window"].implode()).all()


def test_no_opinion_is_null_and_never_an_alarm(capture: Capture):
    """Rarity of a column that is null where nothing was learnt to compare with."""
    blind = learnt(capture, detectors={"single_feature": {"feature": "lineage.bits_max"}})
    blind.detectors["single_feature"].feature = "lineage.absent"
    table = judged(blind, capture, budget=1e6).scores
    assert table["score"].null_count() == table["p_value"].null_count() == table.height > 0
    assert not table["alarm"].any()
