"""The small known-truth frames, as fixtures."""

import polars as pl
import pytest

from tests.evaluation.frames import make_labels, make_windows


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
