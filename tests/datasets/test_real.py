"""The real files beside the repository: counts that others count too, and the numbers known of them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from rtml.boards import Leaderboard, run_leaderboard
from rtml.boards.scoring import COMBINATION
from rtml.datasets import dataset_of
from rtml.datasets.card import Card
from rtml.datasets.preparing import prepare


def prepared(name: str, source: Path, tmp_path: Path) -> Card:
    return prepare(dataset_of(name), source, tmp_path / name)


def test_cdl_has_sixty_attacks_and_windows_that_fit_published_counts(shared: Path, tmp_path: Path):
    card = prepared("cdl", shared / "cdl", tmp_path)
    assert (card.counts["attacks"], card.counts["parts"]) == (60, 15)
    theirs = {one.who: one for one in card.others()}
    assert theirs["SHIL-2.0"].found == 53 and theirs["SHIL-2.0"].false_share == pytest.approx(
        0.00745, rel=1e-2
    )
    results = pl.read_csv(shared / "cdl" / "published_shil.csv").filter(pl.col("method") == "SHIL-2.0")
    assert card.counts["test, benign"] == int(results.select(pl.col("fp") + pl.col("tn")).sum().item())


def test_what_is_known_of_cdl_is_found_again(shared: Path):
    board = Leaderboard(sets=["cdl"], seeds=[1], detectors=["largest_z", "pca_residual"])
    rows = {row["side"]: row for row in run_leaderboard(board, [shared]).table.iter_rows(named=True)}
    both, alone = rows[COMBINATION], rows["largest z"]
    assert (both["found"], round(both["false_share"], 4)) == (51, 0.0015)
    assert (alone["found"], round(alone["false_share"], 4)) == (50, 0.0006)
    assert rows["published: SHIL-2.0"]["found"] == 53


def test_sysflow_labels_match_every_record(shared: Path, tmp_path: Path):
    card = prepared("sysflow", shared / "sysflow", tmp_path)
    assert (card.counts["events"], card.counts["attack events"]) == (45_105, 3_389)
    assert card.counts["labels that match no event"] == 0


def test_beth_samples_have_their_labels(shared: Path, tmp_path: Path):
    card = prepared("beth", shared / "beth", tmp_path)
    assert (card.counts["testing events"], card.counts["testing, sus"], card.counts["testing, evil"]) == (
        100,
        13,
        4,
    )
