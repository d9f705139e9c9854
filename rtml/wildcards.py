"""Text with wildcards as a regular expression: ``*`` is any run of characters, ``?`` exactly one.

Newlines are characters like others, ``*`` also stands for nothing, and it runs over slashes. A byte that is
no UTF-8 is one character, however tables write it (`rtml.reading.escapes`).
"""

from __future__ import annotations

import polars as pl

__all__ = ["WILDCARDS", "pattern", "whole"]

WILDCARDS = {"*": ".*", "?": r"(?:\\x(?:[89a-f][0-9a-f]|5c)|.)"}
"""Each wildcard as a regular expression that is read with the flag ``s``."""


def pattern(text: str) -> str:
    r"""Return the regular expression of a text with wildcards, without flag and ends.

    Examples
    --------
    >>> pattern("*/s.d")
    '.*/s\\.d'
    """
    return "".join(WILDCARDS.get(character) or pl.escape_regex(character) for character in text)


def whole(text: str) -> str:
    """Return the regular expression that matches where the whole of a text does.

    Examples
    --------
    >>> names = pl.Series(["shop/web", "workshop/web"])
    >>> names.str.contains(whole("shop/*")).to_list()
    [True, False]
    """
    return f"(?s)^{pattern(text)}$"
