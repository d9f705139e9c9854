"""All rules on distinct inputs at once.

What of a condition asks one column alone is answered once per distinct value of it, where values are few:
of a million program starts there are hundreds of thousands of command lines, and a hundred programs. And
what else a rule wants is asked only of the rows that the answers leave.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

from rtml.rules.language.conditions import All, AnyOf, Condition, Not, columns_of
from rtml.rules.language.contract import Rule
from rtml.rules.language.expressions import expression, prepare

__all__ = ["masks"]

FEW = 4
"""Rows that a distinct value stands for, on average, from which on values are asked instead of rows; and
how many times fewer rows must be left for them to be asked by themselves."""

_ALWAYS = pl.repeat(True, pl.len())
"""True for each row: a condition of no column has one answer, not one for each."""


def masks(inputs: pl.DataFrame, rules: Iterable[Rule]) -> pl.DataFrame:
    """Evaluate all rules on distinct inputs: one Boolean column per rule id."""
    rules = list(rules)
    distinct = [inputs[name].unique() for name in inputs.columns]
    few = {values.name: _Answers(values) for values in distinct if values.len() * FEW <= inputs.height}
    split = {rule.id: _Split.of(rule.condition, few) for rule in rules}
    prepared = prepare(inputs, [condition for one in split.values() for condition in one.open])
    answered = inputs
    for answers in few.values():
        answered = answers.onto(answered)
    left = answered.lazy().select(one.first.alias(name) for name, one in split.items()).collect()
    whole, parts = dict[str, pl.Expr](), dict[str, pl.Series]()
    for name, one in split.items():
        if not one.open:
            continue
        if left[name].sum() * FEW > inputs.height:
            whole[name] = one.then
        else:
            parts[name] = _of_rows(prepared, left[name], one.then)
    asked = prepared.lazy().select(expr.alias(name) for name, expr in whole.items()).collect()
    both = [(left[name] & asked[name]).alias(name) for name in whole]
    return left.with_columns(*both, *(part.alias(name) for name, part in parts.items()))


def _of_rows(prepared: pl.DataFrame, left: pl.Series, test: pl.Expr) -> pl.Series:
    """Return which of the rows that are left pass a test; the others are not asked."""
    rows = left.arg_true()
    if rows.is_empty():
        return left
    some = prepared.select(set(test.meta.root_names()) or prepared.columns[:1])[rows]
    passed = some.select(_ALWAYS & test).to_series()
    return pl.zeros(left.len(), pl.Boolean, eager=True).scatter(rows.filter(passed), True)


class _Answers:
    """What conditions say of each distinct value of a column."""

    def __init__(self, values: pl.Series) -> None:
        self._values, self._asked = values, dict[Condition, str]()

    def asked(self, condition: Condition) -> pl.Expr:
        """Return the column that will answer a condition."""
        return pl.col(self._asked.setdefault(condition, f"answer:{self._values.name}:{len(self._asked)}"))

    def onto(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Add the answers to rows that hold the column."""
        if not self._asked:
            return rows
        values = self._values.to_frame()
        told = [expression(condition).alias(name) for condition, name in self._asked.items()]
        answered = values.hstack(prepare(values, self._asked).lazy().select(told).collect())
        return rows.join(answered, on=self._values.name, how="left", nulls_equal=True, maintain_order="left")


@dataclass(frozen=True)
class _Split:
    """A condition in two: ``first`` over answers, and ``then`` over prepared columns; both must hold.

    ``open`` are the conditions of the latter; none: answers say all.
    """

    first: pl.Expr
    then: pl.Expr = field(default_factory=lambda: pl.lit(True))
    open: tuple[Condition, ...] = ()

    @classmethod
    def of(cls, condition: Condition, few: dict[str, _Answers]) -> _Split:
        """Split a condition by which columns have few values."""
        args = condition.args if isinstance(condition, All) else (condition,)
        known = [arg for arg in args if columns_of(arg) <= few.keys() and _single(arg)]
        rest = tuple(arg for arg in args if arg not in known)
        first = pl.all_horizontal([_ALWAYS, *(_answered(arg, few) for arg in known)])
        return cls(first, expression(All(rest)), rest)


def _single(condition: Condition) -> bool:
    """Say whether a condition falls into parts of one column each."""
    match condition:
        case All(args) | AnyOf(args):
            return bool(args) and all(map(_single, args))
        case Not(arg):
            return _single(arg)
    return len(columns_of(condition)) == 1


def _answered(condition: Condition, few: dict[str, _Answers]) -> pl.Expr:
    """Return the expression of a condition whose columns all have answers."""
    names = columns_of(condition)
    if len(names) == 1:
        return few[next(iter(names))].asked(condition)
    match condition:
        case All(args):
            return pl.all_horizontal([_answered(arg, few) for arg in args])
        case AnyOf(args):
            return pl.any_horizontal([_answered(arg, few) for arg in args])
        case Not(arg):
            return ~_answered(arg, few)
    raise TypeError(f"no fold for {type(condition).__name__}")
