"""Which sides stand in front: the recommended model beside tuned rules, and what each of both adds."""

from __future__ import annotations

from typing import Any

import polars as pl

from rtml.evaluation.ledger import Ledger
from rtml.schema import COMBINED

__all__ = ["first_rules", "best_held", "in_front", "recommended"]

_FRONT = ("rules", "rival")


def recommended(ledger: Ledger) -> str | None:
    """Return the model that is recommended: the combination, else the first model; null without any.

    Which of several models found most is known from the test alone, so that cannot choose.
    """
    models = ledger.summary.filter((pl.col("kind") == "model") & ~pl.col("oracle"))["side"].to_list()
    return COMBINED if COMBINED in models else next(iter(models), None)


def first_rules(ledger: Ledger) -> str | None:
    """Return the rules that all is compared with (tuned ones, where there are any); null without rules."""
    return next(iter(ledger.summary.filter(pl.col("kind") == "rules")["side"]), None)


def in_front(ledger: Ledger) -> list[str]:
    """Return the sides of the headline that everybody looks at; the others are single detectors."""
    model, rules = recommended(ledger), first_rules(ledger)
    rows = ledger.headline.select("side", "kind").unique(maintain_order=True).iter_rows()
    rivals = ledger.summary.filter(pl.col("kind") == "rival")["side"].to_list()
    unions = [f"{rules} + {other}" for other in [model, *rivals]]
    return [side for side, kind in rows if kind in _FRONT or side == model or side in unions]


def best_held(headline: pl.DataFrame) -> dict[float, int]:
    """Return per budget the most that a side found without breaking it; a budget that found nothing has none.

    Examples
    --------
    >>> rows = {"asked": [1.0, 1.0, 3.0], "budget": ["held", "broken", "broken"], "found": [4, 9, 9]}
    >>> best_held(pl.DataFrame(rows))
    {1.0: 4}
    """
    held = headline.filter((pl.col("budget") == "held") & (pl.col("found") > 0))
    best: list[tuple[Any, ...]] = held.group_by("asked").agg(pl.col("found").max()).rows()
    return {float(asked): int(found) for asked, found in best}
