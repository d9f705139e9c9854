"""Shared by the tests of rules: the real Sigma set, and a capture made of rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures.manifest import Container, Manifest
from rtml.captures.processes import PROCESSES, process_images
from rtml.captures.store import Capture
from rtml.schema import POLARS, conform

SIGMA = Path(__file__).parents[3] / "shared/data/rules/sigma"
START = dt.datetime(2026, 1, 1, 10, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def sigma_set() -> Path:
    if not SIGMA.is_dir():
        pytest.skip(f"{SIGMA} is not here")
    return SIGMA


@dataclass(frozen=True)
class RowCapture(Capture):
    """A capture whose events are rows of a test."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def events(self, columns: Sequence[str] | None = None, kinds: Any = None) -> pl.LazyFrame:
        plain = {n: pl.String if t == pl.Categorical else t for n, t in POLARS.items()}
        table = {name: [row.get(name) for row in self.rows] for name in plain}
        frame = conform(pl.DataFrame(table, schema=plain)).lazy()
        if kinds is not None:
            frame = frame.filter(pl.col("kind").cast(pl.String).is_in(list(kinds)))
        return frame if columns is None else frame.select(columns)

    def processes(self) -> pl.LazyFrame:
        if not self.rows:
            return pl.LazyFrame(schema=PROCESSES)
        return process_images(self.events().collect()).lazy()


def capture_of(rows: list[dict[str, Any]], blind: Sequence[str] = ()) -> RowCapture:
    """Give rows a time, a number and a container where they name none."""
    filled = [
        {
            "time": START + dt.timedelta(seconds=i),
            "seq": i,
            "host": "h",
            "container_id": "c1",
            "workload": "web",
            "process_id": 1,
            **row,
        }
        for i, row in enumerate(rows)
    ]
    ids = sorted({row["container_id"] for row in filled if row["container_id"]})
    containers = [
        Container(
            container_id=name,
            role="infrastructure" if name == "infra" else "workload",
            first_seen=START,
            last_seen=START,
            events=1,
        )
        for name in ids
    ]
    manifest = Manifest(sensor="test", containers=containers, events=len(filled), blind=list(blind))
    return RowCapture("rows", manifest, filled)


@pytest.fixture
def rows() -> Callable[..., RowCapture]:
    return capture_of
