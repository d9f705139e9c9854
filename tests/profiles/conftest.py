"""Baselines of the lab: its calm first sitting, and all of it with the attacks."""

from __future__ import annotations

import datetime as dt

import pytest

from rtml import features
from rtml.baselines import Baseline
from rtml.captures import Capture

ATTACKED = dt.datetime(2026, 11, 24, 3, 14, 30, tzinfo=dt.UTC)
"""The second sitting begins, in which the attacks are."""


@pytest.fixture(scope="session")
def calm(lab: Capture) -> Baseline:
    return features.learn(lab, end=ATTACKED)


@pytest.fixture(scope="session")
def stormy(lab: Capture) -> Baseline:
    return features.learn(lab, start=ATTACKED)
