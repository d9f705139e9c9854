"""What a feature family is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from rtml.baselines import Conditional
from rtml.features.pairs import Material

__all__ = ["SURPRISE", "Family"]

SURPRISE = (
    "bits_sum",
    "bits_max",
    "bits_top3",
    "bits_excess",
    "bits_beyond",
    "pairs",
    "never_seen",
    "unknown_context",
)
"""Features that every family with conditionals has (see `rtml.features.surprise`)."""


@dataclass(frozen=True)
class Family:
    """A feature family: conditionals to be scored, and features of its own.

    Parameters
    ----------
    name
        First half of the names of its features.
    own
        From its `Material` to one row per `rtml.features.pairs.CELL` (container, window and tree;
        `Source.rooted` knows the tree of a process), with float columns `names` (without the family).
        Cells that it leaves out get 0.
    names
        The columns that ``own`` returns.
    conditionals
        What the baseline counts for this family; empty when it looks at the present only.
    historical
        Those of `names` that compare with history: null without a baseline.
    purpose
        Threat purpose of a finding that this family raised, first part of its type.
    phrase
        What was surprising, in words, for titles of findings; empty: the family's name.
    paced
        It looks at when events come: records that stand for long windows do not support it.
    """

    name: str
    own: Callable[[Material], pl.DataFrame]
    names: tuple[str, ...]
    conditionals: tuple[Conditional, ...] = ()
    historical: tuple[str, ...] = ()
    purpose: str = "Behavior"
    phrase: str = ""
    paced: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        """Second halves of the conditionals' names, where there are several."""
        several = len(self.conditionals) > 1
        return (
            tuple(conditional.name.partition(".")[2] for conditional in self.conditionals) if several else ()
        )

    @property
    def surprise(self) -> tuple[str, ...]:
        """Names of the generic features: `SURPRISE`, and a maximum for each of several parts."""
        single = tuple(f"{part}_bits_{what}" for part in self.parts for what in ("max", "beyond"))
        return (*SURPRISE, *single) if self.conditionals else ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Full names of all features, ``family.feature``, in order."""
        return tuple(f"{self.name}.{name}" for name in (*self.surprise, *self.names))

    @property
    def compared(self) -> tuple[str, ...]:
        """Full names of the features that need a baseline."""
        return tuple(f"{self.name}.{name}" for name in (*self.surprise, *self.historical))
