"""The self-test: every planted mistake is noticed, honest runs are accused of nothing, and it can fail."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from rtml.cli import app
from rtml.evaluation import ledger as ledgers
from rtml.experiment import selftest as room
from rtml.experiment.selftest import Result
from rtml.experiment.selftest.ground import Ground, printed
from rtml.experiment.selftest.of_labels import MISTAKES as OF_LABELS
from rtml.experiment.selftest.run import CLEAN, MISTAKES, selftest


@pytest.fixture(scope="module")
def result() -> Result:
    return selftest()


def test_every_mistake_is_noticed_and_nobody_is_accused(result: Result):
    assert result.silent == [] and result.accused == []
    assert len(result.noticed) == len(MISTAKES) >= 60
    assert result.sentence() == f"caught {len(MISTAKES)}/{len(MISTAKES)} · accused 0/{CLEAN}"


def test_what_is_said_is_said_by_name(result: Result):
    assert result.noticed["two scores for one window"].startswith(
        "refused: scores: a container has two scores"
    )
    assert result.noticed["one giant finding per container"].startswith("paid for:")
    assert result.noticed["the time as a feature"].startswith("! feature")


def test_an_honest_ground_is_what_it_says():
    ledger = Ground().ledger(Ground().model)
    rows = {row["side"]: (row["found"], row["false"]) for row in ledger.summary.iter_rows(named=True)}
    assert rows["rules, tuned"] == (9, 1) and rows["m"] == (11, 0) and rows["first seen"] == (6, 2)
    assert ledger.facts["suspicions"] == [] and "m finds 11 with 0 false" in printed(ledger)


def test_a_hole_in_the_harness_is_found(monkeypatch: pytest.MonkeyPatch):
    """Without the check of provenance, six mistakes in labels pass in silence."""
    monkeypatch.setattr(ledgers, "refuse_rule_labels", lambda labels: None)
    passed = [mistake.name for mistake in OF_LABELS if mistake.name.startswith("provenance")]
    found = {m.name: m.plant(Ground()) for m in OF_LABELS if m.name in passed}
    assert set(found.values()) == {""} and len(passed) == 6


@pytest.mark.parametrize(
    ("noticed", "accused", "code"), [("said", [], 0), ("", [], 1), ("said", ["seed 1"], 1)]
)
def test_the_command_fails_when_something_passes(noticed, accused, code, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room, "selftest", lambda: Result({"a [bold]cheat[/bold]": noticed}, accused))
    done = CliRunner().invoke(app, ["evaluate", "selftest"])
    assert done.exit_code == code and f"caught {1 if noticed else 0}/1" in done.output
    assert ("SILENT  a [bold]cheat[/bold]" in done.output) is (noticed == "")
