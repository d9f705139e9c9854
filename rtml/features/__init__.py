"""Features: functions from a capture to one row per container and window.

A feature family turns a capture into a table with one row per ``container_id`` and ``window`` and
float columns named ``family.feature``. Windows without events do not exist. A feature at time t
does not change when later events are appended. Registration: one entry of `FAMILIES`, or an entry
point of ``rtml.features`` in another package.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import polars as pl

from rtml.features.contract import Family
from rtml.features.families import AUDIT_FAMILIES, FAMILIES, families_of
from rtml.features.making import (
    learn,
    observed,
    prequential,
    source_of,
    split_windows,
    surprises,
    windows,
    windows_and_surprises,
)
from rtml.features.source import Events, Source, Unit, open_source
from rtml.features.surprise import EVENT_SURPRISES
from rtml.features.windows import assemble, assemble_with_surprises
from rtml.schema import feature_columns

__all__ = [
    "AUDIT_FAMILIES",
    "EVENT_SURPRISES",
    "FAMILIES",
    "Events",
    "Family",
    "Source",
    "Unit",
    "assemble",
    "assemble_with_surprises",
    "families_of",
    "feature_columns",
    "learn",
    "observed",
    "open_source",
    "prequential",
    "source_of",
    "split_windows",
    "surprises",
    "windows",
    "windows_and_surprises",
]


class _Room(ModuleType):
    """A module that may also be called: ``rtml.features(capture, split)``."""

    def __call__(self, *values: Any, **options: Any) -> pl.DataFrame:
        return split_windows(*values, **options)


sys.modules[__name__].__class__ = _Room
