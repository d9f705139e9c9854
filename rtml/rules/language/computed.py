r"""Columns computed from others by functions that a rule calls: what they are named, what they hold.

The name of such a column says how it is made (``["len","proc_cmdline"]``, JSON), so that a condition tests
it as any other column and no table of names has to grow with the rules. A computed value is null where
one of its arguments is. Text is ASCII to these functions, as in Falco: only a to z have another case.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from rtml.reading.escapes import original, readable
from rtml.text import SEPARATOR

__all__ = ["FUNCTIONS", "Function", "call_of", "computed", "expression_of", "leaves"]

_ESCAPE = r"\\x(?:[89a-f][0-9a-f]|5c)"
"""One byte, as tables write it where it is no UTF-8."""

_LOWER = re.compile(rf"{_ESCAPE}|[a-z]+")
_CASES = {chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)}


@dataclass(frozen=True)
class Function:
    """How a column is made of its arguments; ``each``: a column of many values has as many of them."""

    expression: Callable[..., pl.Expr]
    dtype: pl.DataType | type[pl.DataType] = pl.String
    each: bool = False


def computed(function: str, *arguments: str) -> str:
    """Name the column that a function makes of columns; of ``literal``, the argument is the text itself.

    Examples
    --------
    >>> computed("len", computed("basename", "exe"))
    '["len",["basename","exe"]]'
    """
    nested = [json.loads(name) if call_of(name) else name for name in arguments]
    if function == "literal":
        nested = list(arguments)
    return json.dumps([function, *nested], separators=(",", ":"))


def call_of(column: str) -> tuple[str, tuple[str, ...]] | None:
    """Return function and arguments of a computed column; of any other, nothing.

    Examples
    --------
    >>> call_of('["len",["basename","exe"]]'), call_of("exe")
    (('len', ('["basename","exe"]',)), None)
    """
    if not column.startswith("["):
        return None
    function, *arguments = json.loads(column)
    plain = (part if isinstance(part, str) else json.dumps(part, separators=(",", ":")) for part in arguments)
    return function, tuple(plain)


def leaves(column: str) -> frozenset[str]:
    """Columns that a column is computed from, itself where it is not computed.

    Examples
    --------
    >>> sorted(leaves(computed("concat", computed("literal", "x"), computed("len", "exe"), "cwd")))
    ['cwd', 'exe']
    """
    call = call_of(column)
    if call is None:
        return frozenset({column})
    return frozenset().union(*map(leaves, call[1] if call[0] != "literal" else ()))


def _upper(text: str) -> str:
    return _LOWER.sub(lambda found: found[0] if found[0].startswith("\\") else found[0].upper(), text)


def _decoded(text: str) -> str | None:
    try:
        return readable(base64.b64decode(original(text), validate=True))
    except (binascii.Error, ValueError):
        return None


def _canonical(text: str) -> str | None:
    """Write an address in the one spelling that it has, IPv4 within IPv6 as IPv4."""
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return None
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def _distinct(meaning: Callable[[str], str | None]) -> Callable[[pl.Expr], pl.Expr]:
    """Apply a function of one text to the distinct texts of a column."""

    def mapped(texts: pl.Series) -> pl.Series:
        known = texts.drop_nulls().unique()
        values = pl.Series(map(meaning, known.to_list()), dtype=pl.String)
        return texts.replace_strict(known, values, default=None, return_dtype=pl.String)

    return lambda text: text.map_batches(mapped, pl.String)


def _length(text: pl.Expr) -> pl.Expr:
    """Bytes, as C counts them."""
    return text.str.replace_all(_ESCAPE, ".").str.len_bytes().cast(pl.Int64)


def _joined(separator: pl.Expr, *parts: pl.Expr) -> pl.Expr:
    between = [piece for part in parts for piece in (separator, part)]
    return pl.concat_str(between[1:]) if parts else separator.str.slice(0, 0)


def _joined_many(separator: pl.Expr, many: pl.Expr) -> pl.Expr:
    return many.str.split(SEPARATOR).list.join(separator)


FUNCTIONS: dict[str, Function] = {
    "tolower": Function(lambda text: text.str.replace_many(_CASES), each=True),
    "toupper": Function(_distinct(_upper), each=True),
    "basename": Function(lambda text: text.str.replace_all(f"[^{SEPARATOR}]*/", ""), each=True),
    "b64": Function(_distinct(_decoded)),
    "len": Function(_length, pl.Int64),
    "count": Function(lambda many: many.str.count_matches(SEPARATOR).cast(pl.Int64) + 1, pl.Int64),
    "concat": Function(lambda *parts: pl.concat_str(parts)),
    "join": Function(_joined),
    "join_many": Function(_joined_many),
    "whole": Function(lambda many: many),
    "address": Function(_distinct(_canonical)),
    "difference": Function(lambda one, other: one.cast(pl.Int64) - other.cast(pl.Int64), pl.Int64),
}
"""By the name that computed columns bear; all but ``difference`` take text."""


def expression_of(function: str, arguments: Sequence[pl.Expr]) -> pl.Expr:
    """Return the expression of a computed column, from those of its arguments."""
    made = FUNCTIONS[function]
    texts = arguments if function == "difference" else [argument.cast(pl.String) for argument in arguments]
    return made.expression(*texts)
