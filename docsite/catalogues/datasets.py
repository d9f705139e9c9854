"""Every data set that detectors are compared on: whose it is, under which licence, how it is judged."""

from __future__ import annotations

from docsite.markdown import table
from rtml.datasets import DATASETS
from rtml.datasets.contract import Dataset

__all__ = ["datasets"]

_HEAD = """# Data sets

What `rtml dataset list` knows; nothing is downloaded. How they are judged, and the numbers:
[leaderboard](../leaderboard.md).

"""
_COLUMNS = ("kind", "size", "licence", "origin", "row", "tried", "published_protocol", "protocol")


def datasets() -> str:
    """Return the page."""
    return _HEAD + "".join(f"## {name}\n\n{_one(dataset)}\n" for name, dataset in DATASETS.working())


def _one(dataset: Dataset) -> str:
    rows = [
        (name.replace("_", " "), getattr(dataset, name) or "on small files in the documented format only")
        for name in _COLUMNS
    ]
    return f"{dataset.what}\n\n{table(('about', 'said'), rows)}"
