"""Every data set from small files of its own: prepared whole with its card, or refused with a clear word."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from rtml.datasets import DATASETS, dataset_of
from rtml.datasets.card import Card, read_card
from rtml.datasets.finding import find, holds
from rtml.datasets.preparing import prepare
from rtml.errors import MissingFileError, RtmlError
from tests.datasets.inputs import INPUTS, counts, flows, published, recording


def made(name: str, tmp_path: Path) -> tuple[Card, Path]:
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir(exist_ok=True)
    if not any(source.iterdir()):
        INPUTS[name](source)
    return prepare(dataset_of(name), source, out), out


def test_every_registered_set_has_an_input_here():
    assert set(INPUTS) == set(DATASETS)


@pytest.mark.parametrize("name", INPUTS)
def test_a_set_is_prepared_with_a_card_and_again_with_the_same_hashes(name: str, tmp_path: Path):
    card, out = made(name, tmp_path)
    assert card == read_card(out) and card.name == name
    assert card.inputs and all(len(file.sha256) == 64 for file in card.inputs)
    assert any(number > 0 for number in card.counts.values())
    text = (out / "card.md").read_text()
    assert card.licence in text and card.origin in text
    assert ("no: only on small files" in text) == (card.tried is None)
    again = prepare(dataset_of(name), tmp_path / "source", tmp_path / "again")
    assert again.made == card.made and again.counts == card.counts


@pytest.mark.parametrize("name", INPUTS)
def test_the_folder_of_another_set_is_no_folder_of_it(name: str, tmp_path: Path):
    other = "cdl" if name != "cdl" else "adfa-ld"
    INPUTS[other](tmp_path)
    with pytest.raises(MissingFileError, match=f"no files of {name} .*looks like {other}"):
        prepare(dataset_of(name), tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", INPUTS)
def test_nothing_is_written_over_and_nothing_half(name: str, tmp_path: Path):
    made(name, tmp_path)
    with pytest.raises(RtmlError, match="exists already"):
        prepare(dataset_of(name), tmp_path / "source", tmp_path / "out")
    with pytest.raises(MissingFileError):
        prepare(dataset_of(name), tmp_path / "nowhere", tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "source"]


@pytest.mark.parametrize("name", INPUTS)
def test_a_set_is_found_raw_below_a_folder_and_prepared_before_raw(name: str, tmp_path: Path):
    card, out = made(name, tmp_path)
    one = dataset_of(name)
    (tmp_path / "source").rename(tmp_path / name)
    assert find(one, [tmp_path]) == (tmp_path / name, False)
    assert find(one, [tmp_path / name]) == (tmp_path / name, False)
    assert find(one, [out, tmp_path]) == (out, True)
    assert find(one, [tmp_path / "nowhere"]) is None
    others = [other for other, them in DATASETS.working() if other != name and holds(them, tmp_path / name)]
    # A recording of ours is told from the other by its sittings; no other two sets look alike.
    assert others == [] or {name, *others} == {"lab-v1", "replays-v1"}


HALF: list[tuple[str, Callable[[Path], object], str]] = [
    (
        "assuremoss",
        lambda at: (at / "elastic_may2021_malicious_data.csv").unlink(),
        "malicious flows of May 2021",
    ),
    ("lid-ds-2021", lambda at: shutil.rmtree(at / "CVE-2014-0160/test"), "CVE-2014-0160, test, is missing"),
    ("lid-ds-2021", lambda at: shutil.rmtree(at / "CVE-2014-0160/validation"), "validation, is missing"),
    ("adfa-ld", lambda at: shutil.rmtree(at / "Attack_Data_Master"), "Attack_Data_Master is missing"),
    ("adfa-ld", lambda at: shutil.rmtree(at / "Validation_Data_Master"), "Validation_Data_Master is missing"),
    ("beth", lambda at: (at / "labelled_testing_data.csv").unlink(), "the testing file is missing"),
    ("sysflow", lambda at: (at / "labels/lineage_labels.csv").unlink(), "the labels is missing"),
    ("sysflow", lambda at: (at / "proc_mon.1531776682.sf").unlink(), "and what follows it are wanted"),
    ("lab-v1", lambda at: (at / "labels.parquet").unlink(), "no labels here"),
]


@pytest.mark.parametrize(("name", "remove", "message"), HALF)
def test_half_of_the_files_is_named(
    name: str, remove: Callable[[Path], object], message: str, tmp_path: Path
):
    remove(INPUTS[name](tmp_path))
    with pytest.raises(RtmlError, match=message):
        prepare(dataset_of(name), tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def replaced(file: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / file
        path.write_text(path.read_text().replace(old, new))

    return change


OTHER: list[tuple[str, Callable[[Path], object], str]] = [
    ("assuremoss", replaced("elastic_may2021_benign_data.csv", "label\n", "lable\n"), "did you mean 'lable'"),
    ("assuremoss", replaced("elastic_may2021_malicious_data.csv", "-", "/"), "none of 150 rows can be read"),
    ("assuremoss", replaced("elastic_may2021_malicious_data.csv", "benign", "malicious"), "no benign row"),
    ("beth", replaced("labelled_testing_data.csv", "sus", "suspicious"), "no column 'sus'"),
    ("beth", replaced("labelled_testing_data.csv", ",1,1\n", ",9,1\n"), "row 2: 'sus' must be 0 or 1"),
    ("beth", replaced("labelled_testing_data.csv", "processId", "pid"), "lacks columns processId"),
    (
        "sysflow",
        replaced("labels/lineage_labels.csv", "record_index", "index"),
        "no column 'record_index'; known: attack, file, index",
    ),
    ("sysflow", replaced("labels/lineage_labels.csv", "proc_mon", "other"), "labels match no record"),
]


@pytest.mark.parametrize(("name", "change", "message"), OTHER)
def test_other_columns_and_labels_of_something_else(
    name: str, change: Callable[[Path], object], message: str, tmp_path: Path
):
    change(INPUTS[name](tmp_path))
    with pytest.raises(RtmlError, match=message):
        prepare(dataset_of(name), tmp_path, tmp_path / "out")


def test_counts_without_a_label_column_or_of_attacks_alone(tmp_path: Path):
    table = counts("CVE-2020-0001")
    table.rename({"attack": "label"}).write_parquet(tmp_path / "CVE-2020-0001.parquet")
    with pytest.raises(RtmlError, match="CVE-2020-0001.parquet: no column 'attack'"):
        prepare(dataset_of("cdl"), tmp_path, tmp_path / "out")
    table.filter(pl.col("part") == "test").write_parquet(tmp_path / "CVE-2020-0001.parquet")
    with pytest.raises(RtmlError, match="no row of part 'CVE-2020-0001' has the role train"):
        prepare(dataset_of("cdl"), tmp_path, tmp_path / "out")
    (tmp_path / "CVE-2020-0001.parquet").write_bytes(b"PAR1junk")
    with pytest.raises(RtmlError, match="cannot be read as Parquet"):
        prepare(dataset_of("cdl"), tmp_path, tmp_path / "out")


def test_cdl_counts_neither_way_what_comes_after_success(tmp_path: Path):
    _, out = made("cdl", tmp_path)
    rows = pl.read_parquet(out / "rows.parquet").filter(pl.col("role") == "test")
    run = rows.filter(pl.col("group") == "CVE-2020-0001/test-1")["attack"].to_list()
    assert run == [0] * 100 + [1] * 10 + [None] * 70
    assert rows["attack_id"].drop_nulls().n_unique() == 8


def test_cdl_holds_out_runs_and_leaves_aside_what_nobody_published(tmp_path: Path):
    source = tmp_path / "source"
    source.mkdir()
    published(INPUTS["cdl"](source), ["CVE-2020-0001", "CVE-2020-0009"])
    card, out = made("cdl", tmp_path)
    rows = pl.read_parquet(out / "rows.parquet")
    assert rows["part"].unique().to_list() == ["CVE-2020-0001"]
    held = rows.filter(pl.col("role") == "calibrate")["group"].unique().sort().to_list()
    assert held == [f"CVE-2020-0001/benign-{run}" for run in (12, 3, 6, 9)]
    assert any("left aside" in note and "CVE-2020-0002" in note for note in card.notes)
    assert any("missing: CVE-2020-0009" in note for note in card.notes)
    assert [(one.who, one.found, one.attacks, one.false_share) for one in card.others()] == [
        ("theirs", 3, 4, 0.01)
    ]
    published(source, ["CVE-1999-0001"])
    with pytest.raises(RtmlError, match="names none of the CVEs that are there"):
        prepare(dataset_of("cdl"), source, tmp_path / "new")


def test_flows_that_cannot_be_read_are_counted_and_kept(tmp_path: Path):
    source = tmp_path / "source"
    source.mkdir()
    INPUTS["assuremoss"](source)
    flows(source / "elastic_february2022_data.csv", 0, 3)
    path = source / "elastic_may2021_malicious_data.csv"
    odd = [
        "soon,10.0.0.1,4,10.0.1.1,80,tcp,9,9,benign",
        "2021-05-20T10:00:00.000Z,10.0.0.1,4,1,80,tcp,9,9,odd",
    ]
    path.write_text("\n".join([path.read_text().strip(), *odd, "x,y\n"]))
    card, out = made("assuremoss", tmp_path)
    assert sum(card.rejects.values()) == 3 and len(card.rejects) == 3
    assert "not read: elastic_february2022_data.csv" in card.notes
    kept = pl.read_parquet(out / "rejects.parquet")
    assert kept["line"].to_list() == [154, 152, 153]
    rows = pl.read_parquet(out / "rows.parquet")
    assert card.counts["test, attack"] == 30 and rows.filter(pl.col("role") == "test").height == 150
    train, held = (rows.filter(pl.col("role") == role)["time"] for role in ("train", "calibrate"))
    assert train.max() < held.min() and abs(held.len() / 400 - 0.3) < 0.02


def test_flows_are_compared_with_training_flows_alone(tmp_path: Path):
    _, out = made("assuremoss", tmp_path)
    rows = pl.read_parquet(out / "rows.parquet").filter(pl.col("role") == "test")
    bits = rows.group_by("attack").agg(pl.col("peers.triple_bits").mean()).sort("attack")["peers.triple_bits"]
    assert bits[1] > bits[0] + 3


def test_recordings_that_are_none_are_counted_and_more_than_half_of_them_refused(tmp_path: Path):
    source = tmp_path / "source"
    INPUTS["lid-ds-2021"](source)
    scenario = source / "CVE-2014-0160"
    (scenario / "training" / "cut.zip").write_bytes(b"PK\x03\x04junk")
    recording(scenario / "training" / "odd.zip", lines=["no line", "", "x 1 2 p 3 read >"])
    card, out = made("lid-ds-2021", tmp_path)
    assert sum(card.rejects.values()) == 3
    rows = pl.read_parquet(out / "rows.parquet")
    attacked = rows.filter(pl.col("group") == "CVE-2014-0160/odd_gauss_0").sort("time")["attack"].to_list()
    assert attacked == [0] * 5 + [1] * 3
    assert rows["syscalls.read"].sum() > 0 and rows["syscalls.ptrace"].null_count() == 0
    for path in [*(scenario / "training").glob("*.zip"), *(scenario / "validation").glob("*.zip")]:
        path.write_bytes(b"none")
    with pytest.raises(RtmlError, match="14 of 26 recordings cannot be read"):
        prepare(dataset_of("lid-ds-2021"), source, tmp_path / "new")


@pytest.mark.parametrize("exploit", ["soon", None])
def test_an_exploit_without_its_time_is_no_recording(exploit: str | None, tmp_path: Path):
    source = tmp_path / "source"
    INPUTS["lid-ds-2021"](source)
    path = source / "CVE-2014-0160/test/normal_and_attack/odd_gauss_0.zip"
    with zipfile.ZipFile(path) as archive:
        lines = archive.read("odd_gauss_0.sc")
    facts = str({"exploit": "yes", "time": {"exploit": [{"absolute": exploit}]}})  # as Python writes a dict
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("odd_gauss_0.sc", lines)
        archive.writestr("odd_gauss_0.json", facts.replace("None", "null"))
    card, _ = made("lid-ds-2021", tmp_path)
    assert list(card.rejects) == ["it says that there was an exploit, and not when"]


def test_traces_that_are_none_are_counted(tmp_path: Path):
    source = tmp_path / "source"
    INPUTS["adfa-ld"](source)
    (source / "Training_Data_Master" / "empty.txt").write_text(" ")
    (source / "Training_Data_Master" / "words.txt").write_text("3 4 five")
    card, out = made("adfa-ld", tmp_path)
    assert card.rejects == {"something else than numbers of system calls": 1, "the trace is empty": 1}
    rows = pl.read_parquet(out / "rows.parquet")
    assert rows.group_by("role").len().sort("role")["len"].to_list() == [30, 90 + 15, 30]
    assert rows.filter(pl.col("attack") == 1)["attack_id"].n_unique() == 3
    shares = rows.select(pl.sum_horizontal(pl.selectors.starts_with("calls."))).to_series()
    assert shares.min() == pytest.approx(1) == shares.max()


def test_labels_of_events_join_by_row_and_are_of_1970(tmp_path: Path):
    card, out = made("beth", tmp_path)
    labels = pl.read_parquet(out / "event_labels.parquet")
    assert labels["capture"].unique().to_list() == ["testing"]
    assert labels.height == card.counts["testing, sus"] > 0
    assert [span.role for span in card.spans] == ["train", "calibrate", "test"]
    assert json.loads((out / "testing" / "capture.json").read_text())["start"].startswith("1970")


def test_a_card_that_was_changed_is_refused_and_hostile_names_are_harmless(tmp_path: Path):
    source = tmp_path / "source"
    INPUTS["lid-ds-2021"](source)
    (source / "CVE-2014-0160/training/a|b<script>\x1b[2J.zip").write_bytes(b"junk")
    _, out = made("lid-ds-2021", tmp_path)
    text = (out / "card.md").read_text()
    assert "\x1b" not in text and "<script>" not in text and "a\\|b" in text
    (out / "card.json").write_text('{"name": "cdl"}')
    with pytest.raises(RtmlError, match="not a data card"):
        read_card(out)
