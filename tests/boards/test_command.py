"""``rtml dataset`` and ``rtml experiment leaderboard`` as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from tests.datasets.inputs import INPUTS
from tests.test_cli import rtml

BOARD = "sets: [cdl, lid-ds-2021]\nseeds: [1]\ndetectors: [largest_z]\n"


def test_every_set_is_listed_with_whose_it_is_and_whether_it_is_there(tmp_path: Path):
    INPUTS["cdl"](tmp_path)
    rows = {
        row["name"]: row for row in json.loads(rtml("dataset", "list", "--data", tmp_path, "--json").stdout)
    }
    assert rows["cdl"]["present"] == f"there: {tmp_path}"
    assert rows["lab-v1"]["present"] == "there: datasets/lab-v1"
    assert rows["adfa-ld"]["present"] == "absent" and "UNSW" in rows["adfa-ld"]["from"]
    assert "no real files" in rows["adfa-ld"]["tried on"] and all(row["licence"] for row in rows.values())
    shown = rtml("dataset", "list", "--data", tmp_path)
    assert shown.returncode == 0 and "published protocol" in shown.stdout


def test_a_set_is_prepared_and_a_wrong_folder_is_one_clear_line(tmp_path: Path):
    source = tmp_path / "source"
    source.mkdir()
    INPUTS["adfa-ld"](source)
    done = rtml("dataset", "prepare", "adfa-ld", "--from", source, "--out", tmp_path / "out")
    assert done.returncode == 0 and "no real file of this set was tried" in done.stdout
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    assert card["counts"]["attacks"] == 3
    for arguments, code, message in (
        (["cdl", "--from", source], 1, "no files of cdl"),
        (["cdll", "--from", source], 2, "did you mean 'cdl'"),
        (["cdl", "--from", tmp_path / "nowhere"], 1, "No such file"),
        (["adfa-ld", "--from", source, "--out", tmp_path / "out"], 1, "exists already"),
        (["cdl"], 2, "Missing option '--from'"),
    ):
        wrong = rtml("dataset", "prepare", *arguments)
        assert wrong.returncode == code and message in " ".join(wrong.stderr.split())
        assert len(wrong.stderr.splitlines()) == 1 and "Traceback" not in wrong.stderr


def test_the_board_is_printed_and_written_and_says_what_is_absent(tmp_path: Path):
    INPUTS["cdl"](tmp_path)
    config, out = tmp_path / "board.yml", tmp_path / "out"
    config.write_text(BOARD)
    done = rtml("experiment", "leaderboard", config, "--data", tmp_path, "--out", out)
    assert done.returncode == 0, done.stderr
    words = " ".join(done.stdout.split())
    assert "8 of 8" in words and "absent lid-ds-2021" in words and "published protocol" in words
    assert sorted(path.name for path in out.iterdir()) == ["board.csv", "board.md", "board.parquet", "cards"]
    assert "Leipzig" in (out / "board.md").read_text()
    again = rtml("experiment", "leaderboard", config, "--data", tmp_path, "--out", out)
    assert again.returncode == 1 and "exists already" in again.stderr
    one = rtml("experiment", "leaderboard", config, "--data", tmp_path, "--only", "cdll")
    assert one.returncode == 2 and "unknown entry 'cdll'" in one.stderr


def test_a_plain_clone_runs_on_the_small_recording(tmp_path: Path):
    out = tmp_path / "out"
    done = rtml("experiment", "leaderboard", "--only", "lab-v1", "--out", out)
    assert done.returncode == 0, done.stderr
    table = pl.read_parquet(out / "board.parquet")
    assert {"rules, tuned", "recommended combination", "first seen", "random"} <= set(table["side"])
    best = table.row(by_predicate=pl.col("side") == "recommended combination", named=True)
    assert best["attacks"] == 16 and best["found"] >= 14 and best["rate"] is not None
