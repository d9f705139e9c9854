"""The small known-truth frames, as fixtures."""

import polars as pl
import pytest

from rtml.evaluation.activity import ACTIVITY
from rtml.evaluation.track import make_track
from tests.evaluation.frames import make_labels, make_windows, utc


@pytest.fixture
def windows():
    return make_windows()


@pytest.fixture
def labels():
    """Six attacks of 6 to 11 minutes, whose roots are the processes 10, 20, ... 60."""
    return make_labels(
        ("a1", "c0", 10.2, 17.9, 10),
        ("a2", "c0", 40.1, 46.5, 20),
        ("a3", "c1", 20.5, 30.2, 30),
        ("a4", "c1", 70.3, 81.0, 40),
        ("a5", "c2", 55.0, 62.0, 50),
        ("a6", "c3", 90.6, 99.1, 60),
    )


@pytest.fixture
def processes():
    """Each attack root below its worker (the lineage root), with a child and a grandchild."""
    roots = range(10, 70, 10)
    rows = [(r, 1000 + r, 1000 + r) for r in roots]
    rows += [(1000 + r, 1, 1000 + r) for r in roots]
    rows += [(r + 1, r, 1000 + r) for r in roots] + [(r + 2, r + 1, 1000 + r) for r in roots]
    return pl.DataFrame(rows, schema=["process_id", "parent_id", "root_id"], orient="row")


@pytest.fixture
def busy(windows, labels, processes):
    """Each attack's worker is active during it; root 7 of every container always is. A third of a day."""
    rows = [(f"c{c}", m, 7, 7) for c in range(4) for m in range(120)]
    rows += [("c0", m, p, 1010) for m in range(11, 18) for p in (10, 1010)]
    rows += [("c1", m, p, 1030) for m in range(21, 30) for p in (30, 1030)]
    table = pl.DataFrame(rows, schema=["container_id", "window", "process_id", "root_id"], orient="row")
    active = table.with_columns(window=pl.Series(utc(table["window"])), events=1).cast(dict(ACTIVITY))
    return make_track(windows, labels, processes, active=active)
