"""Labels stay closed while models are made, and every look at them is counted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import nullcontext

import polars as pl
import pyarrow.parquet as pq
import pytest

from rtml.errors import RtmlError
from rtml.experiment.guard import closed
from rtml.experiment.looks import look
from rtml.schema import LABELS, empty


@pytest.fixture
def labels(tmp_path):
    empty(LABELS).write_parquet(tmp_path / "labels.parquet")
    return tmp_path / "labels.parquet"


OPENINGS = {
    "python": lambda path: path.read_bytes(),
    "polars": pl.read_parquet,
    "lazily": lambda path: pl.scan_parquet(path).collect(),
    "arrow": pq.read_table,
    "a link": lambda path: _linked(path).read_bytes(),
    "a program": lambda path: subprocess.run(
        [sys.executable, "-c", f"open({str(path)!r}).close()"], check=True
    ),
}


def _linked(path):
    link = path.with_name("harmless.txt")
    link.symlink_to(path)
    return link


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs inotify")
@pytest.mark.parametrize("opening", OPENINGS.values(), ids=OPENINGS.keys())
def test_whoever_opens_the_labels_meanwhile_is_refused(opening, labels):
    with pytest.raises(RtmlError, match="were opened while models were made or scored"), closed(labels):
        opening(labels)


def test_who_does_not_is_not(labels):
    with closed(labels) as notes:
        assert labels.is_file() and labels.stat().st_size
        (labels.parent / "other").write_text("x")
        (labels.parent / "other").read_text()
    assert notes == []
    pl.read_parquet(labels)


OTHER = """
import os, sys, time
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
print("ready", flush=True)
while not os.path.exists(sys.argv[1] + ".go"):
    time.sleep(0.01)
file = open(sys.argv[1])
print("opened", flush=True)
while os.path.exists(sys.argv[1] + ".go"):
    time.sleep(0.01)
"""


@pytest.fixture
def other(labels):
    """A program that is none of ours, and opens the labels when it is told to."""
    go = labels.with_name(labels.name + ".go")
    process = subprocess.Popen([sys.executable, "-c", OTHER, str(labels)], stdout=subprocess.PIPE, text=True)
    process.wait()
    assert process.stdout is not None and process.stdout.readline() == "ready\n"

    def opens():
        go.touch()
        assert process.stdout.readline() == "opened\n"

    yield opens
    go.unlink(missing_ok=True)
    process.stdout.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is told of other programs by fanotify")
def test_another_program_may_read_them_meanwhile(labels, other):
    with closed(labels):
        other()
    with pytest.raises(RtmlError, match="were opened while"), closed(labels):
        labels.read_bytes()


NOBODY = """
import os, sys
from pathlib import Path
from rtml.experiment.openings import openings
os.setuid(65534)
with openings(Path(sys.argv[1])) as watch:
    if watch is None:
        sys.exit("no fanotify")
    before = watch.ours()
    open(sys.argv[1]).close()
    print(before, watch.ours())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become nobody")
def test_who_is_not_root_is_told_of_its_own_openings(labels):
    for folder in [labels, *labels.parents[:3]]:
        folder.chmod(0o755)
    ended = subprocess.run([sys.executable, "-c", NOBODY, str(labels)], capture_output=True, text=True)
    if "no fanotify" in ended.stderr:
        pytest.skip("this system lets only root use fanotify")
    assert ended.stdout.split() == ["False", "True"], ended.stderr


@pytest.mark.parametrize("opening", OPENINGS.values(), ids=OPENINGS.keys())
def test_without_fanotify_any_opening_counts(opening, labels, monkeypatch):
    monkeypatch.setattr("rtml.experiment.guard.openings", lambda file: nullcontext())
    with pytest.raises(RtmlError, match="run again alone"), closed(labels):
        opening(labels)


def test_a_fault_of_the_run_is_not_hidden_by_the_guard(labels):
    with pytest.raises(ZeroDivisionError), closed(labels):
        labels.read_bytes()
        _ = 1 / 0


def test_looks_are_counted_beside_the_labels(labels):
    assert look(labels, "a")[:2] == (1, 1)
    assert look(labels, "a")[:2] == (2, 1)
    assert look(labels, "b")[:2] == (3, 2)
    lines = labels.with_suffix(".looks.jsonl").read_text().splitlines()
    assert [json.loads(line)["of"] for line in lines] == ["a", "a", "b"]


def test_what_was_counted_by_hand_is_added(labels):
    labels.with_suffix(".looked.json").write_text('{"times": 14, "configurations": 3}')
    assert look(labels, "a")[:2] == (15, 4)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"times": "many"}', "nonsense\n\n{}\n"])
def test_a_broken_count_stops_nobody(labels, text):
    labels.with_suffix(".looked.json").write_text(text)
    labels.with_suffix(".looks.jsonl").write_text(text)
    assert look(labels, "a").times >= 1


def test_where_nobody_can_write_it_is_said(tmp_path):
    known = look(tmp_path / "nowhere" / "labels.csv", "a")
    assert known[:2] == (1, 1) and "not writable" in known.sentence()
