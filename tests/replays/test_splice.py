"""Spliced trials on the shipped capture: the same attack, elsewhere, and nothing else touched."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from rtml.captures import Capture, check_capture, open_capture
from rtml.captures.digest import digest_capture
from rtml.captures.processes import process_images
from rtml.captures.roots import root_of
from rtml.errors import RtmlError, UsageError
from rtml.evaluation.labels import in_capture, read_labels
from rtml.evaluation.trees import attack_trees
from rtml.schema import IDENTITY
from rtml.splicing.placing import Place, choose, free
from rtml.splicing.recorded import read_rejects
from rtml.splicing.splice import GAP, Spliced, splice
from rtml.splicing.splice_files import splice_to

TRIALS = 24


@pytest.fixture(scope="module")
def labels(lab_labels: Path) -> pl.DataFrame:
    return read_labels(lab_labels)


@pytest.fixture(scope="module")
def trees(lab: Capture, labels: pl.DataFrame) -> pl.DataFrame:
    return attack_trees(labels, lab.processes().collect())


@pytest.fixture(scope="module")
def done(lab: Capture, labels: pl.DataFrame, trees: pl.DataFrame) -> Spliced:
    return splice(lab, labels, trees, trials=TRIALS, seed=7)


def made(done: Spliced) -> pl.DataFrame:
    """Labels of trials with the attack that each one repeats."""
    spliced = done.labels.filter(pl.col("provenance") == "spliced")
    return spliced.with_columns(source=pl.col("attack_id").str.split("~").list.first())


def of_tree(rows: pl.DataFrame, images: pl.DataFrame, label: dict) -> pl.DataFrame:
    """Events or images of a label's tree in its container, in order."""
    one = pl.DataFrame({"attack_id": ["x"], "process_id": [label["process_id"]]})
    ids = attack_trees(one, images)["process_id"].to_list()
    mine = rows.filter(pl.col("process_id").is_in(ids))
    there = pl.col("container_id").cast(pl.String) == label["container_id"]
    order = ["time", "seq"] if "time" in rows.columns else ["since", "image_seq"]
    return mine.filter(there).sort(order, nulls_last=False)


def pairs(done: Spliced, labels: pl.DataFrame) -> list[tuple[dict, dict]]:
    known = {row["attack_id"]: row for row in labels.iter_rows(named=True)}
    return [(known[row["source"]], row) for row in made(done).iter_rows(named=True)]


def test_there_are_as_many_trials_as_asked_and_every_attack_has_its_share(done: Spliced):
    assert made(done).height == TRIALS == sum(done.trials.values())
    assert set(done.trials) == {f"a{n:02}" for n in range(1, 17)}
    assert max(done.trials.values()) - min(done.trials.values()) <= 1
    assert done.left_out == {}


def test_what_was_recorded_is_unchanged(done: Spliced, lab: Capture, labels: pl.DataFrame):
    added = made(done)["process_id"].to_list()
    old = lab.events().collect()
    top = int(old.select(pl.col("seq").max()).item())
    assert_frame_equal(
        done.events.filter(pl.col("seq") <= top), old.sort("time", "seq"), categorical_as_str=True
    )
    images = lab.processes().collect()
    kept = done.processes.join(images.select("process_id").unique(), on="process_id", how="semi")
    order = ["since", "process_id", "image_seq"]
    assert_frame_equal(kept.sort(order), images.sort(order))
    assert_frame_equal(done.labels.filter(~pl.col("process_id").is_in(added)), labels)


def test_a_trial_is_the_attack_shifted_in_time_to_the_nanosecond(
    done: Spliced, lab: Capture, labels: pl.DataFrame
):
    events, images = lab.events().collect(), lab.processes().collect()
    same = [
        "kind",
        "result",
        "exe",
        "comm",
        "cmdline",
        "path",
        "path_to",
        "flags",
        "domain",
        "dst_ip",
        "dst_port",
        "request",
        "wrote",
        "uid",
        "exe_memory",
    ]
    for source, trial in pairs(done, labels):
        before = of_tree(events, images, source)
        after = of_tree(done.events, done.processes, trial)
        assert before.height == after.height > 0
        assert_frame_equal(before.select(same), after.select(same), categorical_as_str=True)
        moved = ends(done.labels, trial) - ends(labels, source)
        assert moved.n_unique() == 1
        apart = nanoseconds(after["time"]) - nanoseconds(before["time"])
        assert apart.n_unique() == 1
        since = nanoseconds(after["started"]) - nanoseconds(before["started"])
        assert set(since.drop_nulls()) == {apart[0]}
        assert apart[0] == moved[0]


def nanoseconds(times: pl.Series) -> pl.Series:
    return times.dt.epoch("ns")


