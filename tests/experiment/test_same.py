"""One ledger from one recording: however often, on however many workers, however it lies on disk."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import open_captures
from rtml.experiment.config import Experiment
from rtml.experiment.copies import write_copy
from rtml.experiment.run import run_experiment
from tests.conftest import REPOSITORY
from tests.experiment.shops import small_experiment
from tests.models.conftest import attack_again, minute

_RUN = """
import sys
from pathlib import Path
from rtml.experiment.config import Experiment
from rtml.experiment.run import run_experiment
run_experiment(Experiment.model_validate_json(Path(sys.argv[1]).read_text()), Path(sys.argv[2]), False)
"""
_ORDER = ["detector", "container_id", "first_seen", "process_id", "title"]


@pytest.fixture(scope="module")
def experiment(tmp_path_factory) -> Experiment:
    return small_experiment(tmp_path_factory.mktemp("shop"), *attack_again("web-1", 37))


@pytest.fixture(scope="module")
def first(experiment, tmp_path_factory) -> tuple[str, pl.DataFrame]:
    out = tmp_path_factory.mktemp("first") / "run"
    run_experiment(experiment, out, tracked=False)
    return made(out)


def made(out: Path) -> tuple[str, pl.DataFrame]:
    """Return the hash of the ledger, and what was found, but for the numbers of events."""
    found = pl.read_parquet(out / "findings.parquet").drop("finding_id", "evidence").sort(_ORDER)
    return hashlib.sha256((out / "ledger.json").read_bytes()).hexdigest(), found


def same(experiment: Experiment, out: Path, first: tuple[str, pl.DataFrame]) -> None:
    run_experiment(experiment, out, tracked=False)
    again = made(out)
    assert again[1].equals(first[1]) and again[0] == first[0]


@pytest.mark.parametrize("workers", [1, 8])
def test_other_numbers_of_workers(experiment, first, workers, tmp_path):
    file = tmp_path / "experiment.json"
    file.write_text(json.dumps(experiment.model_dump(mode="json", exclude_defaults=True)))
    environment = os.environ | {"POLARS_MAX_THREADS": str(workers), "PYTHONPATH": str(REPOSITORY)}
    run = [sys.executable, "-c", _RUN, str(file), str(tmp_path / "run")]
    subprocess.run(run, env=environment, check=True, cwd=tmp_path, timeout=300)
    assert made(tmp_path / "run")[0] == first[0]


def shuffled(table: Path, parts: int = 1) -> None:
    """Write a table's rows again in another order, and as several files, the last rows first."""
    rows = pl.read_parquet(table).sample(fraction=1.0, shuffle=True, seed=3)
    size = rows.height // parts + 1
    for number in range(parts):
        rows[number * size : (number + 1) * size].write_parquet(
            table.with_stem(f"{table.stem}{number or ''}")
        )


def test_rows_in_another_order_and_in_other_files(experiment, first, tmp_path):
    copy = Path(shutil.copytree(experiment.capture[0], tmp_path / "capture"))
    for part in list((copy / "events").rglob("*.parquet")):
        shuffled(part, parts=3)
    shuffled(copy / "processes.parquet")
    labels = Path(shutil.copy(experiment.labels, tmp_path / "labels.parquet"))
    shuffled(labels)
    other = experiment.model_copy(update={"capture": [str(copy)], "labels": labels})
    same(other, tmp_path / "run", first)


@pytest.mark.parametrize("cut", [minute(35.9), "web-1"])
def test_one_capture_as_two_under_any_names(experiment, first, cut, tmp_path):
    """Cut amid the attack, or by container (both halves then begin at once)."""
    capture = open_captures(experiment.capture)
    events = capture.events().collect()
    late = pl.col("container_id").cast(pl.String) == cut if isinstance(cut, str) else pl.col("time") >= cut
    halves = [events.filter(~late), events.filter(late)]
    paths = [str(write_copy(capture, half, tmp_path / name)) for half, name in zip(halves, "ba", strict=True)]
    same(experiment.model_copy(update={"capture": paths}), tmp_path / "run", first)
