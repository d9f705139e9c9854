"""Tell a format of JSON records by its keys, in whatever envelope the records stand."""

from __future__ import annotations

import re

__all__ = ["has_keys"]


def has_keys(head: bytes, *keys: str) -> bool:
    r"""Say whether the beginning of a file has all of these as keys of JSON, quoted once or in a text.

    Examples
    --------
    >>> has_keys(b'{"rule": "x"}', "rule"), has_keys(b'{"log": "{\\"rule\\":1}"}', "rule")
    (True, True)
    >>> has_keys(b'{"x": "rule"}', "rule")
    False
    """
    return all(re.search(b'"' + re.escape(key).encode() + rb'\\*"\s*:', head) for key in keys)
