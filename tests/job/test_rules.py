"""Rules in the scoring job: their findings stand beside the model's, however a day is cut and comes."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from rtml.captures import Capture, open_capture
from rtml.cli import app
from rtml.errors import RtmlError
from rtml.findings.context import with_context
from rtml.job import ruling
from rtml.job.running import run_job
from rtml.rules import run_rules
from rtml.rules.chosen import Chosen
from tests.job.conftest import OURS, contents, cut, some_edges, written
from tests.rules import sigma_over


@pytest.fixture(scope="module")
def day(night: Capture, tmp_path_factory: pytest.TempPathFactory) -> Capture:
    """The half hour before midnight."""
    facts = {c.container_id: c for c in night.manifest.containers}
    events = night.events().filter(pl.col("time").dt.date() == dt.date(2026, 3, 9)).collect()
    return open_capture(written(tmp_path_factory.mktemp("day") / "capture", events, facts))


@pytest.fixture(scope="module")
def done(day: Capture, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished job: tests must leave it as it is."""
    out = tmp_path_factory.mktemp("ruled") / "out"
    run_job([day.path], folder, out, rules=OURS)
    return out


def findings(out: Path, source: str) -> pl.DataFrame:
    return pl.read_parquet(out / "findings.parquet").filter(source=source)


def test_findings_are_those_of_both(done: Path, day: Capture, folder: Path, tmp_path: Path):
    run_job([day.path], folder, tmp_path / "model")
    assert findings(done, "model").equals(findings(tmp_path / "model", "model"))
    ran = run_rules(day)
    plain = with_context(ran.findings(), day.events(), day.processes())
    order = ["first_seen", "detector", "finding_id"]
    assert findings(done, "rule").equals(plain.sort(order)) and plain.height > 1
    told = json.loads((done / "score.json").read_text())
    assert told["findings"] == pl.read_parquet(done / "findings.parquet").height
    assert (told["rules"]["packs"], told["rules"]["skipped"]) == (True, [])


def test_pieces_of_time_change_no_bit(
    done: Path, day: Capture, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    seen: list[int] = []
    borders = ruling._borders

    def noted(*given: object) -> object:
        seen.append(len(borders(*given)))
        return borders(*given)

    monkeypatch.setattr(ruling, "FEWEST", 150)
    monkeypatch.setattr(ruling, "_borders", noted)
    monkeypatch.setattr(ruling, "BYTES", 2_000_000_000)
    run_job([day.path], folder, tmp_path / "out", rules=OURS)
    assert seen[0] > 5
    assert contents(tmp_path / "out") == contents(done)


@pytest.mark.parametrize("memory", [600_000_000, 40_000_000_000])
def test_workers_and_memory_change_no_bit(
    done: Path, day: Capture, folder: Path, tmp_path: Path, memory: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("rtml.job.engines.local.SMALL", 0)
    run_job([day.path], folder, tmp_path / "out", rules=OURS, workers=2, memory=memory)
    assert contents(tmp_path / "out") == contents(done)


def test_any_number_of_runs_ends_as_one(night: Capture, folder: Path, tmp_path: Path):
    parts = cut(night, tmp_path / "in", some_edges(night, 4, 7))
    one = run_job([str(tmp_path / "in")], folder, tmp_path / "one", rules=OURS)
    for part in (parts[2], parts[0], parts[3], parts[1]):
        many = run_job([str(part)], folder, tmp_path / "many", rules=OURS)
    assert many == one and findings(tmp_path / "one", "rule").height > 1
    assert contents(tmp_path / "many") == contents(tmp_path / "one")


def test_rules_that_count_do_so_across_pieces(
    day: Capture, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Attacks are minutes apart: what is counted begins in an earlier piece."""
    counted = sigma_over.over("event_count", ["kit"], {"gte": 2}, timespan="40m")
    whole = sigma_over.over("event_count", ["kit"], {"eq": 2}, timespan="40m")
    rule = sigma_over.base("kit", ".kit")
    place = sigma_over.written(tmp_path / "rules", rules=[rule, counted, {**whole, "title": "Exactly"}])
    chosen = Chosen(None, sigma=tuple(place))
    run_job([day.path], folder, tmp_path / "one", rules=chosen)
    monkeypatch.setattr(ruling, "FEWEST", 150)
    monkeypatch.setattr(ruling, "BYTES", 2_000_000_000)
    run_job([day.path], folder, tmp_path / "many", rules=chosen)
    told = findings(tmp_path / "one", "rule")["contributions"].explode().struct.field("feature")
    assert {"Many", "Exactly"} <= set(told.str.extract(r"^(\w+)"))
    assert contents(tmp_path / "many") == contents(tmp_path / "one")


def test_other_rules_are_another_job(done: Path, day: Capture, folder: Path, tmp_path: Path):
    place = sigma_over.written(tmp_path / "rules", rules=[sigma_over.base("kit", ".kit")])
    chosen = Chosen(None, sigma=tuple(place))
    run_job([day.path], folder, tmp_path / "out", rules=chosen)
    before = contents(tmp_path / "out")
    with pytest.raises(RtmlError, match="rules differ"):
        run_job([day.path], folder, tmp_path / "out")
    sigma_over.written(tmp_path / "rules", rules=[sigma_over.base("kit", "other")])
    with pytest.raises(RtmlError, match="rules differ"):
        run_job([day.path], folder, tmp_path / "out", rules=chosen)
    assert contents(tmp_path / "out") == before
    run_job([day.path], folder, tmp_path / "out", rules=chosen, adopt=True)
    kept = findings(tmp_path / "out", "rule")["title"].to_list()
    assert kept and all("One kit" in title for title in kept), "the day has nothing new"


def test_rules_that_cannot_be_read_are_said_before_anything_is_written(
    day: Capture, folder: Path, tmp_path: Path
):
    (tmp_path / "empty").mkdir()
    with pytest.raises(RtmlError, match="no rule of Sigma"):
        run_job([day.path], folder, tmp_path / "out", rules=Chosen(None, sigma=(tmp_path / "empty",)))
    assert not (tmp_path / "out").exists()


def test_the_command_tells_both(day: Capture, folder: Path, done: Path, tmp_path: Path):
    bad = {**sigma_over.base("bad"), "detection": {"s": {"Image|nearly": "x"}, "condition": "s"}}
    place = sigma_over.written(tmp_path / "rules", rules=[sigma_over.base("kit", ".kit"), bad])
    line = ["score", day.path, "--model", str(folder), "--out"]
    ours = CliRunner().invoke(app, [*line, str(tmp_path / "ours"), "--rules"])
    said = " ".join(ours.output.split())  # lines are wrapped
    assert ours.exit_code == 0 and f"({findings(done, 'rule').height} of rules)" in said
    told = pl.read_parquet(tmp_path / "ours" / "findings.parquet")
    assert told.equals(pl.read_parquet(done / "findings.parquet"))
    theirs = CliRunner().invoke(app, [*line, str(tmp_path / "theirs"), "--sigma", str(place[0])])
    said = " ".join(theirs.output.split())
    assert theirs.exit_code == 0 and "left out" in said and "nearly" in said
    assert findings(tmp_path / "theirs", "rule")["title"].str.starts_with("One kit").all()
