"""Values that somebody wrote with Python's `repr`: read as data, never evaluated.

Most such text holds no double quote and no backslash. Then every ``'`` delimits a string, and
expressions over whole columns can cut it. The rest is turned into JSON token by token.
"""

from __future__ import annotations

import json
import re

import polars as pl

from rtml.reading.json_text import json_value

__all__ = ["PLAIN_LIST", "is_plain", "parse"]

_VALUE = r"(?:'[^']*'|-?[0-9][0-9.eE+-]*|None|True|False)"
_NESTED = rf"(?:\[(?:{_VALUE}(?:, )?)*\]|\{{(?:'[^']*': ?{_VALUE}(?:, ?)?)*\}})"
_ARGUMENT = rf"\{{'name': '[^']*', 'type': '[^']*', 'value': (?:{_VALUE}|{_NESTED})\}}"
PLAIN_LIST = rf"^\[(?:{_ARGUMENT}(?:, )?)*\]$"
"""A list of arguments (dicts of name, type and value) without escapes."""

_TOKEN = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|None|True|False""", re.DOTALL)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_WORDS = {"None": "null", "True": "true", "False": "false"}
_CONTROL = {"n": "\n", "r": "\r", "t": "\t"}


def is_plain(text: pl.Expr) -> pl.Expr:
    """Say whether a list of arguments can be cut by expressions alone.

    Examples
    --------
    >>> rows = pl.DataFrame({"args": ["[]", "[{'name': 'a', 'type': 't', 'value': 1}]", "['x'"]})
    >>> rows.select(is_plain(pl.col("args")))["args"].to_list()
    [True, True, False]
    """
    return ~text.str.contains(r"[\"\\]") & text.str.contains(PLAIN_LIST)


def parse(text: str) -> object:
    r"""Read one value: strings (`rtml.reading.escapes`), numbers, None, booleans, lists and dicts.

    Raises
    ------
    ValueError
        The text is no such value, or it is nested too deeply.

    Examples
    --------
    >>> parse("[{'name': \"it's\", 'value': ['\\x41', None, -1]}]")
    [{'name': "it's", 'value': ['A', None, -1]}]
    """
    return json_value(_TOKEN.sub(_as_json, text))


def _as_json(token: re.Match[str]) -> str:
    word = token.group()
    return _WORDS[word] if word in _WORDS else json.dumps(_ESCAPE.sub(_unescaped, word[1:-1]))


def _unescaped(escape: re.Match[str]) -> str:
    """Undo one escape; what is no character at all stays as it was written."""
    body = escape.group(1)
    if body[0] not in "xuU" or len(body) == 1:
        return _CONTROL.get(body, body)
    code = int(body[1:], 16)
    return chr(code) if code < 0x110000 else escape.group()
