"""A job's model is read once per process, without its detectors where nobody judges."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtml.job import loading
from rtml.job.loading import model_at
from rtml.models.files import digest_of


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loading, "_kept", {})


def test_who_makes_features_reads_no_detectors(folder: Path):
    digest = digest_of(folder)
    features = model_at(str(folder), digest, judging=False)
    assert not features.detectors and not features.calibrations and features.baseline.counts.height
    assert model_at(str(folder), digest, judging=False) is features
    judging = model_at(str(folder), digest)
    assert judging.detectors and judging.calibrations
    assert judging.baseline.counts.equals(features.baseline.counts)
    assert judging.learned_until() == features.learned_until()


def test_a_process_that_judges_reads_nothing_more(folder: Path):
    judging = model_at(str(folder), digest_of(folder))
    assert model_at(str(folder), digest_of(folder), judging=False) is judging
    assert len(loading._kept) == 1


def test_the_oldest_of_many_goes(folder: Path):
    models = [model_at(str(folder), digest) for digest in ("a", "b", "c")]
    assert list(loading._kept) == [(str(folder), "b"), (str(folder), "c")]
    assert model_at(str(folder), "c") is models[2]
    assert model_at(str(folder), "a") is not models[0]
