"""The scoring job: what it writes, what it takes, what it refuses."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import Capture, open_captures
from rtml.errors import MissingFileError, RtmlError, UsageError
from rtml.job.inputs import found_captures
from rtml.job.known import Index
from rtml.job.opening import known_of
from rtml.job.plan import days_of
from rtml.job.running import run_job
from rtml.models import Scored, load_model
from tests.job.conftest import contents, cut, some_edges, written
from tests.models import conftest as shop


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    return shop.shop(tmp_path_factory.mktemp("day") / "capture")


@pytest.fixture(scope="module")
def scored(day: Capture, folder: Path) -> Scored:
    return load_model(folder).score(day)


@pytest.fixture(scope="module")
def done(day: Capture, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished job: tests must leave it as it is."""
    out = tmp_path_factory.mktemp("job") / "out"
    run_job([day.path], folder, out)
    return out


def test_the_folder_holds_what_judging_gives(done: Path, scored: Scored):
    given = {
        "windows": scored.windows,
        "scores": scored.scores,
        "trees": scored.by_tree(),
        "drift": scored.drift,
    }
    for name, table in given.items():
        assert pl.read_parquet(done / f"{name}.parquet").equals(table), name
    found = pl.read_parquet(done / "findings.parquet")
    judged = [name for name, values in scored.findings.to_dict().items() if values.null_count() < len(values)]
    assert found.select(judged).equals(scored.findings.select(judged))
    alarmed = found.filter(pl.col("detector").is_in(list(scored.alarms)))
    budgets = [scored.alarms[name].budget for name in alarmed["detector"]]
    assert alarmed["budget"].to_list() == budgets and alarmed.height > 0
    assert found.filter(pl.col("evidence").is_not_null())["events"].null_count() == 0
    told = json.loads((done / "score.json").read_text())
    assert (told["windows"], told["skipped"]) == (scored.windows.height, scored.skipped)
    assert told["alarms"] == scored.scores["alarm"].sum() > 0
    assert told["findings"] == scored.findings.height > 0
    assert told["budget"] == {name: alarm.sentence() for name, alarm in scored.alarms.items()}
    assert not (done / "suppressed.parquet").exists()


def test_tables_lie_by_day_and_host_too(done: Path):
    for name in ("windows", "scores", "trees", "findings"):
        parts = pl.read_parquet(f"{done}/date=2026-03-09/node=*/{name}.parquet", hive_partitioning=False)
        assert parts.height == pl.read_parquet(done / f"{name}.parquet").height, name


def test_nothing_new_is_nothing_done(day: Capture, folder: Path, done: Path):
    before = {path: path.stat().st_mtime_ns for path in done.rglob("*") if path.name != ".lock"}
    told = run_job([day.path], folder, done)
    assert told == json.loads((done / "score.json").read_text())
    assert {path: path.stat().st_mtime_ns for path in done.rglob("*") if path.name != ".lock"} == before


def test_days_without_events_are_not_judged(day: Capture, tmp_path: Path):
    """A log put together of alerts spans years and holds a handful of days."""
    events, facts = day.events().collect(), {c.container_id: c for c in day.manifest.containers}
    later = events.tail(20).with_columns(pl.col("time").dt.offset_by("400d"), pl.col("seq") + events.height)
    both = pl.concat([events, later])
    gap = found_captures([str(written(tmp_path / "gap", both, facts))])[0]
    index = Index(captures={gap.url: known_of(gap, tmp_path / "cache")})
    dates = both["time"].dt.date().unique().sort()
    assert [part.name for part in days_of(index)] == [str(date) for date in dates]
    assert known_of(found_captures([str(day.path)])[0], tmp_path / "cache").days is None


