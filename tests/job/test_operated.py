"""What whoever runs the job sees: metrics, plans, JSON lines, another model, a tracked run."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from rtml.captures import Capture
from rtml.cli import app
from rtml.errors import RtmlError
from rtml.job.metrics import METRICS
from rtml.job.running import job_of, run, run_job
from tests.job.conftest import contents, cut, some_edges
from tests.models import conftest as shop


@pytest.fixture
def pieces(night: Capture, tmp_path: Path) -> list[Path]:
    return cut(night, tmp_path / "in", some_edges(night, 3, 31))


def gauges(path: Path) -> dict[str, float]:
    lines = path.read_text().splitlines()
    assert len(lines) % 3 == 0
    for about, kind, value in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        name = value.split()[0]
        assert about.startswith(f"# HELP {name} ") and kind == f"# TYPE {name} gauge"
    return {line.split()[0].removeprefix("rtml_job_"): float(line.split()[1]) for line in lines[2::3]}


def test_metrics_say_what_a_run_did_and_that_one_failed(pieces: list[Path], folder: Path, tmp_path: Path):
    file, out = tmp_path / "job.prom", str(tmp_path / "out")
    line = ["--model", str(folder), "--out", out, "--no-track", "--metrics", str(file)]
    assert (
        CliRunner().invoke(app, ["score", str(tmp_path / "in"), *line], catch_exceptions=False).exit_code == 0
    )
    told = json.loads((tmp_path / "out" / "score.json").read_text())
    said = gauges(file)
    assert set(said) == set(METRICS)
    assert (said["success"], said["exit_code"], said["new_captures"]) == (1, 0, 3)
    assert said["findings"] == told["findings"] > 0 and said["shards"] >= 2
    assert said["events"] == told["events"] and said["rejects"] == 0 < said["lag_seconds"]
    line[3] = str(tmp_path / "in")  # no place for a result
    assert CliRunner().invoke(app, ["score", str(tmp_path / "in"), *line]).exit_code != 0
    said = gauges(file)
    assert (said["success"], said["exit_code"]) == (0, 1) and "findings" not in said


def test_a_plan_is_what_then_is_done_and_writes_nothing(pieces: list[Path], folder: Path, tmp_path: Path):
    line = [
        "score",
        str(tmp_path / "in"),
        "--model",
        str(folder),
        "--out",
        str(tmp_path / "out"),
        "--no-track",
    ]
    done = CliRunner().invoke(app, [*line, "--dry-run", "--json"], catch_exceptions=False)
    plan = json.loads(done.stdout)
    assert done.exit_code == 0 and not (tmp_path / "out").exists()
    assert plan["new"] == 3 and list(plan["days"]) == ["2026-03-09", "2026-03-10"] and plan["seconds"] > 0
    ran = run(job_of([str(tmp_path / "in")], folder, tmp_path / "out"))
    assert ran.days == list(plan["days"]) and ran.new == plan["new"]
    again = CliRunner().invoke(app, [*line, "--dry-run"], catch_exceptions=False)
    assert "0 new captures · 0 days to score" in again.output


def test_another_model_goes_on_where_it_is_wanted(
    pieces: list[Path], night: Capture, folder: Path, tmp_path: Path
):
    first = run_job([str(pieces[0])], folder, tmp_path / "out")
    before = contents(tmp_path / "out")
    families = [*shop.FAMILIES, "files"]
    usual = shop.shop(tmp_path / "usual")
    other = shop.learnt(usual, families=families, detectors={"surprise": {}}).save(tmp_path / "other")
    with pytest.raises(RtmlError, match="another job"):
        run_job([str(pieces[2])], other, tmp_path / "out")
    moved = run_job([str(pieces[2])], other, tmp_path / "out", adopt=True)
    assert moved["digest"] != first["digest"] and list(moved["days"]) == ["2026-03-09", "2026-03-10"]
    windows = pl.read_parquet(tmp_path / "out" / "windows.parquet")
    assert windows["files.pairs"].null_count() < windows.height
    assert run_job([str(pieces[2])], other, tmp_path / "out") == moved
    assert before


def test_a_size_and_a_number_of_workers_that_are_none_are_refused(
    folder: Path, night: Capture, tmp_path: Path
):
    line = ["score", night.path, "--model", str(folder), "--out", str(tmp_path / "out"), "--no-track"]
    for more, said in ((["--memory", "2 apples"], "like 2GB"), (["--memory", "3MB"], "500 MB at least")):
        done = CliRunner().invoke(app, [*line, *more])
        assert done.exit_code != 0 and said in str(done.exception), more
    assert not (tmp_path / "out").exists()
