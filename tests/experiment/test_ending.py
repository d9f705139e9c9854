"""A test that ends before the capture does: what comes after is neither judged nor charged."""

from __future__ import annotations

import datetime as dt

import polars as pl

from rtml.experiment.run import run_experiment
from tests.experiment.shops import attack_again, small_experiment
from tests.models.conftest import CALIBRATE, INTRUSION, LEARN, minute


def test_nobody_is_asked_about_what_comes_after_the_end(tmp_path):
    """Rules and the rival look at all events: theirs after the end were refused as another capture's."""
    end = minute(INTRUSION[1] + 2)
    split = {"calibrate": minute(LEARN), "test": minute(CALIBRATE), "end": end}
    outcome = run_experiment(
        small_experiment(tmp_path, *attack_again("web-1", 38), split=split), tmp_path / "out", False
    )
    late = [side.findings.filter(pl.col("first_seen") >= pl.lit(end)).height for side in outcome.sides]
    assert late == [0] * len(outcome.sides)
    assert outcome.track.windows["window"].max() == end - dt.timedelta(minutes=1)
    assert any(side.findings.height for side in outcome.sides if side.kind == "rival")
