"""Captures that show a part of another: a stretch of its time, some of its files."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import Capture, open_capture, open_captures
from rtml.captures.in_time import InTime
from rtml.captures.some_files import within

LAB = Path(__file__).parents[2] / "datasets" / "lab-v1" / "capture"
MINUTES = 7


def rows(capture: Capture) -> pl.DataFrame:
    plain = capture.events(["time", "seq", "host", "kind"]).with_columns(
        pl.col("host", "kind").cast(pl.String)
    )
    return plain.collect().sort("time", "seq")


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    """The lab's recording, in files of five minutes, as two captures; neither tells of its processes."""
    place = tmp_path_factory.mktemp("parts")
    lab = open_capture(LAB)
    for number in range(2):
        target = place / str(number)
        shutil.copytree(LAB, target)
        (target / "processes.parquet").unlink()
        for file in sorted(target.rglob("part-*.parquet")):
            events = pl.read_parquet(file, hive_partitioning=False)
            file.unlink()
            cells = events.with_columns(_cell=pl.col("time").dt.truncate("5m"))
            for cell, own in enumerate(cells.partition_by("_cell", maintain_order=True)):
                own.drop("_cell").write_parquet(file.with_stem(f"{file.stem}{cell}"))
    manifest = (place / "1" / "capture.json").read_text()
    (place / "1" / "capture.json").write_text(manifest.replace(str(lab.manifest.sensor), "other", 1))
    return open_captures([place / "0", place / "1"])


@pytest.mark.parametrize("first", [0, 1, 4, 9, 29])
def test_a_stretch_holds_its_events_and_opens_no_other_files(parts: Capture, first: int):
    begin = parts.span[0] + dt.timedelta(minutes=first)
    end = begin + dt.timedelta(minutes=MINUTES)
    stretch = InTime.of(parts, begin, end)
    whole = rows(parts)
    assert rows(stretch).equals(whole.filter(pl.col("time") >= begin, pl.col("time") < end))
    opened = rows(within(parts, begin, end))
    assert 0 < opened.height < whole.height
    slack = dt.timedelta(minutes=5)
    assert opened["time"].is_between(begin - slack, end + slack).all()


def test_its_processes_are_those_of_the_whole(parts: Capture):
    """They are made of all events where a capture has no table of them."""
    begin = parts.span[0]
    stretch = InTime.of(parts, begin, begin + dt.timedelta(minutes=1))
    assert stretch.processes().collect().height == parts.processes().collect().height > 500


def test_earlier_events_belong_to_it(parts: Capture):
    begin = parts.span[0] + dt.timedelta(minutes=20)
    earlier = parts.events().head(3).collect()
    stretch = InTime.of(parts, begin, begin + dt.timedelta(minutes=1), earlier)
    kind = str(earlier["kind"][0])
    assert rows(stretch).height == rows(InTime.of(parts, begin, begin + dt.timedelta(minutes=1))).height + 3
    assert stretch.events(["seq"], [kind]).collect().height > 0
