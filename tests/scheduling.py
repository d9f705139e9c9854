"""Who runs what when the tests run on several workers: whole files, and the long ones first.

xdist begins with the files that hold the most tests. The longest hold few, so that they came last, and one
worker was busy with them for minutes while the others had nothing left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

__all__ = ["Scheduling", "longest_first"]

TOGETHER = ("tests/replays/", "tests/experiment/demo/")
"""Folders that one worker runs. Sittings are recorded one at a time: beside each other they take each other's
processor and lose events. The demo runs once for all its tests: four workers would run it four times."""

LONGEST = (
    *TOGETHER,
    "tests/captures/test_laws.py",
    "tests/watching/test_equality.py",
    "tests/notebooks/",
    "tests/captures/test_streaming.py",
    "tests/commands/test_quick.py",
    "tests/reading/test_budget.py",
    "tests/boards/",
    "tests/watching/",
    "tests/experiment/",
    "tests/test_cli.py",
    "tests/tracking/",
    "tests/job/",
    "tests/analyst/",
    "docs/python.md",
    "tests/features/",
    "tests/models/",
    "tests/captures/following/",
)
"""Files and folders that take longest, the longest first; all others come after them as they stand."""


class Scheduling(LoadFileScheduling):
    """Gives a worker a whole file at a time, since its fixtures are shared, and a folder of `TOGETHER`."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return next((folder for folder in TOGETHER if file.startswith(folder)), file)


def longest_first(items: Sequence[pytest.Item]) -> list[Any]:
    """Return tests in the order of `LONGEST`, within it as they stand.

    Examples
    --------
    >>> from types import SimpleNamespace as Test
    >>> items = [Test(nodeid=name) for name in ("docs/a.md", "tests/job/test_x.py", "tests/replays/y.py")]
    >>> [item.nodeid for item in longest_first(items)]
    ['tests/replays/y.py', 'tests/job/test_x.py', 'docs/a.md']
    """

    def place(item: pytest.Item) -> int:
        return next((n for n, name in enumerate(LONGEST) if item.nodeid.startswith(name)), len(LONGEST))

    return sorted(items, key=place)
