"""Text with wildcards, turned into the cheapest test that means the same."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rtml.rules.language.conditions import Absent, Condition, How, Not, Pattern, Text
from rtml.wildcards import WILDCARDS

__all__ = ["text_condition"]

_SHAPES: dict[tuple[bool, bool], How] = {
    (False, False): "equals",
    (True, True): "contains",
    (True, False): "ends",
    (False, True): "starts",
}


def text_condition(column: str, parts: Sequence[tuple[str, bool]], cased: bool) -> Condition:
    r"""Return the test for a text given as parts, each literal or a wildcard.

    Parameters
    ----------
    column
        The column that is tested.
    parts
        ``(text, False)`` for a literal, ``("*", True)`` for any run of characters (also none,
        also newlines), ``("?", True)`` for exactly one. No parts: the empty text.
    cased
        Whether case counts.

    Examples
    --------
    >>> text_condition("program", [("*", True), ("/sh", False)], cased=False)
    Text(column='program', how='ends', values=('/sh',), cased=False)
    >>> text_condition("cmdline", [("nc ", False), ("*", True), (" -E", False)], cased=False)
    Pattern(column='cmdline', regex='(?s)^nc .* \\-e$', cased=False)
    >>> text_condition("cwd", [("*", True)], cased=False)
    Not(arg=Absent(column='cwd'))
    """
    if parts and all(part == ("*", True) for part in parts):
        return Not(Absent(column))
    stars = [wild and text == "*" for text, wild in parts]
    first, last = bool(stars) and stars[0], bool(stars) and stars[-1]
    inner = list(parts)[first : len(parts) - last]
    if not any(wild for _, wild in inner):
        return Text(column, _SHAPES[first, last], ("".join(text for text, _ in inner),), cased=cased)
    body = "".join(_piece(text, wild, cased) for text, wild in inner)
    start, end = "" if first else "^", "" if last else "$"
    return Pattern(column, f"(?s){start}{body}{end}", cased=cased)


def _piece(text: str, wild: bool, cased: bool) -> str:
    if wild:
        return WILDCARDS[text]
    return pl.escape_regex(text if cased else text.lower())