def ends(labels: pl.DataFrame, label: dict) -> pl.Series:
    row = labels.filter(pl.col("attack_id") == label["attack_id"])
    return nanoseconds(pl.concat([row["start"], row["end"]]))


def test_the_tree_of_a_trial_has_the_same_shape(done: Spliced, lab: Capture, labels: pl.DataFrame):
    images = lab.processes().collect()
    for source, trial in pairs(done, labels):
        before = of_tree(images, images, source)
        after = of_tree(done.processes, done.processes, trial)
        assert before["ancestors"].to_list() == after["ancestors"].to_list()
        assert shape(before) == shape(after)
        assert not set(before["process_id"]) & set(after["process_id"])
        assert not set(after["pid"]) & set(images["pid"])


def shape(images: pl.DataFrame) -> list[tuple]:
    """Programs and parents, with processes numbered in order of appearance."""
    number = {p: n for n, p in enumerate(images["process_id"].unique(maintain_order=True))}
    rows = images.select("process_id", "parent_id", "exe", "image_seq").iter_rows()
    return [(number[p], number.get(q, -1), exe, seq is None) for p, q, exe, seq in rows]


def test_the_root_hangs_below_the_process_that_corresponds(done: Spliced, lab: Capture, labels: pl.DataFrame):
    first = done.processes.unique("process_id", keep="last", maintain_order=True)
    facts = {row["process_id"]: row for row in first.iter_rows(named=True)}
    for source, trial in pairs(done, labels):
        old = facts.get(facts[source["process_id"]]["parent_id"])
        new = facts.get(facts[trial["process_id"]]["parent_id"])
        assert (old is None) == (new is None)
        if new is not None:
            assert (new["exe"], new["cmdline"]) == (old["exe"], old["cmdline"])
            assert new["container_id"] == trial["container_id"]
            assert facts[trial["process_id"]]["ppid"] == new["pid"]
            assert new["since"] <= trial["start"] and trial["end"] <= new["until"]


def test_lineage_follows_from_the_events_too(done: Spliced):
    """What a reader would derive from events and parents is what the table says."""
    roots = done.processes.select("process_id", "parent_id", "container_id", "since")
    derived = root_of(roots).sort("process_id")
    told = done.processes.select("process_id", "root_id").unique().sort("process_id")
    trials = made(done)["process_id"].implode()
    mine = pl.col("root_id").is_in(trials)
    assert_frame_equal(derived.filter(mine), told.filter(mine))
    again = process_images(
        done.events.filter(pl.col("process_id").is_in(told.filter(mine)["process_id"].implode()))
    )
    assert again.height >= told.filter(mine).height


def test_an_exec_matches_one_image(done: Spliced):
    execs = done.events.filter((pl.col("kind") == "exec") & (pl.col("result").fill_null(0) >= 0)).select(
        pl.col("host").cast(pl.String), image_seq="seq", process="process_id"
    )
    met = execs.join(done.processes, on=["host", "image_seq"])
    assert met.height == execs.height
    assert (met["process"] == met["process_id"]).all()


def test_a_trial_lies_in_a_peer_and_bears_its_names(done: Spliced, lab: Capture, labels):
    containers = lab.containers()
    facts = {row["container_id"]: row for row in containers.iter_rows(named=True)}
    for source, trial in pairs(done, labels):
        here, there = facts[trial["container_id"]], facts[source["container_id"]]
        assert here["container_id"] != there["container_id"]
        assert (here["workload"], here["image"]) == (there["workload"], there["image"])
        assert here["role"] != "infrastructure"
        assert here["first_seen"] <= trial["start"] and trial["end"] <= here["last_seen"]
        rows = of_tree(done.events, done.processes, trial).select(IDENTITY).cast(pl.String).unique()
        assert rows.height == 1
        assert rows["container_name"][0] == here["container_name"]


def test_no_two_attacks_come_near_each_other(done: Spliced):
    for name in done.labels["container_id"].unique().sort():
        rows = done.labels.filter(pl.col("container_id") == name).sort("start")
        spaces = (rows["start"] - rows["end"].shift(1)).drop_nulls()
        spliced = (rows["provenance"] == "spliced") | (
            rows["provenance"].shift(1, fill_value="") == "spliced"
        )
        near = spaces.filter(spliced.slice(1)) < dt.timedelta(seconds=GAP)
        assert not near.any()


