"""Values of JSON that stand one behind the other in a text, with nothing or commas between them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

__all__ = ["BETWEEN", "one_behind_another"]

BETWEEN = " \t\r\n,"
"""What may stand between them: a list that lost its brackets has commas."""
_OPENING = re.compile(r"[\s,]*(?=[{\[])")
_DECODER = json.JSONDecoder()


def one_behind_another(text: str, at: int = 0) -> Iterator[tuple[Any, int, int]]:
    """Yield objects and lists from a place on, with where each begins and ends, up to what is neither.

    Examples
    --------
    >>> [*one_behind_another('{"a": 1}, [2]{"b": ')]
    [({'a': 1}, 0, 8), ([2], 10, 13)]
    """
    while opening := _OPENING.match(text, at):
        try:
            value, end = _DECODER.raw_decode(text, opening.end())
        except (ValueError, RecursionError):
            return
        yield value, opening.end(), end
        at = end
