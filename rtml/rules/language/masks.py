"""All rules on distinct inputs at once."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from rtml.rules.language.contract import Rule
from rtml.rules.language.expressions import prepare

__all__ = ["masks"]


def masks(inputs: pl.DataFrame, rules: Iterable[Rule]) -> pl.DataFrame:
    """Evaluate all rules on distinct inputs: one Boolean column per rule id."""
    rules = list(rules)
    prepared = prepare(inputs, (rule.condition for rule in rules))
    return prepared.lazy().select(rule.expression.alias(rule.id) for rule in rules).collect()
