"""Seconds of scoring, as `rtml usage` asks the store of runs for them."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from rtml.captures import Capture
from rtml.cli import app
from rtml.tracking.runs import tracked_run
from rtml.tracking.scored import scoring_jobs


def test_finished_scoring_jobs_say_what_they_read_and_took(store: str):
    assert scoring_jobs().is_empty()
    for name, kind, seconds in (("a", "score", 5.0), ("b", "score", 7.5), ("c", "train", 90.0)):
        with tracked_run(name, kind) as run:
            run.params({"captures": f"captures/{name} captures/shared"})
            run.metrics({"cpu_seconds": seconds})
    with pytest.raises(ValueError, match="on purpose"), tracked_run("d", "score") as run:
        run.params({"captures": "captures/d"})
        run.metrics({"cpu_seconds": 1000.0})
        raise ValueError("on purpose")
    found = scoring_jobs().sort("cpu_seconds").to_dicts()
    assert found == [
        {"captures": ["captures/a", "captures/shared"], "cpu_seconds": 5.0},
        {"captures": ["captures/b", "captures/shared"], "cpu_seconds": 7.5},
    ]


def test_usage_shares_the_seconds_of_a_tracked_job(store: str, capture: Capture):
    with tracked_run("a", "score") as run:
        run.params({"captures": capture.path})
        run.metrics({"cpu_seconds": 12.0})
    done = CliRunner().invoke(app, ["usage", capture.path, "--json"])
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)["usage"]
    assert sum(row["scoring_seconds"] for row in rows) == pytest.approx(12.0)
