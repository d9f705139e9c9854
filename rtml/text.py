"""Strings of a capture, made fit to be read: nothing in a title may move a cursor or hide."""

from __future__ import annotations

__all__ = ["SEPARATOR", "basename", "visible"]

SEPARATOR = "\x1f"
"""Between the parts of one text: the unit separator of ASCII, which names do not hold."""


def visible(text: str, limit: int = 200) -> str:
    r"""Spell out control characters, direction overrides and zero widths; cut what is too long.

    Parameters
    ----------
    text
        Anything; a lone surrogate too.
    limit
        Characters to keep; what is cut is counted.

    Examples
    --------
    >>> visible("curl\x1b[2J\u202e"), visible("a" * 9, limit=4)
    ('curl\\x1b[2J\\u202e', 'aaaa… (+5)')
    """
    kept = text[:limit]
    if not kept.isprintable():
        kept = "".join(c if c.isprintable() else _spelled(c) for c in kept)
    return kept if len(text) <= limit else f"{kept}… (+{len(text) - limit})"


def _spelled(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def basename(path: str) -> str:
    """Return the last part of a path; what is no path comes back as it is.

    Examples
    --------
    >>> basename("/usr/bin/curl"), basename("[nginx]"), basename("/")
    ('curl', '[nginx]', '/')
    """
    return path.rstrip("/").rpartition("/")[2] or path
