"""Shared fixtures: the shipped capture, and real data that lives beside the repository."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from rtml import features
from rtml.baselines import Baseline
from rtml.captures import Capture, open_capture
from tests.scheduling import Scheduling, longest_first

# What commands print is printed as into a pipe, which has no width.
os.environ.pop("COLUMNS", None)
# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("rtml", deadline=None)
settings.load_profile("rtml")

REPOSITORY = Path(__file__).parents[1]
SHARED = REPOSITORY.parent / "shared" / "data"
LAB = REPOSITORY / "datasets" / "lab-v1"
ATTACKED = dt.datetime(2026, 11, 24, 3, 14, 30, tzinfo=dt.UTC)
"""Before this moment the lab is calm; the second sitting, with the attacks, begins after it."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling | None:
    """Give workers files in the order of `longest_first`, not in that of how many tests they hold."""
    if config.getoption("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return Scheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest files first where several workers share them."""
    if hasattr(config, "workerinput"):
        items[:] = longest_first(items)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of real sensor output that is not part of the repository."""
    if not SHARED.is_dir():
        pytest.skip(f"real data is absent: {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def lab() -> Capture:
    """The capture that the repository ships."""
    return open_capture(LAB / "capture")


@pytest.fixture(scope="session")
def lab_labels() -> Path:
    """Labels of the attacks in `lab`."""
    return LAB / "labels.parquet"


@pytest.fixture(scope="session")
def calm(lab: Capture) -> Baseline:
    """The baseline of the lab's calm time."""
    return features.learn(lab, end=ATTACKED)


@pytest.fixture(scope="session")
def stormy(lab: Capture) -> Baseline:
    """The baseline of the time with the attacks, in other containers of the same workloads."""
    return features.learn(lab, start=ATTACKED)
