"""Which feature columns a detector looks at."""

from __future__ import annotations

import re
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl
import pydantic

from rtml.arrays import Array
from rtml.detectors.contract import UNKNOWN, matrix, peer_groups
from rtml.errors import UsageError
from rtml.reading.state import State
from rtml.schema import feature_columns

__all__ = ["CHOICES", "EVERYONE", "Chosen", "in_bits", "novelty_columns"]

CHOICES = ("novelty", "all")
"""``novelty``: what was never seen, and what surprises beyond chance, per conditional; ``all``: every
column."""

EVERYONE = "*"
"""The one group of a detector that looks at novelty: bits say already how a row compares with its peers."""

_BITS = re.compile(r"[^.]+\.(?:[a-z0-9_]+_)?bits_[a-z0-9]+")
_BEYOND = re.compile(r"([^.]+)\.(?:([a-z0-9_]+)_)?bits_beyond")


def in_bits(names: list[str]) -> npt.NDArray[np.bool_]:
    """Say which columns are surprises in bits: evidence adds up in them, so they are placed linearly.

    Examples
    --------
    >>> in_bits(["files.read_bits_beyond", "files.bits_max", "files.refused"]).tolist()
    [True, True, False]
    """
    return np.array([_BITS.fullmatch(name) is not None for name in names], dtype=np.bool_)


def novelty_columns(names: list[str]) -> list[str]:
    """Return the surprise beyond chance of each conditional, and the counts of what was never seen.

    A family's own sum is left out where its conditionals stand beside it. Empty where there are none.

    Examples
    --------
    >>> names = ["files.bits_beyond", "files.read_bits_beyond", "files.never_seen", "calls.bits_beyond"]
    >>> novelty_columns(names)
    ['calls.bits_beyond', 'files.never_seen', 'files.read_bits_beyond']
    """
    beyond = [match for name in names if (match := _BEYOND.fullmatch(name))]
    several = {match[1] for match in beyond if match[2]}
    single = {match[0] for match in beyond if match[2] or match[1] not in several}
    return sorted({*single, *(name for name in names if single and name.endswith(".never_seen"))})


class Chosen(State):
    """The columns that a detector looks at, and those that it leaves aside; others are unknown to it."""

    names: list[str]
    aside: list[str] = []
    novelty: bool = False

    @pydantic.field_validator("names")
    @classmethod
    def _distinct(cls, names: list[str]) -> list[str]:
        if len(set(names)) < len(names):
            raise ValueError("a feature is named twice")
        return names

    @classmethod
    def of(cls, windows: pl.DataFrame, choice: str, detector: str) -> Self:
        """Choose among the columns of training windows; all where they have no surprises.

        Raises
        ------
        UsageError
            ``choice`` is none of `CHOICES`; ``detector`` says whose it is.
        """
        if choice not in CHOICES:
            raise UsageError(f"{detector}: features must be one of {', '.join(CHOICES)}, got {choice!r}")
        columns = feature_columns(windows)
        novelty = novelty_columns(columns) if choice == "novelty" else []
        names = novelty or columns
        return cls(names=names, aside=sorted(set(columns) - set(names)), novelty=bool(novelty))

    @property
    def linear(self) -> npt.NDArray[np.bool_]:
        """Which columns of the matrix are placed as they are; the last one counts the unknown."""
        return in_bits([*self.names, UNKNOWN])

    def matrix(self, windows: pl.DataFrame) -> Array:
        """Return `rtml.detectors.contract.matrix` of the chosen columns."""
        return matrix(windows.drop(self.aside, strict=False), self.names)

    def groups(self, windows: pl.DataFrame) -> list[str]:
        """Return the group of each row: one for all where bits compare with its peers already."""
        return [EVERYONE] * windows.height if self.novelty else peer_groups(windows)