@pytest.mark.parametrize("what", ["windows", "findings", "day", "score"])
def test_a_job_that_cannot_write_says_so_and_the_next_one_ends_it(
    what: str, day: Capture, folder: Path, done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    replace = os.replace

    def full(source: Path, target: Path) -> None:
        if Path(target).stem == what:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(source, target)

    with monkeypatch.context() as broken:
        broken.setattr(os, "replace", full)
        with pytest.raises(RtmlError, match="No space left on device"):
            run_job([day.path], folder, tmp_path / "out")
    run_job([day.path], folder, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(done)


@pytest.mark.parametrize("change", [{"seed": 8}, {"until": 29}, {"families": ["lineage"]}], ids=str)
def test_another_model_is_another_job(change: dict[str, object], day: Capture, done: Path, tmp_path: Path):
    small = {"detectors": {"surprise": {}}}
    other = shop.learnt(day, **small | change).save(tmp_path / "other")
    with pytest.raises(RtmlError, match="another job"):
        run_job([day.path], other, done)


def test_another_budget_is_another_job(day: Capture, folder: Path, done: Path):
    with pytest.raises(RtmlError, match="another job"):
        run_job([day.path], folder, done, budget=500.0)


@pytest.mark.parametrize("name", ["score.json", "notes.txt"])
def test_a_folder_of_something_else_is_left_alone(name: str, day: Capture, folder: Path, tmp_path: Path):
    (tmp_path / name).write_text("{}")
    with pytest.raises(RtmlError, match="choose another place"):
        run_job([day.path], folder, tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.name != ".lock"] == [name]


@pytest.mark.parametrize("budget", [0.0, -1.0, float("nan")])
def test_a_budget_of_nothing_is_refused(budget: float, day: Capture, folder: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="must be above 0"):
        run_job([day.path], folder, tmp_path / "out", budget=budget)


def test_a_folder_without_a_model_is_refused(day: Capture, tmp_path: Path):
    with pytest.raises(RtmlError, match="not a model folder"):
        run_job([day.path], tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_inputs_are_captures_folders_and_patterns(night: Capture, folder: Path, tmp_path: Path):
    captures = cut(night, tmp_path / "in" / "deep", some_edges(night, 3, 5))
    (tmp_path / "in" / ".half").mkdir()
    shutil.copy(captures[0] / "capture.json", tmp_path / "in" / ".half")
    shutil.copytree(captures[0], tmp_path / "in" / "copy")
    whole = run_job([str(tmp_path / "in")], folder, tmp_path / "folder")
    assert whole["events"] == night.manifest.events, "a copy counts once, what is being written not at all"
    for inputs in (
        [str(path) for path in captures],
        [str(tmp_path / "in" / "d*" / "part-*")],
        [str(tmp_path / "**" / "part-0?")],
        [str(tmp_path / "i[n]"), str(captures[1])],
    ):
        out = tmp_path / str(len(list(tmp_path.iterdir())))
        assert run_job(inputs, folder, out)["findings"] == whole["findings"]
        assert pl.read_parquet(out / "findings.parquet").equals(
            pl.read_parquet(tmp_path / "folder" / "findings.parquet")
        )
    with pytest.raises(MissingFileError, match="no capture here"):
        run_job([str(tmp_path / "absent")], folder, tmp_path / "x")
    assert run_job([str(tmp_path / "absent-*")], folder, tmp_path / "x")["events"] == 0


def test_events_of_findings_are_those_of_all_captures_together(night: Capture, folder: Path, tmp_path: Path):
    morning = shop.shop(tmp_path / "in" / "morning")  # so that the second day does not begin with the first
    captures = [Path(morning.path), *cut(night, tmp_path / "in", some_edges(night, 5, 7))]
    for path in reversed(captures):
        run_job([str(path)], folder, tmp_path / "out")
    together = open_captures(captures)
    events = together.events(["host", "seq", "time", "kind"]).with_columns(
        pl.col("host", "kind").cast(pl.String)
    )
    shown = pl.read_parquet(tmp_path / "out" / "findings.parquet")["events"].explode().struct.unnest()
    met = shown.unique().join(events.collect(), on=["host", "seq", "time", "kind"], how="semi")
    assert met.height == shown.unique().height > 10


def test_rules_that_suppress_are_applied_anew(day: Capture, folder: Path, done: Path, tmp_path: Path):
    kind = pl.read_parquet(done / "findings.parquet")["type"][0]
    rule = "- {name: quiet, owner: me, reason: known, expires: 2099-01-01, where: {type: '%s'}}\n"
    (tmp_path / "quiet.yml").write_text(rule % kind)
    quiet = run_job([day.path], folder, tmp_path / "out", suppress=tmp_path / "quiet.yml")
    archived = pl.read_parquet(tmp_path / "out" / "suppressed.parquet")
    assert quiet["archived"] == archived.height > 0 and set(archived["type"]) == {kind}
    (tmp_path / "quiet.yml").write_text((rule % kind).replace("2099", "2020"))
    assert run_job([day.path], folder, tmp_path / "out", suppress=tmp_path / "quiet.yml")["archived"] == 0
    run_job([day.path], folder, tmp_path / "out")
    assert {k: v for k, v in contents(tmp_path / "out").items() if k != "score.json"} == {
        k: v for k, v in contents(done).items() if k != "score.json"
    }


def test_a_host_that_a_capture_names_no_more_is_gone_from_its_day(
    night: Capture, folder: Path, tmp_path: Path
):
    """A capture is imported again with another name for its host: nothing of the former one stays."""
    events, facts = night.events().collect(), {c.container_id: c for c in night.manifest.containers}
    for host in ("h", "k"):
        shutil.rmtree(tmp_path / "in", ignore_errors=True)
        rows = events.with_columns(host=pl.lit(host).cast(events.schema["host"]))
        named = {name: one.model_copy(update={"host": host}) for name, one in facts.items()}
        written(tmp_path / "in" / "c", rows, named)
        run_job([str(tmp_path / "in")], folder, tmp_path / "out")
    run_job([str(tmp_path / "in")], folder, tmp_path / "one")
    assert contents(tmp_path / "out") == contents(tmp_path / "one")
    assert not [name for name in contents(tmp_path / "out") if "node=h/" in name]
