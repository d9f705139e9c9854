"""The sides of an experiment on a story of twenty minutes: what each may learn from, and what it says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import Capture
from rtml.experiment.contenders import RuleSide, first_seen_side, model_sides, rule_side
from rtml.models import Scored
from rtml.models.alarm import Alarm
from rtml.rules.chosen import Chosen
from rtml.schema import FINDINGS, SCORES, TREE_SCORES, conform, empty
from rtml.splits import Split
from rtml.times import MINUTE, Window
from tests.rules.conftest import START, capture_of

EVERY = Window.of(MINUTE)
RULE = """
title: A loud tool
id: 11111111-2222-3333-4444-555555555555
level: high
logsource: {category: process_creation, product: linux}
detection: {loud: {Image|endswith: /loud}, condition: loud}
"""
Quiet = Callable[[pl.DataFrame], pl.DataFrame]


def at(minute: float) -> dt.datetime:
    return START + dt.timedelta(minutes=minute)


SPLIT = Split(at(5), at(10)).between(at(0), at(20))
PARTS = ["train"] * 5 + ["calibrate"] * 5 + ["test"] * 10


def windows() -> pl.DataFrame:
    times = pl.Series([at(n) for n in range(20)]).cast(pl.Datetime("ns", "UTC"))
    return pl.DataFrame({"container_id": "c1", "workload": "web", "window": times, "part": PARTS})


def story(**programs: tuple[float, ...]) -> Capture:
    """Return a capture in which programs start in some minutes."""
    rows = [
        {"kind": "exec", "exe": f"/bin/{name}", "time": at(minute), "image": "web:1", "process_id": n}
        for n, (minute, name) in enumerate(sorted((m, name) for name in programs for m in programs[name]))
    ]
    return capture_of(rows)


def keep(rows: pl.DataFrame) -> pl.DataFrame:
    return rows


def minutes(findings: pl.DataFrame) -> list[float]:
    return [(time - START) / dt.timedelta(minutes=1) for time in findings["first_seen"]]


@pytest.fixture
def rules(tmp_path: Path) -> Callable[..., RuleSide]:
    """Run the one rule over a story."""
    (tmp_path / "loud.yml").write_text(RULE)
    chosen = Chosen(pack=None, sigma=(tmp_path / "loud.yml",))

    def run(capture: Capture, budget: float = 1.0, quiet: Quiet = keep) -> RuleSide:
        return rule_side(capture, chosen, windows(), SPLIT, EVERY, budget, quiet)

    return run


def test_rules_are_tuned_on_what_was_before_the_test(rules: Callable[..., RuleSide]):
    side = rules(story(loud=(1.5, 6.5, 12.5), calm=(3.0,)))
    tuned, default = side.sides
    assert (tuned.name, default.name) == ("rules, tuned", "rules, default")
    assert side.exceptions.select("workload", "alarms").rows() == [("web", 2)]
    assert minutes(default.findings) == [1.5, 6.5, 12.5] and tuned.findings.is_empty()
    assert (tuned.fitted_until, default.fitted_until) == (at(6.5), None)
    assert tuned.note == "1 exceptions"
    for made, expected in ((default, 0.801), (tuned, 0.0)):
        assert made.scores is not None and made.scores["window"].min() == at(10)
        assert made.scores["score"].max() == pytest.approx(expected)


def test_rules_are_never_tuned_on_the_test(rules: Callable[..., RuleSide]):
    seen: list[pl.DataFrame] = []
    side = rules(story(loud=(10.0, 12.5, 17.5), calm=(3.0,)), quiet=lambda hits: seen.append(hits) or hits)
    assert {hits.height for hits in seen} == {0}
    assert side.exceptions.is_empty()
    assert side.sides[0].findings.height == side.sides[1].findings.height > 0


def test_the_time_that_rules_are_tuned_on_is_that_of_benign_windows(rules: Callable[..., RuleSide]):
    """Two alarms in ten minutes are 288 a day; in the twenty of all parts they would be 144."""
    capture = story(loud=(1.5, 6.5))
    assert rules(capture, budget=200.0).exceptions["per_container_day"].to_list() == [pytest.approx(288)]
    assert rules(capture, budget=300.0).exceptions.is_empty()


def test_what_is_known_to_be_an_attack_tunes_nothing(rules: Callable[..., RuleSide]):
    assert rules(story(loud=(1.5, 6.5)), quiet=lambda hits: hits.clear()).exceptions.is_empty()


def test_the_rival_knows_what_ran_before_the_test_and_nothing_of_it():
    capture = story(known=(1.0, 12.0), new=(13.0, 14.0))
    side = first_seen_side(capture, windows(), SPLIT, EVERY, keep)
    assert (side.kind, side.fitted_until, minutes(side.findings)) == ("rival", at(1), [13.0])
    assert side.scores is not None
    loud = side.scores.filter(pl.col("score") > 0)
    assert (loud["window"].to_list(), side.scores["window"].min()) == ([at(13)], at(10))
    assert side.note.endswith("1 pairs known")


def test_the_rival_does_not_know_what_an_early_attack_ran():
    capture = story(known=(1.0, 12.0), tool=(2.0, 13.0))
    side = first_seen_side(
        capture, windows(), SPLIT, EVERY, lambda rows: rows.filter(pl.col("exe") != "/bin/tool")
    )
    assert minutes(side.findings) == [2.0]
    assert "1 pairs known" in side.note


def scored(resolvable: bool) -> Scored:
    """Return what two detectors said of one window: a score of 9 is a margin of 2."""
    row = {"container_id": "c1", "window": at(12), "score": 9.0, "margin": 2.0, "alarm": True}
    names = ("half_space_trees", "surprise")
    scores = conform(pl.DataFrame([{**row, "detector": name} for name in names]), SCORES)
    found = [{"detector": name, "finding_id": name, "container_id": "c1"} for name in names]
    alarm = Alarm(1.0, 3.0, trees=9, days=2.0 if resolvable else 0.1)
    findings = conform(pl.DataFrame(found), FINDINGS)
    trees = empty(TREE_SCORES)
    return Scored(
        windows(), scores, findings, empty(FINDINGS), dict.fromkeys(names, alarm), 0, windows(), trees
    )


@pytest.mark.parametrize("resolvable", [True, False])
def test_models_are_ranked_by_margins_and_say_until_when_they_learnt(resolvable: bool):
    sides = model_sides(scored(resolvable), at(10))
    assert [(side.name, side.kind) for side in sides] == [
        ("half space trees", "model"),
        ("surprise", "model"),
    ]
    for side, name in zip(sides, ("half_space_trees", "surprise"), strict=True):
        assert side.scores is not None and side.scores["score"].to_list() == [2.0]
        assert side.findings["detector"].to_list() == [name]
        assert side.fitted_until == at(10)
        assert ("extrapolated" in side.note) is not resolvable
