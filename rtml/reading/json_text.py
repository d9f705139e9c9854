"""Texts of JSON that may be unsound: half surrogate pairs, endless depth, secrets."""

from __future__ import annotations

import json
import re
from typing import Any

from rtml.reading.escapes import readable_json

__all__ = ["json_of", "json_value", "redacted"]

_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*(?:"(\s*:)?|$)')


def json_of(text: str | bytes) -> Any:
    """Return the value of a JSON text as it stands; whoever reads JSON reads it here.

    Raises
    ------
    ValueError
        It is no JSON, or nested too deeply: Python's own parser ends in a `RecursionError` then.

    Examples
    --------
    >>> json_of('{"a": 1}'), json_of(b"[]")
    ({'a': 1}, [])
    >>> json_of("[" * 100_000)
    Traceback (most recent call last):
    ...
    ValueError: nested too deeply
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def json_value(text: str) -> Any:
    r"""Return the value of a JSON text, with strings that tables can hold (`rtml.reading.escapes`).

    Raises
    ------
    ValueError
        It is no JSON, or nested too deeply.

    Examples
    --------
    >>> json_value(r'["\ud83d\ude00", "\ud83d", "\\ud83d"]')
    ['😀', '\\xed\\xa0\\xbd', '\\ud83d']
    """
    return json_of(readable_json(text))


def redacted(raw: bytes, limit: int = 200) -> str:
    """Return the start of a document with its keys and without any of its values.

    What is refused is kept with its text; a log of API requests holds secrets.

    Examples
    --------
    >>> redacted(b'{"kind": "Secret", "data": {"token": "c2VjcmV0"}, "args": ["-p", "hunter2"]')
    '{"kind": "…", "data": {"token": "…"}, "args": ["…", "…"]'
    >>> redacted(b"c2VjcmV0"), redacted(b'"token": "c2Vjc')
    ('(8 bytes)', '"token": "…"')
    """
    if not raw.lstrip().startswith((b"{", b"[", b'"')):
        return f"({len(raw)} bytes)"
    hidden = _STRINGS.sub(lambda m: m[0] if m[1] else '"…"'.encode(), raw[: limit * 20])
    return hidden.decode("utf-8", "backslashreplace")[:limit]
