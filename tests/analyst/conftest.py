"""A hunt in the shipped capture by a small model and the rules."""

from __future__ import annotations

from pathlib import Path

import pytest

import rtml
from rtml.analyst import Hunt
from rtml.captures import Capture
from rtml.models import Model
from tests.conftest import LAB


@pytest.fixture(scope="session")
def lab() -> Capture:
    return rtml.open_capture(LAB / "capture")


@pytest.fixture(scope="session")
def model(lab: Capture) -> Model:
    split = rtml.Split(calibrate=0.3, test=0.55).of(lab)
    return rtml.train(lab, ["surprise"], split, seed=7)


@pytest.fixture(scope="session")
def found(lab: Capture, model: Model, tmp_path_factory: pytest.TempPathFactory) -> Hunt:
    return rtml.hunt(lab, model, start=0.55, verdicts=tmp_path_factory.mktemp("hunt") / "verdicts.jsonl")


@pytest.fixture
def afresh(found: Hunt, tmp_path: Path) -> Hunt:
    """The same hunt with a file of verdicts of its own."""
    return Hunt(found.capture, found.findings, found.table, found.scored, tmp_path / "verdicts.jsonl")
