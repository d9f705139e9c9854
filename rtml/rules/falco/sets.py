"""Fields of many values: sets to Falco (``in``: all of them, ``intersects``: one), and keyed values."""

from __future__ import annotations

import polars as pl

from rtml.rules.language.computed import call_of, computed
from rtml.rules.language.conditions import AnyOf, Condition, Pattern, Text, any_of
from rtml.text import SEPARATOR

__all__ = ["every", "with_key"]


_AROUND = {"equals": ("", "$"), "starts": ("", ""), "contains": (".*", ""), "ends": (".*", "$")}


def every(column: str, values: tuple[str, ...]) -> Condition:
    """Return the condition that the column has values, and all of them are among these.

    Parameters
    ----------
    column
        One of `rtml.rules.language.columns.LISTS` of which there is a view ``COLUMN_whole``, or computed
        from one.

    Examples
    --------
    >>> every("groups", ("dev", "ops")).column
    'groups_whole'
    """
    one = "|".join(map(pl.escape_regex, values))
    whole = computed("whole", column) if call_of(column) else f"{column}_whole"
    return Pattern(whole, f"^(?:{one})(?:{SEPARATOR}(?:{one}))*$")


def with_key(condition: Condition, key: str) -> Condition:
    """Return a test of a value as a test of a column of ``key=value``.

    Examples
    --------
    >>> with_key(Text("uri_params", "equals", ("sh",), cased=True), "command").values
    ('command=sh',)
    """
    match condition:
        case AnyOf(args):
            return any_of(with_key(arg, key) for arg in args)
        case Text(column, "equals" | "starts" as how, values, cased=True):
            return Text(column, how, tuple(f"{key}={value}" for value in values), cased=True)
        case Text(column, how, values):
            start, end = _AROUND[how]
            return _behind(
                column, key, f"{start}(?:{'|'.join(map(pl.escape_regex, values))}){end}", condition.cased
            )
        case Pattern(column, regex):
            return _behind(column, key, regex.removeprefix("(?s)").removeprefix("^"), condition.cased)
    raise TypeError(f"no keyed form of {type(condition).__name__}")


def _behind(column: str, key: str, regex: str, cased: bool) -> Condition:
    """Keys are compared with case, whatever is asked of values."""
    return Pattern(column, f"(?s)^{pl.escape_regex(key)}={regex if cased else f'(?i:{regex})'}")
