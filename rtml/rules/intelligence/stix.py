"""A small strict reader of STIX 2.1 bundles: indicators that are plain alternatives of values.

What lists of indicators hold in practice is ``[domain-name:value = 'c2.example']`` and the same
joined by OR; only that is read, and what MISP writes for the destination of traffic: type AND value
of ``dst_ref``, which say no more than the address. Any other AND, FOLLOWEDBY, qualifiers, other
comparisons and other objects are refused one by one, with the reason: half a condition would match
what was not meant.
Source: https://docs.oasis-open.org/cti/stix/v2.1/stix-v2.1.html (chapter 9).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rtml.errors import RtmlError
from rtml.reading.json_text import json_value

__all__ = ["indicators", "values_of"]

_PATHS = (
    "ipv4-addr:value",
    "ipv6-addr:value",
    "domain-name:value",
    "network-traffic:dst_ref.value",
    "file:hashes.'SHA-256'",
    'file:hashes."SHA-256"',
    "file:hashes.SHA256",
)
_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^'\\]|\\.)*')|(?P<path>[a-z0-9-]+:[\w.-]+(?:'[^']*'|\"[^\"]*\")?)"
    r"|(?P<word>OR|IN|ISSUBSET)\b|(?P<mark>[\[\]()=,]))"
)
_DESTINATION = re.compile(
    r"network-traffic:dst_ref\.type\s*=\s*'(ipv4-addr|ipv6-addr|domain-name)'\s+AND\s+network-traffic:dst_ref\.value\b"
)
_MOST_BRACKETS = 1000
Raw = tuple[int, str | None, str | None]


def indicators(text: str, path: Path) -> Iterator[Raw]:
    """Yield (number of the object in the bundle, value, reason why there is none).

    Revoked indicators are refused. Objects that are no indicators are passed over: identities,
    relationships, reports and the like carry nothing to match. Validity times are not looked at: a
    capture may be older than the list.

    Raises
    ------
    RtmlError
        The text is no STIX bundle.
    """
    try:
        bundle = json_value(text)
    except ValueError as error:
        raise RtmlError(f"{path}: not JSON, so no STIX bundle ({error})") from error
    objects = bundle.get("objects") if isinstance(bundle, dict) else None
    if not isinstance(objects, list) or bundle.get("type") != "bundle":
        raise RtmlError(f"{path}: no STIX bundle: an object of type 'bundle' with 'objects'")
    for number, item in enumerate(objects, 1):
        if isinstance(item, dict) and item.get("type") == "indicator":
            yield from _indicator(number, item)


def _indicator(number: int, item: dict[str, Any]) -> Iterator[Raw]:
    pattern = item.get("pattern")
    shown = pattern if isinstance(pattern, str) else None
    if item.get("revoked") is True:
        yield number, shown, "revoked"
    elif shown is None or item.get("pattern_type", "stix") != "stix":
        yield number, shown, "no pattern in STIX's own language"
    else:
        try:
            yield from ((number, value, None) for value in values_of(shown))
        except ValueError as error:
            yield number, shown, str(error)


def values_of(pattern: str) -> list[str]:
    """Return the values of a pattern that is a plain alternative of values.

    Raises
    ------
    ValueError
        The pattern says more, or names an object that lists do not match.

    Examples
    --------
    >>> values_of("[ipv4-addr:value = '192.0.2.1' OR domain-name:value IN ('a.example')]")
    ['192.0.2.1', 'a.example']
    >>> values_of("[ipv4-addr:value = '192.0.2.1' AND file:name = 'x']")
    Traceback (most recent call last):
    ...
    ValueError: a pattern that is no plain alternative, from 'AND file:nam...' on
    """
    if "network-traffic:src_ref" in pattern:
        raise ValueError("network-traffic:src_ref is not matched: lists name whom a container talks to")
    tokens, values = _tokens(_DESTINATION.sub(r"\1:value", pattern)), []
    shape = ""
    for kind, text in tokens:
        if kind == "path" and text not in _PATHS:
            raise ValueError(f"{text} is not matched")
        if kind == "string":
            values.append(re.sub(r"\\(.)", r"\1", text[1:-1]))
        shape += {"string": "s", "path": "p", "word": "=" if text == "ISSUBSET" else text[0]}.get(kind, text)
    # Reduce by the grammar: comparison, alternatives, brackets; a plain alternative leaves one.
    before = ""
    if shape.count("(") > _MOST_BRACKETS:
        raise ValueError("a pattern of too many brackets")
    while shape != before:
        before = shape
        shape = re.sub(r"pI\(s(?:,s)*\)|p=s", "c", shape).replace("cOc", "c").replace("(c)", "c")
        shape = shape.replace("[c]", "b").replace("bOb", "b").replace("(b)", "b")
    if shape != "b":
        raise ValueError("a pattern that is no plain alternative")
    return values


def _tokens(pattern: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    while at < len(pattern.rstrip()):
        token = _TOKEN.match(pattern, at)
        if token is None:
            rest = pattern[at : at + 13].strip()
            raise ValueError(f"a pattern that is no plain alternative, from {rest + '...'!r} on")
        at = token.end()
        tokens.append((str(token.lastgroup), token.group(str(token.lastgroup))))
    return tokens
