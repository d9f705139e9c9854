"""The fold from a condition to one Polars expression, one function per node type.

The expressions read prepared columns (`prepare`), so that every column is lowered once however
many rules read it. Each leaf ends in ``fill_null(False)``: an absent column never matches.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from functools import singledispatch

import polars as pl

from rtml.rules.language.columns import address, is_list, is_number
from rtml.rules.language.conditions import (
    Absent,
    All,
    AnyOf,
    Condition,
    Network,
    Not,
    Number,
    Pattern,
    Same,
    Text,
)
from rtml.rules.language.rings import spellings
from rtml.rules.language.views import view_of
from rtml.text import SEPARATOR

__all__ = ["expression", "prepare"]

_FORM = re.compile("(lower|text|address):(.*)", re.DOTALL)


@singledispatch
def expression(condition: Condition) -> pl.Expr:
    """Return the Boolean expression, never null, over columns made by `prepare`.

    Examples
    --------
    >>> events = pl.DataFrame({"program": ["/bin/SH", "/bin/ls", None]})
    >>> shell = Text("program", "ends", ("/sh", "/bash"))
    >>> prepare(events, [shell]).select(expression(shell)).to_series().to_list()
    [True, False, False]
    """
    raise TypeError(f"no fold for {type(condition).__name__}")


@expression.register
def _(condition: All) -> pl.Expr:
    return pl.all_horizontal([expression(arg) for arg in condition.args] or [pl.lit(True)])


@expression.register
def _(condition: AnyOf) -> pl.Expr:
    return pl.any_horizontal([expression(arg) for arg in condition.args] or [pl.lit(False)])


@expression.register
def _(condition: Not) -> pl.Expr:
    return ~expression(condition.arg)


@expression.register
def _(condition: Absent) -> pl.Expr:
    return pl.col(condition.column).is_null()


@expression.register
def _(condition: Text) -> pl.Expr:
    values = list(condition.values if condition.cased else map(str.lower, condition.values))
    if condition.how == "equals":
        values = spellings(condition.column, values)
    return _on(condition.column, condition.cased, lambda text: _literal(text, condition, values))


@expression.register
def _(condition: Same) -> pl.Expr:
    form = "text" if condition.cased else "lower"
    text, other = pl.col(f"{form}:{condition.column}"), pl.col(f"{form}:{condition.other}")
    tests = {
        "equals": text == other,
        "contains": text.str.contains(other, literal=True),
        "starts": text.str.starts_with(other),
        "ends": text.str.ends_with(other),
    }
    return tests[condition.how].fill_null(False)


@expression.register
def _(condition: Pattern) -> pl.Expr:
    return _on(condition.column, condition.cased, lambda text: text.str.contains(condition.regex))


@expression.register
def _(condition: Number) -> pl.Expr:
    column = pl.col(condition.column)
    if not is_number(condition.column):
        column = column.cast(pl.String).cast(pl.Float64, strict=False)
    compare: dict[str, Callable[[pl.Expr, float], pl.Expr]] = {
        "==": pl.Expr.__eq__,
        "<": pl.Expr.__lt__,
        "<=": pl.Expr.__le__,
        ">": pl.Expr.__gt__,
        ">=": pl.Expr.__ge__,
    }
    return compare[condition.how](column, condition.value).fill_null(False)


@expression.register
def _(condition: Network) -> pl.Expr:
    network = ipaddress.ip_network(condition.cidr, strict=False)
    low, high = address(str(network[0])), address(str(network[-1]))
    return _any_text(
        pl.col(f"address:{condition.column}"),
        is_list(condition.column),
        lambda text: text.is_between(pl.lit(low), pl.lit(high)),
    )


def _on(column: str, cased: bool, test: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
    return _any_text(pl.col(f"{'text' if cased else 'lower'}:{column}"), is_list(column), test)


def _any_text(values: pl.Expr, is_list: bool, test: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
    """Test a text; or each text of a list, of which one must pass."""
    if not is_list:
        return test(values).fill_null(False)
    return values.list.eval(test(pl.element()).fill_null(False)).list.any().fill_null(False)


def _literal(text: pl.Expr, condition: Text, values: list[str]) -> pl.Expr:
    match condition.how:
        case "equals":
            return text.is_in(values)
        case "contains":
            single = len(values) == 1
            return text.str.contains(values[0], literal=True) if single else text.str.contains_any(values)
        case "starts":
            return pl.any_horizontal([text.str.starts_with(value) for value in values])
        case "ends":
            return pl.any_horizontal([text.str.ends_with(value) for value in values])


def prepare(inputs: pl.DataFrame, conditions: Iterable[Condition]) -> pl.DataFrame:
    """Add the lowered, plain and address forms that the conditions read, each once.

    Parameters
    ----------
    inputs
        Distinct inputs; list columns as text joined by `SEPARATOR`.
    """
    wanted = {name for condition in conditions for name in expression(condition).meta.root_names()}
    forms = [(name, *found.groups()) for name in sorted(wanted) if (found := _FORM.match(name))]
    read = sorted(wanted - {name for name, *_ in forms} | {name for *_, name in forms})
    views = {name: view for name in read if (view := view_of(name)) is not None}
    inputs = inputs.with_columns(view.expression.alias(name) for name, view in views.items())
    return inputs.with_columns(_form(inputs, form, name).alias(formed) for formed, form, name in forms)


def _form(inputs: pl.DataFrame, form: str, name: str) -> pl.Expr:
    text = pl.col(name).cast(pl.String)
    if form == "lower":
        text = text.str.to_lowercase()
    values = text.str.split(SEPARATOR) if is_list(name) else text
    return values if form != "address" else _addresses(inputs, name, values)


def _addresses(inputs: pl.DataFrame, name: str, values: pl.Expr) -> pl.Expr:
    """Parse each distinct address once, in Python: the standard library knows every spelling."""
    texts = inputs.select(values.alias("text"))
    flat = texts.explode("text") if is_list(name) else texts
    distinct = flat["text"].drop_nulls().unique().to_list()
    table = pl.Series(distinct, dtype=pl.String), pl.Series(map(address, distinct), dtype=pl.String)
    lookup = (pl.element() if is_list(name) else values).replace_strict(
        *table, default=None, return_dtype=pl.String
    )
    return values.list.eval(lookup) if is_list(name) else lookup
