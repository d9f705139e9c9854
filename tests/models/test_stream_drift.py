"""Drift in a stream: told as in a batch, with its cause; the batch job says it too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from rtml.cli import app
from rtml.models.watching import DRIFT
from tests.models.conftest import event, minute, opened, shop
from tests.models.stories import BEGIN, HOLD, LAST, Follower, cuts, three_replicas
from tests.models.test_changes import replica, rollout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return three_replicas(tmp_path_factory.mktemp("streaming"))


def odd_jobs(number: int) -> list[dict[str, Any]]:
    """Return jobs that no replica of the web ever did, each a tree of its own, in all replicas in turn."""
    rows: list[dict[str, Any]] = []
    for n in range(number):
        name, begin, job = f"web-{1 + n % 3}", 60 * 34 + 5 * n, {"pid": 2000 + n, "ppid": 1}
        rows += [
            event(name, begin, "fork", target_pid=2000 + n, exe="/usr/sbin/nginx"),
            event(name, begin + 1, "exec", exe=f"/opt/job{n}", **job),
            event(
                name,
                begin + 2,
                "connect",
                exe=f"/opt/job{n}",
                dst_ip="198.51.100.7",
                dst_port=5000 + n,
                **job,
            ),
        ]
    return rows


@pytest.mark.parametrize("changed", [True, False])
def test_drift_is_told_in_a_stream_as_in_a_batch_with_the_roll_out_that_it_lies_near(
    folder: Path, tmp_path: Path, changed: bool
):
    story = [*odd_jobs(150), *(rollout() if changed else [])]
    capture = shop(tmp_path / "c", *replica("web-3", last=LAST), *story, until=LAST)
    whole = opened(folder).score(capture, 1e-6, minute(BEGIN), hold=HOLD)
    (told,) = whole.drift.to_dicts()
    assert told["peers"] == "web" and (told["changed"] is not None) is changed
    assert told["cause"] == ("workload changed at 07:33" if changed else "no roll-out seen: calibrate again")
    follower = Follower(opened(folder), capture)
    for number, (start, end) in enumerate(cuts(170)):
        follower.take(start, end, budget=1e-6)
        follower.model = opened(follower.model.save(tmp_path / f"m{number}"))
    follower.flush()
    assert follower.drift.equals(whole.drift)


def test_the_batch_job_says_who_drifts(folder: Path, tmp_path: Path):
    shop(tmp_path / "c", *replica("web-3", last=LAST), *odd_jobs(150), until=LAST)
    done = CliRunner().invoke(
        app,
        [
            "score",
            str(tmp_path / "c"),
            "--model",
            str(folder),
            "--out",
            str(tmp_path / "s"),
            "--budget",
            "0.000001",
        ],
    )
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "drift: web drifts since 2026-03-09 07:30" in said and "no roll-out seen: calibrate again" in said
    kept = pl.read_parquet(tmp_path / "s" / "drift.parquet")
    assert kept.schema == DRIFT and kept["peers"].to_list() == ["web"]
