"""A champion is made by a paired test alone."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from rtml.cli import app
from rtml.errors import RtmlError, UsageError
from rtml.evaluation.paired import mcnemar
from rtml.tracking.challenge import Judged, compared, digest_of_test
from rtml.tracking.promotion import promote
from rtml.tracking.runs import tracked_run
from rtml.tracking.tags import SIDE, TEST
from tests.tracking.conftest import client

ATTACKS = [f"attack-{number}" for number in range(12)]


def judged_run(folder: Path, found: int, false: float = 1.0, budget: str = "held", test: str = "t") -> str:
    """Log a run whose main side found the first ``found`` attacks, and register a version of it."""
    folder.mkdir()
    rows = [{"attack_id": a, "side": s, "found": i < found and s == "combined"}
            for i, a in enumerate(ATTACKS) for s in ("combined", "rules, tuned")]  # fmt: skip
    pl.DataFrame(rows).write_parquet(folder / "ledger.parquet")
    side = {"side": "combined", "false": false, "budget": budget}
    (folder / "ledger.json").write_text(json.dumps({"sides": [side]}))
    with client() as asked, tracked_run(folder.name, "experiment") as run:
        for name in ("ledger.parquet", "ledger.json"):
            run.file(folder / name)
        run.tags({SIDE: "combined", TEST: test})
        if not asked.search_registered_models("name = 'rtml-shop'"):
            asked.create_registered_model("rtml-shop")
        asked.create_model_version("rtml-shop", str(folder), run.run_id)
    return run.run_id


def champion() -> str | None:
    with client() as asked:
        number = asked.get_registered_model("rtml-shop").aliases.get("champion")
    return None if number is None else str(number)


def test_the_first_is_taken_only_when_it_is_wished_and_kept_its_budget(store: str, tmp_path: Path):
    run, broken = judged_run(tmp_path / "a", 2), judged_run(tmp_path / "b", 9, 8.0, "broken")
    assert promote(run).reasons == ("there is no champion yet, and nothing to test against",)
    assert promote(broken, first=True).reasons == ("it broke its budget of false findings",)
    assert champion() is None
    assert promote(run, first=True).promoted
    assert champion() == "1"


def test_more_found_beyond_chance_is_promoted_and_the_version_says_so(store: str, tmp_path: Path):
    old, new = judged_run(tmp_path / "old", 2), judged_run(tmp_path / "new", 12)
    promote(old, first=True)
    outcome = promote(new)
    assert (outcome.only_new, outcome.only_old, outcome.promoted) == (10, 0, True)
    assert outcome.p_value == pytest.approx(2 * 0.5**10)
    assert champion() == "2"
    with client() as asked:
        assert "promoted" in asked.get_model_version("rtml-shop", "2").tags["rtml.promotion"]


@pytest.mark.parametrize(
    ("found", "more", "reason"),
    [
        (5, {}, "p-value 0.25 is not below 0.05"),
        (2, {}, "it does not find more attacks"),
        (12, {"test": "another"}, "judged on different tests"),
        (
            12,
            {"false": 30.0, "budget": "broken"},
            "it broke its budget: 30 false findings, the champion made 1",
        ),
    ],
)
def test_what_is_not_better_stays_challenger(store: str, tmp_path: Path, found: int, more: dict, reason: str):
    old, new = judged_run(tmp_path / "old", 2), judged_run(tmp_path / "new", found, **more)
    promote(old, first=True)
    outcome = promote(new)
    assert reason in "; ".join(outcome.reasons)
    assert champion() == "1"
    said = CliRunner().invoke(app, ["experiment", "promote", new])
    assert said.exit_code == 1
    assert isinstance(said.exception, RtmlError) and reason in str(said.exception)


def test_every_further_challenger_must_be_better_still(store: str, tmp_path: Path):
    promote(judged_run(tmp_path / "old", 2), first=True)
    weak = judged_run(tmp_path / "weak", 3)
    for _ in range(3):  # the same run again is the same challenge
        assert promote(weak).challenges == 1
    assert promote(judged_run(tmp_path / "weaker", 2)).challenges == 2
    strong = promote(judged_run(tmp_path / "strong", 8))  # 6 of 6: 0.031, were it the only one
    assert strong.challenges == 3
    assert strong.p_value == pytest.approx(3 * 2 * 0.5**6)
    assert not strong.promoted


def test_the_champion_cannot_challenge_itself_and_versions_are_named_too(store: str, tmp_path: Path):
    promote(judged_run(tmp_path / "old", 2), first=True)
    assert promote("models:/rtml-shop/1").reasons == ("it is the champion",)
    assert promote("models:/rtml-shop@champion").reasons == ("it is the champion",)


def test_what_cannot_be_tested_is_said(store: str, tmp_path: Path):
    with tracked_run("trained", "train") as run:
        pass
    with pytest.raises(RtmlError, match="no version of a model is registered"):
        promote(run.run_id)
    with client() as asked:
        asked.create_registered_model("other")
        asked.create_model_version("other", str(tmp_path), run.run_id)
    with pytest.raises(RtmlError, match="its run judged nothing"):
        promote(run.run_id)
    with pytest.raises(UsageError, match="alpha 2"):
        promote(run.run_id, alpha=2.0)
    with pytest.raises(UsageError, match="give the id of a run"):
        promote("' OR 1=1")
    with pytest.raises(RtmlError, match="MLflow at sqlite"):
        promote("models:/nobody@champion")


def test_pairs_are_attacks_not_counts():
    """Two that find as many attacks, but others, are not the same."""
    one = pl.DataFrame({"attack_id": ATTACKS, "found": [n < 6 for n in range(12)]})
    two = pl.DataFrame({"attack_id": ATTACKS[::-1], "found": [n < 6 for n in range(12)]})
    outcome = compared("m", Judged("2", "t", one, 0, True), Judged("1", "t", two, 0, True))
    assert (outcome.only_new, outcome.only_old, outcome.p_value) == (6, 6, 1.0)
    assert mcnemar(0, 6) == mcnemar(6, 0) == pytest.approx(0.03125)


def test_another_capture_another_begin_and_other_attacks_are_another_test():
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    attacks = pl.DataFrame({"attack_id": ["a", "b"], "container_id": "c", "start": at, "end": at})
    usual = digest_of_test(attacks, "digest", at)
    assert usual == digest_of_test(attacks.reverse(), "digest", at)
    others = (
        digest_of_test(attacks.head(1), "digest", at),
        digest_of_test(attacks, "other", at),
        digest_of_test(attacks, "digest", at + dt.timedelta(minutes=1)),
    )
    assert len({usual, *others}) == 4
