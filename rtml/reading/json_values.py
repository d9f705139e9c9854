"""JSON values one after the other, on one line each or over many; broken ones told apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

__all__ = ["json_values"]


def json_values(text: str) -> Iterator[tuple[int, str, Any]]:
    r"""Yield (line, text, value) of each JSON value; a broken line yields null, the next is tried.

    Examples
    --------
    >>> list(json_values('{"a":\n1}\n{"b"\n2'))
    [(1, '{"a":\n1}', {'a': 1}), (3, '{"b"', None), (4, '2', 2)]
    """
    decoder, at, line = json.JSONDecoder(), 0, 1
    while at < len(text):
        if text[at].isspace():
            line += text[at] == "\n"
            at += 1
            continue
        value, end = _value(decoder, text, at)
        yield line, text[at:end], value
        line += text.count("\n", at, end)
        at = end


def _value(decoder: json.JSONDecoder, text: str, at: int) -> tuple[Any, int]:
    try:
        return decoder.raw_decode(text, at)
    except (ValueError, RecursionError):
        end = text.find("\n", at)
        return None, len(text) if end < 0 else end
