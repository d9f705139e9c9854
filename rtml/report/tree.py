"""A process tree as the opening and closing of nested lists, without recursion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rtml.report.input import TreeRow

__all__ = ["nested"]

DEEPEST = 24
"""Levels that are indented; a deeper chain stays at this level and shows its depth."""


def nested(rows: Sequence[TreeRow]) -> list[dict[str, Any]]:
    """Return each row with ``open`` (lists to begin before it) and ``close`` (to end after it).

    Levels that are skipped or out of order are mended: a hostile depth cannot break the page.

    Examples
    --------
    >>> chain = [TreeRow(0, "a", None), TreeRow(1, "b", None), TreeRow(0, "c", None)]
    >>> [(item["open"], item["close"]) for item in nested(chain)]
    [(True, 0), (True, 1), (False, 1)]
    """
    levels: list[int] = []
    for row in rows:
        before = levels[-1] if levels else -1
        levels.append(min(max(row.depth, 0), before + 1, DEEPEST))
    after = [*levels[1:], -1][: len(levels)]
    return [
        {
            "row": row,
            "open": level > (levels[place - 1] if place else -1),
            "close": max(level - following, 0),
            "beyond": row.depth if row.depth > DEEPEST else None,
        }
        for place, (row, level, following) in enumerate(zip(rows, levels, after, strict=True))
    ]
