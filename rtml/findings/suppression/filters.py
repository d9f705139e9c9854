"""Tests of one field of a finding, as expressions.

=================  =============================================================================
``equals``         the same text (upper and lower case differ), number or time
``not_equals``     anything else, also an absent value
``less``           a smaller number, or an earlier time
``greater``        a greater number, or a later time
``matches``        text by wildcards: ``*`` any run of characters, ``?`` one
``not_matches``    anything else, also an absent value
``in``             one of a list of values
=================  =============================================================================

A ``container_id`` is equal under every spelling of it, if only one container of the findings fits
(`rtml.container_ids`).

Of ``techniques`` and ``contributions`` (their ``feature``: the reason in words) one element must
pass; for the two negative tests none may fail them.
"""

from __future__ import annotations

import datetime as dt
import reprlib
from collections.abc import Callable
from typing import Any, Literal

import polars as pl

from rtml.container_ids import SHORTEST, bare_id, bare_ids
from rtml.errors import UnknownNameError, UsageError, did_you_mean
from rtml.schema import FINDINGS
from rtml.wildcards import whole

__all__ = ["FIELDS", "TESTS", "Test", "condition"]

Test = Literal["equals", "not_equals", "less", "greater", "matches", "not_matches", "in"]
FIELDS: dict[str, pl.DataType | type[pl.DataType]] = {
    **{name: kind for name, kind in FINDINGS.items() if not isinstance(kind, pl.List)},
    "techniques": pl.String,
    "contributions": pl.String,
}
"""Fields that a test may name, with the type of what is compared."""

_LISTS = {"techniques": pl.element(), "contributions": pl.element().struct.field("feature")}


TESTS: dict[Test, Callable[[pl.Expr, Any], pl.Expr]] = {
    "equals": lambda field, value: field == value,
    "not_equals": lambda field, value: field == value,
    "less": lambda field, value: field < value,
    "greater": lambda field, value: field > value,
    "matches": lambda field, value: field.str.contains(whole(str(value))),
    "not_matches": lambda field, value: field.str.contains(whole(str(value))),
    "in": lambda field, value: field.is_in(value),
}
"""Tests by name; the ``not_`` of a name is added by `condition`, so that absent values pass."""


def condition(field: str, test: str, value: Any) -> pl.Expr:
    """Return the test as a Boolean expression over findings; never null.

    Raises
    ------
    UsageError
        Field or test is unknown, or the value does not fit the field.

    Examples
    --------
    >>> frame = pl.DataFrame({"image": ["shop/web:1", None], "severity": [8.0, 2.0]})
    >>> frame.select(condition("image", "matches", "shop/*")).to_series().to_list()
    [True, False]
    >>> frame.select(condition("image", "not_matches", "shop/*")).to_series().to_list()
    [False, True]
    >>> condition("severty", "less", 5)
    Traceback (most recent call last):
    ...
    rtml.errors.UnknownNameError: unknown field 'severty' of a finding; did you mean 'severity'?
    """
    if field not in FIELDS:
        raise UnknownNameError(f"unknown field {field!r} of a finding; {did_you_mean(field, FIELDS)}")
    tests: dict[str, Any] = {str(name): make for name, make in TESTS.items()}
    if test not in tests:
        raise UnknownNameError(f"{field}: unknown test {test!r}; {did_you_mean(test, tests)}")
    wanted = _values(field, test, value)
    if field == "container_id" and test in ("equals", "not_equals", "in"):
        passed = _same_container(value if test == "in" else [value])
    elif field in _LISTS:
        passes = tests[test](_LISTS[field], wanted).fill_null(False)
        passed = pl.col(field).list.eval(passes).list.any()
    else:
        passed = tests[test](pl.col(field), wanted)
    passed = passed.fill_null(False)
    return ~passed if test.startswith("not_") else passed


def _same_container(ids: list[str]) -> pl.Expr:
    """Say which findings are of one of these containers; an id that fits several means itself only."""
    have = bare_ids(pl.col("container_id"))
    return pl.any_horizontal(pl.lit(False), *(_is_container(have, bare_id(text) or "") for text in ids))


def _is_container(have: pl.Expr, wanted: str) -> pl.Expr:
    digits = f"^[0-9a-f]{{{SHORTEST},}}$"
    begins = have.str.starts_with(wanted) | pl.lit(wanted).str.starts_with(have)
    fits = begins & have.str.contains(digits) & pl.lit(wanted).str.contains(digits)
    fitting = have.filter(fits)
    # Of one container if each is the beginning of the longest.
    alone = fitting.sort_by(fitting.str.len_bytes()).last().str.starts_with(fitting).all()
    return ((have == wanted) | (fits & alone)).fill_null(False)


def _values(field: str, test: str, value: Any) -> Any:
    """Check the value against the field's type; times may be written as text."""
    kind = FIELDS[field]
    if test in ("matches", "not_matches"):
        if kind != pl.String or not isinstance(value, str):
            raise UsageError(f"{field}: {test!r} compares text with text")
        return value
    if test == "in":
        if not isinstance(value, list):
            raise UsageError(f"{field}: 'in' needs a list of values")
        return pl.Series([_value(field, kind, element) for element in value], dtype=kind).implode()
    if test in ("less", "greater") and kind == pl.String:
        raise UsageError(f"{field}: {test!r} compares numbers or times, this is text")
    fraction = kind == pl.Int64 and isinstance(value, float) and test in ("less", "greater")
    wanted = pl.Float64 if fraction else kind
    return pl.lit(_value(field, wanted, value), wanted)


def _value(field: str, kind: Any, value: Any) -> Any:
    if isinstance(kind, pl.Datetime):
        return _time(field, value)
    if kind == pl.String and isinstance(value, str):
        return value
    number = isinstance(value, int | float) and not isinstance(value, bool) and value == value
    if kind == pl.Float64 and number:
        return float(value)
    if kind == pl.Int64 and number and isinstance(value, int) and -(2**63) <= value < 2**63:
        return value
    wanted = {pl.String: "text", pl.Int64: "whole number"}.get(kind, "number")
    raise UsageError(f"{field}: {reprlib.repr(value)} is no {wanted}")


def _time(field: str, value: Any) -> dt.datetime:
    try:
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            value = dt.datetime.combine(value, dt.time())
        at = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(value)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{field}: {reprlib.repr(value)} is no time like 2026-11-24T03:14:00Z") from error
    return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
