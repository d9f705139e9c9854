"""One experiment over seeds: a folder each, and what they spread over."""

from __future__ import annotations

import polars as pl
import pytest

from rtml import features
from rtml.errors import RtmlError, UsageError
from rtml.experiment.finished import read_runs
from rtml.experiment.run import run_experiment
from rtml.experiment.seeds import SEEDS, SPREAD, run_seeds, spread
from tests.experiment.shops import small_experiment


def test_each_seed_has_its_run_and_the_table_is_of_their_headlines(tmp_path, monkeypatch):
    out, calls = tmp_path / "runs", []
    usual = features.assemble_with_surprises
    monkeypatch.setattr(
        features, "assemble_with_surprises", lambda *a, **k: calls.append(1) or usual(*a, **k)
    )
    table = run_seeds(small_experiment(tmp_path), out, 2, tracked=False)
    assert len(calls) == 1, "features are those of the capture, whatever the seed"
    alone = run_experiment(small_experiment(tmp_path / "alone", seed=8), tmp_path / "alone" / "run", False)
    assert (alone.out / "ledger.json").read_bytes() == (out / "seed-8" / "ledger.json").read_bytes()
    runs = read_runs([out / "seed-7", out / "seed-8"])
    assert [run.facts["seed"] for run in runs.values()] == [7, 8]
    asked = pl.col("asked") == 1.0
    for side, rows in table.filter(asked).partition_by("side", as_dict=True).items():
        found = [
            r.headline.filter(asked & (pl.col("side") == side[0]))["found"].item() for r in runs.values()
        ]
        row = rows.row(0, named=True)
        assert (row["found_low"], row["found_high"]) == (min(found), max(found))
        assert row["found_median"] == sum(found) / 2 and row["seeds"] == 2
    assert pl.read_parquet(out / SEEDS)["seed"].unique().sort().to_list() == [7, 8]
    with pytest.raises(RtmlError, match="exists already"):
        run_seeds(small_experiment(tmp_path / "again"), out, 2, tracked=False)


@pytest.mark.parametrize("number", [-1, 0, 1, 101])
def test_too_few_and_too_many_seeds_are_refused(tmp_path, number):
    with pytest.raises(UsageError, match="seeds: 2 to 100"):
        run_seeds(small_experiment(tmp_path), tmp_path / "out", number, tracked=False)
    assert not (tmp_path / "out").exists()


def test_no_rows_spread_over_nothing():
    rows = pl.DataFrame(
        schema={"side": pl.String, "kind": pl.String, "asked": pl.Float64, "found": pl.Int64,
                "false": pl.Int64, "budget": pl.String, "seed": pl.Int64}
    )  # fmt: skip
    assert spread(rows).schema == SPREAD and spread(rows).is_empty()
