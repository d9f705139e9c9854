"""Patterns of STIX: the alternatives of a pattern, each a value or a reason why it is none.

A pattern is split where ``OR`` stands outside of brackets and parentheses, again and again. A part that is
``path = 'value'``, ``IN`` a list, or ``ISSUBSET`` a network is a value; so is what MISP writes for the
destination of traffic: type AND value of ``dst_ref``, which say no more than the address. Any other AND,
FOLLOWEDBY, NOT, qualifiers, other comparisons and other objects make their own part no value, and no other:
half a condition would match what was not meant.
Source: https://docs.oasis-open.org/cti/stix/v2.1/stix-v2.1.html (chapter 9).
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["alternatives"]

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
    r"\s*(?:(?P<string>'(?:[^'\\]|\\.)*')|(?P<path>[a-zA-Z0-9-]+:(?:'[^']*'|\"[^\"]*\"|[\w.*-]|\[[*\d]+\])+)"
    r"|(?P<word>\w+)|(?P<mark>[\[\]()=,])|(?P<other>\S))",
    re.DOTALL,
)
_PLAIN = re.compile(r"p(?:=s|I\(s(?:,s)*\)|Us)")
_DESTINATION = re.compile(r"p=sAp=s")
_REF = "network-traffic:dst_ref"
_KINDS = ("ipv4-addr", "ipv6-addr", "domain-name")
_MOST_DEPTH = 40
_LETTERS = {"OR": "O", "AND": "A", "IN": "I", "ISSUBSET": "U"}
_NO_VALUE = "a pattern that is no plain alternative"


class _Token(NamedTuple):
    kind: str
    text: str


Alternative = tuple[str | None, str | None]


def alternatives(pattern: str) -> list[Alternative]:
    """Return the values of a pattern, and the reasons of its parts that are none.

    Examples
    --------
    >>> alternatives("[ipv4-addr:value = '192.0.2.1' OR domain-name:value IN ('a.example')]")
    [('192.0.2.1', None), ('a.example', None)]
    >>> alternatives("[ipv4-addr:value = '192.0.2.1'] OR [url:value = 'http://a.example']")
    [('192.0.2.1', None), (None, 'url:value is not matched')]
    >>> alternatives("[ipv4-addr:value = '192.0.2.1' AND file:name = 'x']")
    [(None, "a pattern that is no plain alternative: ipv4-addr:value = '192.0.2.1' AND file:name = 'x'")]
    """
    tokens = [_Token(str(found.lastgroup), found[0].strip()) for found in _TOKEN.finditer(pattern)]
    if not tokens or not _balanced(tokens):
        return [(None, f"{_NO_VALUE}: brackets that do not match" if tokens else f"{_NO_VALUE}: it is empty")]
    return _split(tokens, 0)


def _balanced(tokens: list[_Token]) -> bool:
    """Tell whether every bracket is closed by its like, and none stands too deep."""
    held: list[str] = []
    for token in tokens:
        if token.text in ("(", "["):
            held.append(token.text)
            if len(held) > _MOST_DEPTH:
                return False
        elif token.text in (")", "]") and (not held or held.pop() != {")": "(", "]": "["}[token.text]):
            return False
    return not held


def _split(tokens: list[_Token], depth: int) -> list[Alternative]:
    inner = _opened(tokens)
    if inner is not None:
        return _split(inner, depth + 1) if inner else [(None, f"{_NO_VALUE}: it is empty")]
    outside = _outside(tokens)
    if any(tokens[i].text.upper() == "FOLLOWEDBY" for i in outside):
        return [_refused(tokens)]
    cuts = [i for i in outside if tokens[i].text.upper() == "OR"]
    if not cuts:
        return _leaf(tokens)
    ends = zip([-1, *cuts], [*cuts, len(tokens)], strict=True)
    return [part for begin, end in ends for part in _split(tokens[begin + 1 : end], depth + 1)]


def _outside(tokens: list[_Token]) -> list[int]:
    """Return the places of the words that stand outside of all brackets."""
    depth, found = 0, []
    for i, token in enumerate(tokens):
        depth += (token.text in ("(", "[")) - (token.text in (")", "]"))
        if depth == 0 and token.kind == "word":
            found.append(i)
    return found


def _opened(tokens: list[_Token]) -> list[_Token] | None:
    """Take off the brackets that hold all of the tokens; None where there are none."""
    if not tokens or tokens[0].text not in ("(", "[") or tokens[-1].text not in (")", "]"):
        return None
    depth = 0
    for i, token in enumerate(tokens):
        depth += (token.text in ("(", "[")) - (token.text in (")", "]"))
        if depth == 0 and i < len(tokens) - 1:
            return None
    return tokens[1:-1]


def _leaf(tokens: list[_Token]) -> list[Alternative]:
    """Read a part without alternatives."""
    shape = "".join(_letter(token) for token in tokens)
    paths = [token.text for token in tokens if token.kind == "path"]
    strings = [
        re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL)
        for token in tokens
        if token.kind == "string"
    ]
    if any(path.startswith("network-traffic:src_ref") for path in paths):
        reason = "network-traffic:src_ref is not matched: lists name whom a container talks to"
        return [(None, reason)]
    if _DESTINATION.fullmatch(shape) and paths == [f"{_REF}.type", f"{_REF}.value"] and strings[0] in _KINDS:
        return [(strings[1], None)]
    if not _PLAIN.fullmatch(shape):
        return [_refused(tokens)]
    if paths[0] not in _PATHS:
        return [(None, f"{paths[0]} is not matched")]
    return [(value, None) for value in strings]


def _letter(token: _Token) -> str:
    if token.kind in ("string", "path"):
        return token.kind[0]
    return _LETTERS.get(token.text.upper(), "?") if token.kind == "word" else token.text


def _refused(tokens: list[_Token]) -> Alternative:
    shown = " ".join(token.text for token in tokens)
    shown = re.sub(r"(?<=[\[(]) | (?=[\]),])", "", shown)
    return None, f"{_NO_VALUE}: {shown[:100]}{'...' if len(shown) > 100 else ''}"
