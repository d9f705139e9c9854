"""Labels stay closed while models are made, and every look at them is counted."""

from __future__ import annotations

import json
import subprocess
import sys

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