def test_the_result_is_a_sound_capture(done: Spliced, lab: Capture, tmp_path: Path):
    splice_to(tmp_path / "out", done, read_rejects(lab))
    capture = open_capture(tmp_path / "out" / "capture")
    assert [check.name for check in check_capture(capture) if not check.ok] == []
    known = read_labels(tmp_path / "out" / "labels.parquet")
    kept, warnings = in_capture(known, capture.containers()["container_id"])
    assert (kept.height, warnings) == (16 + TRIALS, [])
    with pytest.raises(RtmlError, match="exists already"):
        splice_to(tmp_path / "out", done, read_rejects(lab))


def test_the_same_seed_gives_the_same_bytes(lab, labels, trees, tmp_path: Path):
    for name, seed in (("one", 5), ("two", 5), ("other", 6)):
        done = splice(lab, labels.sample(fraction=1, shuffle=True, seed=seed), trees, trials=8, seed=seed)
        splice_to(tmp_path / name, done, read_rejects(lab))
    one, two, other = (open_capture(tmp_path / n / "capture") for n in ("one", "two", "other"))
    assert digest_capture(one) == digest_capture(two) != digest_capture(other)
    files = ["capture/processes.parquet", "capture/capture.json", "labels.parquet"]
    assert all((tmp_path / "one" / f).read_bytes() == (tmp_path / "two" / f).read_bytes() for f in files)


def test_trials_keep_to_the_time_they_are_given(lab, labels, trees):
    begin = dt.datetime(2026, 11, 24, 3, 5, tzinfo=dt.UTC)
    end = begin + dt.timedelta(minutes=5)
    done = splice(lab, labels, trees, trials=3, seed=1, within=(begin, end))
    assert made(done)["start"].is_between(begin, end).all()
    assert made(done)["end"].is_between(begin, end).all()


def test_without_room_it_is_refused(lab, labels, trees):
    moment = dt.datetime(2026, 11, 24, 3, 5, tzinfo=dt.UTC)
    within = (moment, moment + dt.timedelta(microseconds=500))
    with pytest.raises(RtmlError, match=r"no benign time is long enough \(the shortest attack"):
        splice(lab, labels, trees, trials=1, seed=1, within=within)
    with pytest.raises(RtmlError, match=r"only \d+ of 5000 trials fit into the benign time"):
        splice(lab, labels, trees, trials=5000, seed=1)
    with pytest.raises(UsageError, match="at least 1 is wanted"):
        splice(lab, labels, trees, trials=0, seed=1)


def test_a_spliced_attack_is_never_spliced_again(lab, labels, trees):
    marked = labels.with_columns(provenance=pl.lit("spliced"))
    with pytest.raises(RtmlError, match="nothing can be spliced: there is no attack"):
        splice(lab, marked, trees, trials=1, seed=1)


def test_an_attack_inside_a_service_is_left_out(lab, labels, trees):
    inside = labels["attack_id"][0]
    entry = pl.when(pl.col("attack_id") == inside).then(pl.lit("service"))
    made = splice(lab, labels.with_columns(entry=entry), trees, trials=4, seed=1)
    assert "in the service itself" in made.left_out[inside] and inside not in made.trials


def test_an_attack_without_a_peer_is_left_out_and_said_so(lab, labels, trees):
    infra = lab.containers().filter(pl.col("role") == "infrastructure")["container_id"][0]
    moved = labels.with_columns(
        container_id=pl.when(pl.col("attack_id") == "a01").then(pl.lit(infra)).otherwise("container_id")
    )
    done = splice(lab, moved, trees, trials=15, seed=1)
    assert done.left_out == {"a01": "its processes are not in the capture"}
    assert "a01" not in done.trials


def test_a_room_is_what_is_left_of_a_stretch():
    assert free((0, 10), [], 5) == [(0, 10)]
    assert free((0, 10), [(0, 10)], 0) == []
    assert free((0, 100), [(10, 20), (15, 30), (90, 200)], 5) == [(0, 5), (35, 85)]


def test_every_beginning_is_equally_likely():
    places = {"a": [Place("c", (0, 9)), Place("d", (100, 109))]}
    begins = [choose({"a": 5}, places, {}, 1, 0, seed)[0].begin for seed in range(600)]
    assert set(begins) == {*range(5), *range(100, 105)}
    assert min(begins.count(n) for n in set(begins)) > 30


def test_the_command_makes_it(lab: Capture, lab_labels: Path, tmp_path: Path):
    import typer

    from rtml.commands.splice import splice as command

    app = typer.Typer()
    app.command()(command)
    words = [lab.path, "--labels", str(lab_labels), "--out", str(tmp_path / "x"), "--trials", "5"]
    shown = CliRunner().invoke(app, words)
    assert shown.exit_code == 0, shown.output
    assert "5 trials" in shown.output and "marked `spliced`" in shown.output
    assert read_labels(tmp_path / "x" / "labels.parquet").height == 21
