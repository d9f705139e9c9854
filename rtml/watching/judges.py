"""Who judges what is watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rtml.findings.suppression.archiving import Suppression
from rtml.models.model import Model
from rtml.models.pace import Pace
from rtml.rules.chosen import Chosen

__all__ = ["Judges"]


@dataclass(frozen=True)
class Judges:
    """Who judges: a model, rules, or both.

    Parameters
    ----------
    model, digest
        The model, and by which it is known again; None: rules only.
    rules
        None: the model only.
    fits
        Take those of our packs that fit what comes.
    budget
        False findings per container-day; None: the model's own.
    pace
        How long to hold, and whether to learn.
    suppressions
        Findings that are not told.
    """

    model: Model | None = None
    digest: str = ""
    rules: Chosen | None = None
    fits: bool = True
    budget: float | None = None
    pace: Pace = field(default_factory=Pace)
    suppressions: Sequence[Suppression] = ()
