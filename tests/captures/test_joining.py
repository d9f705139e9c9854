"""Several captures as one: nothing is counted twice, nothing is mixed up."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from rtml.captures import import_capture, open_captures
from rtml.errors import UsageError
from tests.captures.test_bpftrace import line


@pytest.fixture
def two(tmp_path: Path) -> list[Path]:
    for i in range(2):
        text = [line("exec", 1, f"/bin/{i}", t=i * 10**9), line("fork", 9, t=i * 10**9 + 5)]
        (tmp_path / f"{i}.log").write_text("\n".join(text))
        import_capture("bpftrace", [tmp_path / f"{i}.log"], tmp_path / f"c{i}")
    return [tmp_path / "c0", tmp_path / "c1"]


def test_events_processes_and_containers_are_joined(two: list[Path]):
    joined = open_captures(two)
    events = joined.events().collect()
    assert events.height == joined.manifest.events == 4
    assert events.select("host", "seq").is_unique().all()
    images = joined.processes().collect()
    execs = events.filter(pl.col("kind") == "exec").select("host", "seq", real="exe")
    met = execs.cast({"host": pl.String}).join(
        images, left_on=["host", "seq"], right_on=["host", "image_seq"]
    )
    assert met["exe"].to_list() == met["real"].cast(pl.String).to_list() == ["/bin/0", "/bin/1"]
    (container,) = joined.containers().to_dicts()
    assert container["events"] == 4


def test_the_order_of_the_paths_does_not_matter(two: list[Path]):
    a, b = (open_captures(x).events().sort("seq").collect() for x in (two, two[::-1]))
    assert a.equals(b)


def test_the_same_capture_twice_is_refused(two: list[Path]):
    with pytest.raises(UsageError, match="twice"):
        open_captures([two[0], f"{two[0]}/"])
