"""The batch job: one folder, whole or not at all, and never another job's result."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import Capture
from rtml.errors import RtmlError, UsageError
from rtml.models import Scored
from tests.models.conftest import kept, learnt, ran, shop


@pytest.fixture(scope="module")
def place(capture: Capture) -> Path:
    return Path(capture.path)


@pytest.fixture(scope="module")
def done(place: Path, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished job: tests must leave it as it is."""
    out = tmp_path_factory.mktemp("job") / "out"
    ran(place, folder, out)
    return out


def test_the_folder_holds_what_judging_gives(done: Path, scored: Scored):
    for name in ("windows", "scores"):
        assert pl.read_parquet(done / f"{name}.parquet").equals(getattr(scored, name)), name
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


@pytest.mark.parametrize("fails", ["windows", "scores", "findings"])
def test_a_job_that_fails_while_it_writes_leaves_nothing(
    fails: str, place: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write = pl.DataFrame.write_parquet

    def broken(self: pl.DataFrame, file: Path, **options: object) -> None:
        if Path(file).stem == fails:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(self, file, **options)

    monkeypatch.setattr(pl.DataFrame, "write_parquet", broken)
    with pytest.raises(RtmlError, match=r"No space left on device.*nothing was kept"):
        ran(place, folder, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_finished_job_is_kept_by_resume_and_else_refused(place: Path, folder: Path, done: Path):
    before = {path: path.stat().st_mtime_ns for path in done.iterdir()}
    told = ran(place, folder, done, resume=True)
    assert told == json.loads((done / "score.json").read_text())
    with pytest.raises(RtmlError, match="exists already"):
        ran(place, folder, done)
    assert {path: path.stat().st_mtime_ns for path in done.iterdir()} == before


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 8},
        {"budget": 30.0},
        {"detectors": {"surprise": {}}},
        {"until": 29},
        {"families": ["lineage"]},
    ],
    ids=str,
)
def test_another_model_is_another_job(
    change: dict[str, object], place: Path, capture: Capture, done: Path, tmp_path: Path
):
    small = {"detectors": {"surprise": {}, "half_space_trees": {"trees": 10}}}
    other = kept(learnt(capture, **small | change), tmp_path / "other")
    with pytest.raises(RtmlError, match="another job"):
        ran(place, other, done, resume=True)


def test_another_capture_or_budget_is_another_job(place: Path, folder: Path, done: Path, tmp_path: Path):
    with pytest.raises(RtmlError, match="another job.*asked_budget differ"):
        ran(place, folder, done, budget=500.0, resume=True)
    shorter = Path(shop(tmp_path / "shorter", until=35).path)
    with pytest.raises(RtmlError, match="another job.*data differ"):
        ran(shorter, folder, done, resume=True)


@pytest.mark.parametrize("text", ["", "{", None])
def test_a_folder_of_something_else_is_never_resumed(
    text: str | None, place: Path, folder: Path, tmp_path: Path
):
    (tmp_path / "out").mkdir()
    if text is not None:
        (tmp_path / "out" / "score.json").write_text(text)
    with pytest.raises(RtmlError, match="is not the result"):
        ran(place, folder, tmp_path / "out", resume=True)


@pytest.mark.parametrize("budget", [0.0, -1.0, float("nan")])
def test_a_budget_of_nothing_is_refused(budget: float, place: Path, folder: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="must be above 0"):
        ran(place, folder, tmp_path / "out", budget=budget)


def test_a_folder_without_a_model_is_refused(place: Path, tmp_path: Path):
    with pytest.raises(RtmlError, match="not a model folder"):
        ran(place, tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
