"""A family that peeks is named by the run that uses it, in its ledger and on its page."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from rtml.experiment.run import run_experiment
from rtml.features import families
from rtml.features.activity import ACTIVITY
from tests.experiment.shops import small_experiment


def test_a_family_that_peeks_is_named_by_the_run(tmp_path, monkeypatch: pytest.MonkeyPatch):
    ahead = pl.col("open").shift(-1).over("container_id", order_by="window").fill_null(0)
    peeking = replace(ACTIVITY, own=lambda material: ACTIVITY.own(material).with_columns(open=ahead))
    usual = families._family
    monkeypatch.setattr(families, "_family", lambda name: peeking if name == "activity" else usual(name))
    experiment = small_experiment(tmp_path, families=["lineage", "activity"], detectors={"surprise": {}})
    outcome = run_experiment(experiment, tmp_path / "out", tracked=False)
    (said,) = [text for text in outcome.ledger.facts["suspicions"] if "knows the future" in text]
    assert said.startswith("feature 'activity.open'")
    page = outcome.report.read_text()
    assert "knows the future" in page and "the test was cut short twice" not in page
