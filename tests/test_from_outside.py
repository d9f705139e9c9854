"""A package of somebody else's adds to rtml without touching it: ``examples/rtml-example``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import REPOSITORY

EXAMPLE = REPOSITORY / "examples" / "rtml-example"


def install(project: Path, target: Path) -> None:
    """Do what ``pip install --target`` does: package, metadata, entry points; no network, no build tool."""
    about = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
    about = about["project"]
    package = about["name"].replace("-", "_")
    shutil.copytree(project / package, target / package)
    metadata = target / f"{package}-{about['version']}.dist-info"
    metadata.mkdir()
    fields = f"Metadata-Version: 2.1\nName: {about['name']}\nVersion: {about['version']}\n"
    (metadata / "METADATA").write_text(fields)
    groups = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
        for group, entries in about["entry-points"].items()
    ]
    (metadata / "entry_points.txt").write_text("\n".join(groups))


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """Run Python where the example is installed beside rtml."""
    place = tmp_path_factory.mktemp("site")
    install(EXAMPLE, place)
    environment = {**os.environ, "PYTHONPATH": f"{place}{os.pathsep}{REPOSITORY}", "PYTHONWARNINGS": "error"}

    def run(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cwd, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    return run


@pytest.fixture(scope="module")
def capture(python, tmp_path_factory):
    """A capture that the example's sensor made."""
    folder = tmp_path_factory.mktemp("captures") / "capture"
    sample = EXAMPLE / "tests" / "sample.jsonl"
    python("-m", "rtml.cli", "capture", "import", "example", sample, "--out", folder)
    return folder


def test_its_sensor_imports(capture):
    manifest = json.loads((capture / "capture.json").read_text("utf-8"))
    assert (manifest["sensor"], manifest["events"], manifest["rejected"]) == ("example", 126, 2)


def test_its_family_makes_features(python, capture, tmp_path):
    out = tmp_path / "windows.parquet"
    python("-m", "rtml.cli", "features", capture, "--family", "variety", "--out", out)
    windows = pl.read_parquet(out)
    busiest = windows.sort("variety.programs", descending=True).row(0, named=True)
    assert (busiest["container_id"], busiest["variety.programs"], busiest["variety.repeats"]) == (
        "web-1",
        5.0,
        3.0,
    )
    python("-m", "rtml.cli", "features", capture, "--out", out)
    assert not [name for name in pl.read_parquet(out).columns if name.startswith("variety.")]


def test_its_detector_is_named_in_a_configuration_and_judges(python, capture, tmp_path):
    (tmp_path / "mine.yml").write_text(
        "families: [variety, activity]\nblocks: 2\n"
        "split: {calibrate: 2026-01-01T00:12:00Z, test: 2026-01-01T00:20:00Z}\n"
        "detectors: {far: {kind: farthest}, sklearn:OneClassSVM: {nu: 0.1}}\n"
    )
    model = tmp_path / "model"
    python(
        "-m", "rtml.cli", "train", capture, "--config", tmp_path / "mine.yml", "--out", model, "--no-track"
    )
    python("-m", "rtml.cli", "score", capture, "--model", model, "--out", tmp_path / "scored")
    scores = pl.read_parquet(tmp_path / "scored" / "scores.parquet")
    assert set(scores["detector"]) == {"far", "sklearn:OneClassSVM"}
    for rows in scores.partition_by("detector"):
        worst = rows.sort("score", descending=True, nulls_last=True).row(0, named=True)
        assert (worst["container_id"], worst["window"].minute) == ("web-1", 22)
    findings = pl.read_parquet(tmp_path / "scored" / "findings.parquet")
    told = {reason["feature"] for reasons in findings["contributions"] for reason in reasons}
    assert {"variety.programs", "variety.repeats"} <= told


def test_its_format_imports_alerts(python, tmp_path):
    record = '{"alarm": "Shell", "at": "2026-01-01T00:00:00Z", "in": "web-1", "grade": 3}'
    (tmp_path / "alerts.jsonl").write_text(f"{record}\n{{}}\n")
    out = tmp_path / "findings.parquet"
    python("-m", "rtml.cli", "findings", "import", "example", tmp_path / "alerts.jsonl", "--out", out)
    assert pl.read_parquet(out).select("title", "detector").rows() == [("Shell", "example")]


def test_its_own_tests_hold_it_to_the_laws(python, tmp_path):
    shutil.copytree(EXAMPLE, tmp_path / "example")
    done = python(
        "-m", "pytest", "-q", "--doctest-modules", "-p", "no:cacheprovider", ".", cwd=tmp_path / "example"
    )
    assert "8 passed" in done.stdout


def test_without_it_a_model_says_which_detector_is_missing(capture, tmp_path):
    code = "import pathlib, rtml.detectors as d; d.load_detector('farthest', pathlib.Path('x'))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=False
    )
    assert "x: unknown detector 'farthest'" in done.stderr
