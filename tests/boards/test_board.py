"""The leaderboard on small sets: every kind of set, tables of one's own, what is absent, what fails."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rtml.boards import BOARD, Leaderboard, load_leaderboard, run_leaderboard, scoring
from rtml.boards.events import of_events
from rtml.boards.scoring import COMBINATION
from rtml.boards.written import markdown, write_board
from rtml.datasets import dataset_of
from rtml.datasets.preparing import prepare
from rtml.errors import MissingFileError, UsageError
from tests.datasets.inputs import INPUTS, published

TABLES = {COMBINATION, "isolation forest", "half space trees", "largest z", "pca residual"}
TRIVIAL = {"random", "flag all", "best single feature"}


def board_of(tmp_path: Path, *names: str, **more: object):
    for name in names:
        (tmp_path / name).mkdir(exist_ok=True)
        INPUTS[name](tmp_path / name)
    return run_leaderboard(Leaderboard(sets=list(names), seeds=[1], **more), [tmp_path])


def side(table: pl.DataFrame, name: str) -> dict[str, object]:
    return table.row(by_predicate=pl.col("side") == name, named=True)


def test_a_planted_attack_is_found_and_flag_all_costs_everything(tmp_path: Path):
    made = board_of(tmp_path, "cdl", aim=0.01)
    assert made.table.schema == BOARD and set(made.table["side"]) == TABLES | TRIVIAL
    best, every = side(made.table, COMBINATION), side(made.table, "flag all")
    assert (best["found"], best["attacks"]) == (8, 8) and best["false_share"] < 0.05
    assert every["found"] == 8 and every["false_share"] == 1.0 and every["auroc"] == 0.5
    assert best["auroc"] > 0.95 and best["average_precision"] > best["prevalence"]
    assert best["rate"] is not None and best["row"] == "window of 100 ms"
    assert side(made.table, "random")["found"] < 8


def test_the_same_board_gives_the_same_rows(tmp_path: Path):
    first = board_of(tmp_path, "cdl")
    again = run_leaderboard(Leaderboard(sets=["cdl"], seeds=[1]), [tmp_path])
    assert first.table.equals(again.table)


@pytest.mark.parametrize("name", ["assuremoss", "lid-ds-2021", "adfa-ld"])
def test_a_table_of_each_set_is_judged(name: str, tmp_path: Path):
    made = board_of(tmp_path, name, aim=0.02)
    assert made.failed == {} and set(made.cards) == {name}
    best = side(made.table, COMBINATION)
    assert best["attacks"] >= 1 and best["auroc"] > 0.8
    timed = dataset_of(name).row_seconds is not None
    assert (best["rate"] is not None) == timed
    assert timed or "rates are per row" in best["not_judged"]
    assert best["published_protocol"] and best["protocol"]


@pytest.mark.parametrize("name", ["beth", "sysflow"])
def test_events_are_judged_one_by_one_beside_rules_and_the_rival(name: str, tmp_path: Path):
    made = board_of(tmp_path, name)
    assert made.failed == {}
    assert {"surprise", "rules, default", "first seen"} <= set(made.table["side"])
    rules = side(made.table, "rules, default")
    events = sum(n for text, n in made.cards[name].counts.items() if text in ("testing events", "events"))
    assert rules["positives"] > 0 and rules["benign"] > 0
    assert rules["positives"] + rules["benign"] <= events
    assert rules["asked"] is None and rules["false_share"] is not None


def test_a_handful_of_rows_sets_no_threshold_and_is_not_ranked(tmp_path: Path):
    few = side(board_of(tmp_path, "beth").table, COMBINATION)
    assert few["found"] is None and few["auroc"] is None
    assert "calibration rows set no threshold" in few["not_judged"] and "nothing to rank" in few["not_judged"]


def test_labels_reach_their_events_over_several_captures(tmp_path: Path):
    made = board_of(tmp_path, "sysflow")
    every = side(made.table, "flag all")
    assert every["positives"] == made.cards["sysflow"].counts["attack events"] > 0
    assert (
        0 < every["caught"] <= every["positives"]
        and "events: scores move in as many steps" in every["set_note"]
    )
    folder = tmp_path / "ready"
    card = prepare(dataset_of("sysflow"), tmp_path / "sysflow", folder)
    events = of_events(folder, card).events
    # Two captures of the same events: all labels are of the second.
    assert (events["attack"] == 1).arg_true().min() >= events.height // 2


def test_labels_of_events_reach_the_rows_that_hold_them(tmp_path: Path):
    made = board_of(tmp_path, "beth")
    labelled = made.cards["beth"].counts["testing, sus"]
    assert side(made.table, "flag all")["caught"] == labelled == side(made.table, "flag all")["positives"]


def test_several_seeds_show_the_median_run_and_the_range(tmp_path: Path):
    INPUTS["cdl"](tmp_path)
    made = run_leaderboard(Leaderboard(sets=["cdl"], seeds=[1, 2, 3]), [tmp_path])
    assert side(made.table, "isolation forest")["seeds"].endswith("over 3 seeds")
    assert side(made.table, "largest z")["seeds"] is None


def test_published_results_stand_beside_ours(tmp_path: Path):
    published(INPUTS["cdl"](tmp_path))
    made = run_leaderboard(Leaderboard(sets=["cdl"], seeds=[1]), [tmp_path])
    theirs = side(made.table, "published: theirs")
    assert (theirs["kind"], theirs["found"], theirs["attacks"]) == ("published", 3, 4)
    assert side(made.table, COMBINATION)["attacks"] == 4
    text = markdown(made)
    assert "published: theirs" in text and "3 of 4" in text and "- published: models learn" in text


def test_a_set_that_fails_is_named_and_stops_no_other(tmp_path: Path):
    for name in ("cdl", "adfa-ld"):
        (tmp_path / name).mkdir()
        INPUTS[name](tmp_path / name)
    for path in (tmp_path / "adfa-ld" / "Attack_Data_Master").rglob("*.txt"):
        path.unlink()
    made = run_leaderboard(Leaderboard(sets=["adfa-ld", "beth", "cdl"], seeds=[1]), [tmp_path])
    assert set(made.table["set"]) == {"cdl"}
    assert "Attack_Data_Master is missing" in made.failed["adfa-ld"]
    assert [one.name for one in made.absent] == ["beth"]
    text = markdown(made)
    assert "## There, and not judged" in text and "Kaggle" in text
    with pytest.raises(MissingFileError, match="none of beth is there"):
        run_leaderboard(Leaderboard(sets=["beth"]), [tmp_path])


def test_a_prepared_set_is_judged_as_the_raw_one(tmp_path: Path):
    raw, ready = tmp_path / "raw", tmp_path / "ready"
    raw.mkdir()
    prepare(dataset_of("cdl"), INPUTS["cdl"](raw), ready / "cdl")
    board = Leaderboard(sets=["cdl"], seeds=[1])
    tables = [run_leaderboard(board, [place]).table for place in (raw, ready)]
    assert tables[0].drop("set_note").equals(tables[1].drop("set_note"))
    assert "here they are not" in tables[0]["set_note"][0] and "looked at once" in tables[1]["set_note"][0]
    assert "looked at 2 times" in run_leaderboard(board, [ready]).table["set_note"][0]


def test_a_prepared_set_that_was_changed_is_not_judged(tmp_path: Path):
    raw, ready = tmp_path / "raw", tmp_path / "ready"
    raw.mkdir()
    prepare(dataset_of("cdl"), INPUTS["cdl"](raw), ready / "cdl")
    path = ready / "cdl" / "rows.parquet"
    pl.read_parquet(path).with_columns(attack=pl.lit(0, pl.Int8)).write_parquet(path)
    board = Leaderboard(sets=["cdl"], seeds=[1])
    assert "SHA-256 differs" in run_leaderboard(board, [ready]).failed["cdl"]
    path.unlink()
    assert "rows.parquet: missing" in run_leaderboard(board, [ready]).failed["cdl"]


def test_a_share_that_calibration_cannot_show_is_said_to_be_extrapolated(tmp_path: Path):
    few, enough = (board_of(tmp_path, "adfa-ld", aim=aim).table for aim in (0.001, 0.1))
    assert "30 calibration rows: a share of 0.10% is extrapolated" in side(few, COMBINATION)["set_note"]
    assert "extrapolated" not in (side(enough, COMBINATION)["set_note"] or "")


@pytest.mark.parametrize("name", ["cdl", "sysflow"])
def test_no_detector_sees_a_label(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    seen: list[str] = []
    usual = scoring.make_detector

    def watched(kind: str, parameters: dict[str, object], seed: int):
        detector = usual(kind, parameters, seed)
        learn, score = detector.learn, detector.score
        monkeypatch.setattr(detector, "learn", lambda rows: (seen.extend(rows.columns), learn(rows))[1])
        monkeypatch.setattr(detector, "score", lambda rows: (seen.extend(rows.columns), score(rows))[1])
        return detector

    monkeypatch.setattr(scoring, "make_detector", watched)
    assert board_of(tmp_path, name).failed == {}
    assert "window" in seen and not {"attack", "attack_id", "role"} & set(seen)


def own(tmp_path: Path, **change: object) -> Path:
    draw = np.random.default_rng(5)
    n = 600
    role = np.repeat(["train", "calibrate", "test"], n // 3)
    attack = ((np.arange(n) % 20 == 0) & (role == "test")).astype(int)
    table = pl.DataFrame(
        {
            "role": role,
            "group": [f"run{i // 50}" for i in range(n)],
            "attack": attack,
            "detector": ["theirs"] * n,
            "score": draw.normal(size=n) + 9 * attack,
            "load.cpu": draw.normal(size=n) + 9 * attack,
            "load.net": draw.normal(size=n),
        }
    ).with_columns(**change)
    table.write_parquet(tmp_path / "mine.parquet")
    return tmp_path


def test_tables_and_scores_of_ones_own_without_container_days(tmp_path: Path):
    own(tmp_path)
    (tmp_path / "board.yml").write_text(
        "sets: []\nseeds: [1]\naim: 0.02\ntables: {mine: {path: mine.parquet, row: flow}}\n"
        "scores: {theirs: {path: mine.parquet, row: minute, row_seconds: 60}}\n"
    )
    made = run_leaderboard(load_leaderboard(tmp_path / "board.yml"), [])
    mine = made.table.filter(pl.col("set") == "mine")
    assert set(mine["side"]) == TABLES | TRIVIAL and side(mine, "largest z")["found"] == 4
    assert mine["rate"].null_count() == mine.height and mine["row"][0] == "flow"
    theirs = made.table.filter(pl.col("set") == "theirs")
    assert theirs["side"].to_list() == ["theirs"] and theirs["found"][0] == 4
    assert theirs["rate"][0] is not None and theirs["auroc"][0] > 0.99


def test_neither_labels_nor_other_rows_of_the_test_move_a_flag(tmp_path: Path):
    board = Leaderboard(sets=[], seeds=[1], tables={"mine": {"path": tmp_path / "mine.parquet"}}, aim=0.2)
    learnt = pl.col("kind") == "model"

    def flags(change: dict[str, pl.Expr]) -> pl.DataFrame:
        own(tmp_path, **change)
        rows = run_leaderboard(board, []).table.filter(learnt)
        return rows.select("side", "false", flagged=pl.col("false") + pl.col("caught"))

    as_it_is = flags({})
    assert as_it_is["false"].min() > 0
    other = pl.when(pl.col("role") == "test").then(pl.int_range(pl.len()) % 7 == 0).otherwise(False)
    assert flags({"attack": other})["flagged"].to_list() == as_it_is["flagged"].to_list()
    louder = pl.when(pl.col("attack") == 1).then(9 * pl.col("load.cpu")).otherwise("load.cpu")
    assert flags({"load.cpu": louder})["false"].to_list() == as_it_is["false"].to_list()


def test_scores_without_calibration_rows_are_ranked_only(tmp_path: Path):
    own(tmp_path, role=pl.lit("test"))
    board = Leaderboard(sets=[], scores={"theirs": {"path": tmp_path / "mine.parquet"}})
    row = run_leaderboard(board, []).table.row(0, named=True)
    assert row["found"] is None and row["auroc"] > 0.99
    assert "no threshold" in row["not_judged"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"attack": pl.lit(1)}, "labelled as attacks"),
        ({"attack": (pl.col("role") == "test").cast(pl.Int8)}, "no benign row"),
        ({"role": pl.lit("test")}, "no row has the role train"),
        ({"group": pl.lit(None, pl.String)}, "no group"),
    ],
)
def test_a_table_of_ones_own_that_is_none_is_named(change: dict[str, pl.Expr], reason: str, tmp_path: Path):
    own(tmp_path, **change)
    board = Leaderboard(sets=[], tables={"mine": {"path": tmp_path / "mine.parquet"}})
    made = run_leaderboard(board, [])
    assert reason in made.failed["mine"] and made.table.is_empty()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sets: [cld]", "unknown data set 'cld'; did you mean 'cdl'"),
        ("aim: 0", "aim"),
        ("seeds: []", "seeds"),
        ("detectors: [largest_zz]", "did you mean 'largest_z'"),
        ("detectors: [flag_all]", "in every table already"),
        ("set: [cdl]", "unknown key 'set'; did you mean 'sets'"),
        ("tables: {cdl: {path: x}}\nsets: [cdl]", "two entries are called 'cdl'"),
        ("tables: {a: {path: x, early_attacks: maybe}}", "early_attacks"),
        ("- cdl", "a leaderboard is a mapping"),
    ],
)
def test_a_leaderboard_file_that_is_none_says_where(text: str, message: str, tmp_path: Path):
    path = tmp_path / "board.yml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        load_leaderboard(path)


def test_files_appear_whole_and_strings_are_harmless(tmp_path: Path):
    own(tmp_path, detector=pl.lit("a|b<script>\x1b[2J\n"))
    board = Leaderboard(sets=[], scores={"theirs": {"path": tmp_path / "mine.parquet"}})
    out = write_board(run_leaderboard(board, []), tmp_path / "out")
    assert pl.read_parquet(out / "board.parquet").schema == BOARD
    assert pl.read_csv(out / "board.csv").height == 1
    text = (out / "board.md").read_text()
    assert "<script>" not in text and "\x1b" not in text and "a\\|b" in text


def test_the_shipped_leaderboard_names_every_set_of_ours():
    board = load_leaderboard(Path(__file__).parents[2] / "experiments" / "leaderboard.yml")
    assert board.sets == Leaderboard().sets
