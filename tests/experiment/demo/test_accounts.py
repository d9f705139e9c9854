"""Attack by attack: the account of a finished run says what its ledger says, and why the rest was missed."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from rtml.cli import app
from rtml.errors import RtmlError
from rtml.experiment import Outcome
from rtml.experiment.accounts import ACCOUNTS, accounts
from rtml.experiment.obstacles import causes, obstacle
from rtml.features import EVENT_SURPRISES
from rtml.report import write_ledger
from rtml.report.ledger_reading import read_ledger
from rtml.schema import BUDGETS, COMBINED
from tests.conftest import LAB

CAPTURE, LABELS = str(LAB / "capture"), LAB / "labels.parquet"


@pytest.fixture(scope="module")
def account(demo: Outcome) -> pl.DataFrame:
    table, looks = accounts(demo.out, [CAPTURE], LABELS)
    assert looks.times >= 1
    return table


def test_every_attack_has_a_row_and_is_found_as_the_ledger_says(demo: Outcome, account: pl.DataFrame):
    assert account.schema == ACCOUNTS
    assert account["attack_id"].sort().to_list() == demo.ledger.by_attack["attack_id"].sort().to_list()
    found = account.explode("found", empty_as_null=False).unnest("found")
    for side, asked, count in demo.ledger.headline.select("side", "asked", "found").iter_rows():
        if side not in set(found["side"]):
            continue
        within = found.filter((pl.col("side") == side) & (pl.col("asked").fill_null(0) <= asked))
        assert within["attack_id"].n_unique() >= count, (side, asked)


def test_what_is_found_at_the_budget_of_the_run_has_no_obstacle_and_the_rest_has(
    demo: Outcome, account: pl.DataFrame
):
    asked = demo.experiment.budget
    ours = demo.ledger.attacks.filter((pl.col("side") == COMBINED) & pl.col("found"))["attack_id"]
    told = account.filter(pl.col("obstacle").is_null())["attack_id"]
    assert set(ours) <= set(told) and asked in BUDGETS


def test_attacks_are_told_by_what_their_own_processes_did(account: pl.DataFrame):
    deeds = account["surprises"].list.explode().drop_nulls().struct.unnest()
    assert deeds.height >= account.height and (deeds["bits"] > 0).all()
    per_attack = account["surprises"].list.eval(pl.element().struct.field("bits"))
    assert all(bits.to_list() == sorted(bits, reverse=True) for bits in per_attack)


def test_the_command_prints_and_writes_it(demo: Outcome, account: pl.DataFrame, tmp_path: Path):
    where = ["--capture", CAPTURE, "--labels", str(LABELS), "--out", str(tmp_path / "a.parquet")]
    done = CliRunner().invoke(app, ["experiment", "attacks", str(demo.out), *where])
    assert done.exit_code == 0, done.output
    assert "why combined does not" in done.output and "looked at" in done.output
    assert pl.read_parquet(tmp_path / "a.parquet").equals(account)
    wrong = CliRunner().invoke(app, ["experiment", "attacks", str(demo.out), *where[:4], "--side", "combind"])
    assert wrong.exit_code and "combined" in str(wrong.exception)


def test_a_written_ledger_is_read_back(demo: Outcome, tmp_path: Path):
    ledger = read_ledger(demo.out)
    assert ledger.attacks.equals(demo.ledger.attacks) and ledger.headline.equals(demo.ledger.headline)
    assert ledger.by_attack.equals(demo.ledger.by_attack) and ledger.by_grade.equals(demo.ledger.by_grade)
    assert ledger.view().equals(demo.ledger.view())
    write_ledger(ledger, tmp_path)
    assert (tmp_path / "ledger.json").read_bytes() == (demo.out / "ledger.json").read_bytes()
    (tmp_path / "ledger.json").write_text("{}")
    with pytest.raises(RtmlError, match="cannot be read"):
        read_ledger(tmp_path)


def test_each_obstacle_has_its_sentence():
    read, tree = {"bits": 9.0, "seen": False, "shared": False}, {"above": 3, "repeats": [1.0]}
    new = [read]
    assert obstacle(0, new, tree, [], 1.0) == "the sensor saw no event of it"
    assert obstacle(4, new, None, [], 1.0) == "no tree of it was scored"
    assert obstacle(4, new, tree, [], 1.0).startswith("told already")
    others = ["web: started curl", "db: read /y", "web: started curl", "far: below"]
    said = obstacle(4, new, tree, others, 3.0)
    assert said == "3 benign units are stranger: web: started curl (2); db: read /y (1)"
    shared = {**read, "shared": True}
    assert obstacle(4, [shared], {"above": 0}, [], 3.0).startswith("taken up by its replicas together")
    assert not obstacle(4, [shared, read], {"above": 0}, [], 3.0).startswith("taken up")
    assert obstacle(4, [], {"above": 1}, others, 3.0).startswith("known to the workload; 1 benign unit is")


def test_a_benign_cause_is_what_surprises_most_in_its_tree_beyond_its_peers():
    at = pl.Series([0, 0, 0]).cast(pl.Datetime("ns", "UTC"))
    units = pl.DataFrame({"container_id": ["a", "b"], "window": at[:2], "root_id": [1, 2]})
    rows = pl.DataFrame(
        {"window": at, "bits": [5.0, 8.0, 9.0], "key": ["curl", "nc", "all"], "shared": [False, False, True]}
    ).with_columns(
        container_id=pl.lit("a"), root_id=pl.lit(1, pl.Int64), conditional=pl.lit("binaries.program")
    )
    surprises = pl.concat([EVENT_SURPRISES.to_frame(), rows], how="diagonal")
    containers = pl.DataFrame({"container_id": ["a", "b"], "workload": ["web", None]})
    assert causes(units, surprises, containers) == ["web: started nc", "b: nothing new"]
