"""Finished runs side by side: pairs, tests, who found alone, and what is refused."""

from __future__ import annotations

import datetime as dt
import json

import polars as pl
import pytest

from rtml.errors import MissingFileError, RtmlError, UnknownNameError, UsageError
from rtml.evaluation.headline import HEADLINE
from rtml.evaluation.measures import ROWS
from rtml.experiment.comparing_runs import compare_runs
from rtml.experiment.finished import read_runs
from rtml.schema import empty
from tests.test_cli import rtml

BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def finished(folder, found, false=(), digest="abc", hours=48.0, kinds=(), headline=()):
    """Write a run: ``found`` says per side which of the attacks a0, a1, … it found ("101")."""
    folder.mkdir(parents=True)
    kinds = {"rules": "rules", **dict(kinds)}
    rows = [
        {
            "attack_id": f"a{number}", "technique": "T1059", "container_id": "c", "side": side,
            "start": BEGIN, "end": BEGIN, "kind": kinds.get(side, "model"), "found": flag == "1",
        }
        for side, flags in found.items()
        for number, flag in enumerate(flags)
    ]  # fmt: skip
    pl.DataFrame(rows).write_parquet(folder / "ledger.parquet")
    empty(ROWS).write_parquet(folder / "measures.parquet")
    sides = [
        {
            "side": side,
            "kind": kinds.get(side, "model"),
            "false": dict(false).get(side, 0),
            "days": hours / 24,
        }
        for side in found
    ]
    facts = {"labels": {"digest": digest}, "test_container_hours": hours, "unit": "tree", "windows": {}}
    table = pl.DataFrame(list(headline), schema=HEADLINE, orient="row").to_dicts()
    text = json.dumps({"facts": facts, "sides": sides, "headline": table})
    (folder / "ledger.json").write_text(text)
    return folder


@pytest.fixture
def pair(tmp_path):
    """Two runs: the second's forest finds six attacks more, at many more false findings."""
    first = finished(tmp_path / "a", {"rules": "1" * 8, "forest": "1100000" + "1"}, {"forest": 2})
    second = finished(tmp_path / "b", {"rules": "1" * 8, "forest": "1" * 7 + "1"}, {"forest": 20})
    return [first, second]


def test_namesakes_are_paired_over_the_attacks_and_corrected(pair):
    compared = compare_runs(read_runs(pair))
    row = compared.pairs.filter(pl.col("side") == "b: forest").row(0, named=True)
    assert row["reference"] == "a: forest" and (row["only_side"], row["only_reference"]) == (5, 0)
    assert row["p"] == pytest.approx(2 * 0.5**5) and row["p_holm"] == pytest.approx(2 * row["p"])
    assert (row["false"], row["false_reference"]) == (20, 2) and row["p_false"] < 0.001
    assert compared.pairs.height == 2, "rules with rules, forest with forest"


def test_which_attacks_one_alone_found_is_named(pair):
    alone = compare_runs(read_runs(pair)).alone
    assert alone["by"].unique().to_list() == ["b: forest"]
    assert alone["attack_id"].sort().to_list() == ["a2", "a3", "a4", "a5", "a6"]


def test_one_side_may_be_the_reference_of_all(pair):
    pairs = compare_runs(read_runs(pair), "a: rules").pairs
    assert set(pairs["side"]) == {"a: forest", "b: rules", "b: forest"}
    with pytest.raises(UnknownNameError, match="did you mean 'a: forest'"):
        compare_runs(read_runs(pair), "a: forrest")


def test_a_union_of_another_run_may_lose(tmp_path):
    kinds = {"both": "union"}
    runs = [
        finished(tmp_path / n, {"rules": "10", "both": f}, kinds=kinds) for n, f in (("a", "10"), ("b", "11"))
    ]
    remarks = compare_runs(read_runs(runs)).pairs["remark"].to_list()
    assert not any("by construction" in (remark or "") for remark in remarks)
    within = compare_runs(read_runs(runs), "b: rules").pairs.filter(pl.col("side") == "b: both")
    assert "by construction" in within["remark"][0]


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"digest": "xyz"}, "different labels"),
        ({"hours": 24.0}, "same time"),
        ({"digest": None}, "does not say"),
    ],
    ids=["labels", "time", "old"],
)
def test_runs_that_were_judged_otherwise_are_refused(tmp_path, other, says):
    runs = [finished(tmp_path / "a", {"rules": "1"}), finished(tmp_path / "b", {"rules": "1"}, **other)]
    with pytest.raises(RtmlError, match=says):
        compare_runs(read_runs(runs))


def test_runs_without_a_common_side_and_single_runs_are_refused(tmp_path):
    runs = [finished(tmp_path / "a", {"rules": "1"}), finished(tmp_path / "b", {"forest": "1"})]
    with pytest.raises(RtmlError, match="no side of 'a' has a namesake in 'b'"):
        compare_runs(read_runs(runs))
    with pytest.raises(UsageError, match="at least two"):
        read_runs(runs[:1])
    with pytest.raises(UsageError, match="named twice"):
        read_runs([runs[0], runs[0] / "." / ""])


def test_folders_of_one_name_are_told_apart_by_those_above(tmp_path):
    runs = [finished(tmp_path / name / "run", {"rules": "1"}) for name in ("x", "y")]
    assert list(read_runs(runs)) == ["x/run", "y/run"]


@pytest.mark.parametrize("text", ["{", "[]", '{"sides": [], "facts": {}}', '{"sides": 3}'])
def test_a_broken_ledger_is_named(pair, text):
    (pair[1] / "ledger.json").write_text(text)
    with pytest.raises(RtmlError, match=r"b: its ledger cannot be read"):
        read_runs(pair)
    (pair[1] / "ledger.json").unlink()
    with pytest.raises(MissingFileError, match="no run here"):
        read_runs(pair)


def test_the_command_prints_writes_and_refuses(pair, tmp_path):
    done = rtml("experiment", "compare", *pair, "--out", tmp_path / "pairs.parquet")
    assert done.returncode == 0, done.stderr
    assert "b: forest alone (against a: forest): a2, a3, a4, a5, a6" in done.stdout
    assert pl.read_parquet(tmp_path / "pairs.parquet").height == 2
    printed = json.loads(rtml("experiment", "compare", *pair, "--json").stdout)
    assert len(printed["pairs"]) == 2 and len(printed["alone"]) == 5
    assert rtml("experiment", "compare", pair[0]).returncode == 2
