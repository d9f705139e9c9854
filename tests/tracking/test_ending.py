"""However a run ends, its status is true and its reason is in a tag."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rtml.errors import RtmlError
from rtml.tracking.abandoned import this_process
from rtml.tracking.runs import tracked_run
from rtml.tracking.store import mlflow_here, quiet
from rtml.tracking.tags import PROCESS, REASON
from tests.tracking.conftest import client

WAITS = """
import sys, time
from rtml.tracking.runs import tracked_run
with tracked_run("waits", "test") as run, run.below("inner"):
    print(run.run_id, flush=True)
    time.sleep(60)
"""


@contextmanager
def waiting() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a process with an open run; give both."""
    with subprocess.Popen([sys.executable, "-c", WAITS], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def statuses() -> dict[str, tuple[str, str | None]]:
    """Return status and reason of every run, by name."""
    with client() as asked:
        place = asked.get_experiment_by_name("rtml").experiment_id
        runs = asked.search_runs([place])
    return {run.info.run_name: (run.info.status, run.data.tags.get(REASON)) for run in runs}


def test_a_finished_run_has_no_reason(store: str):
    with tracked_run("fine", "test"):
        pass
    assert statuses() == {"fine": ("FINISHED", None)}


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (RtmlError("no window lies in test time"), "FAILED", "RtmlError: no window lies in test time"),
        (ValueError("two\nlines \x1b[2J"), "FAILED", "ValueError: two"),
        (ZeroDivisionError(), "FAILED", "ZeroDivisionError: "),
        (KeyboardInterrupt(), "KILLED", "stopped by hand"),
    ],
)
def test_a_run_that_fails_says_why(store: str, error: BaseException, status: str, reason: str):
    with pytest.raises(type(error)), tracked_run("broken", "test") as run, run.below("inner"):
        raise error
    assert statuses() == {"broken": (status, reason), "inner": (status, reason)}


def test_a_run_that_is_terminated_says_so_and_cleans_up(store: str):
    with waiting() as (process, _):
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 128 + signal.SIGTERM
    assert statuses() == {
        "waits": ("KILLED", "stopped by SIGTERM"),
        "inner": ("KILLED", "stopped by SIGTERM"),
    }


def test_a_signal_that_comes_out_of_a_library_as_its_error_is_a_signal(store: str):
    with pytest.raises(SystemExit) as caught, tracked_run("swallowed", "test"):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(1)
        except SystemExit as error:
            raise ValueError("a callback failed") from error
    assert caught.value.code == 128 + signal.SIGTERM
    assert statuses() == {"swallowed": ("KILLED", "stopped by SIGTERM")}


def test_a_killed_run_is_closed_by_the_next_one_and_a_living_one_is_not(store: str):
    with waiting() as (killed, killed_id), waiting() as (_, alive_id):
        killed.kill()
        killed.wait(30)
        assert statuses()["waits"][0] == "RUNNING"
        with tracked_run("next", "test"):
            pass
        with client() as asked:
            ended, open_ = (asked.get_run(run_id) for run_id in (killed_id, alive_id))
    assert (ended.info.status, open_.info.status) == ("KILLED", "RUNNING")
    assert ended.data.tags[REASON] == "its process was killed; closed by a later run"


def test_runs_of_other_machines_are_left_alone(store: str):
    with client() as asked, tracked_run("here", "test") as run:
        _, _, *ours = (this_process() or "").split()
        for name, place in (("elsewhere", "another-boot pid:[1] 1 1"), ("nameless", None)):
            tags = {} if place is None else {PROCESS: place}
            asked.create_run(run.experiment_id, tags=tags, run_name=name)
    assert ours
    with tracked_run("next", "test"):
        pass
    assert (statuses()["elsewhere"][0], statuses()["nameless"][0]) == ("RUNNING", "RUNNING")


def test_handlers_of_the_program_are_its_own(store: str):
    heard: list[int] = []
    hangs_up = signal.getsignal(signal.SIGHUP)
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    try:
        with tracked_run("mine", "test"):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.01)
        assert heard == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)
    assert signal.getsignal(signal.SIGHUP) is hangs_up


def test_within_a_run_of_a_notebook_ours_lies_below_it(store: str):
    mlflow = mlflow_here()
    with quiet(), mlflow.start_run(run_name="notebook") as outer:
        with tracked_run("ours", "test") as run:
            pass
        with client() as asked:
            told = asked.get_run(run.run_id)
    assert told.data.tags["mlflow.parentRunId"] == outer.info.run_id


def test_the_work_s_own_error_goes_before_a_store_that_is_gone(store: str, tmp_path: Path):
    with pytest.raises(ZeroDivisionError) as caught, tracked_run("broken", "test") as run:
        run._client = None  # type: ignore[assignment]
        1 / 0  # noqa: B018
    assert caught.value.__notes__ == ["MLflow was not told: AttributeError"]


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("http://user:secret@127.0.0.1:1", r"http://…@127\.0\.0\.1:1: API request.*failed"),
        ("postgresql://user:secret@127.0.0.1:1/x", r"postgresql://…@127\.0\.0\.1:1/x needs the package"),
    ],
)
def test_a_store_that_does_not_answer_is_named_without_its_password(
    uri: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(RtmlError, match=said) as caught, tracked_run("x", "test"):
        pass
    assert "secret" not in str(caught.value)
