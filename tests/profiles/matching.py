"""How other tools match their patterns, written anew after their documentation: the oracle."""

from __future__ import annotations

import re

DYNAMIC = "\u22ef"


def kubescape(pattern: str, path: str) -> bool:
    """One part for the dynamic identifier; none or more for ``*``, at the end one or more."""
    return _parts(pattern.rstrip("/").split("/"), path.rstrip("/").split("/"))


def _parts(pattern: list[str], path: list[str]) -> bool:
    if not pattern:
        return not path
    if pattern[0] == "*":
        if len(pattern) == 1:
            return bool(path)
        return any(_parts(pattern[1:], path[at:]) for at in range(len(path) + 1))
    return bool(path) and pattern[0] in (DYNAMIC, path[0]) and _parts(pattern[1:], path[1:])


def apparmor(pattern: str, path: str) -> bool:
    """``**`` any characters, ``*`` and ``?`` none of which is a slash, sets in brackets."""
    parts = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    tokens = re.findall(r"\*\*|\*|\?|\[[^\]]*\]|.", pattern)
    regex = "".join(parts.get(t) or (t if t[0] == "[" and len(t) > 1 else re.escape(t)) for t in tokens)
    return re.fullmatch(regex, path, re.S) is not None
