"""Folded paths of keys, and what other tools write in place of what was folded.

A key has ``#`` for numbers, ``*`` for digests and ``?`` for a control character or a star
(`rtml.features.paths`); ``/**`` stands for what is deeper than eight folders, or for names that a
baseline has no room for. A place that draws names has a ``*`` for them (`rtml.features.places`).
Other tools get the narrowest pattern of theirs that covers the key. A ``#`` in a name, which AppArmor
may take for a comment, is not covered there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rtml.reading.escapes import blurred

__all__ = [
    "APPARMOR",
    "FALCO",
    "Globs",
    "class_folder",
    "glob",
    "is_folded",
    "is_path",
    "kubescape_path",
    "only_folder",
]

_FOLDED = re.compile(r"[*#?]")
_CLASS = re.compile(r"\*(\.[A-Za-z][A-Za-z0-9]{0,7})?")
_DIGEST = "[0-9a-fA-F]" * 8
_BELOW = "/**"
DYNAMIC = "\u22ef"
"""Kubescape's wildcard for exactly one part of a path."""


@dataclass(frozen=True)
class Globs:
    """What a tool writes for a random part, a number, any depth, and a character it must not see."""

    some: str
    number: str
    deep: str
    other: str
    unsafe: re.Pattern[str]


FALCO = Globs("*", "[0-9#]*", "*", "?", re.compile(r"[\[\]\\\x00-\x1f\x7f]"))
"""Falco's operator ``glob`` (fnmatch): ``*`` runs over slashes."""

APPARMOR = Globs("*", "[0-9]*", "**", "?", re.compile(r"[^A-Za-z0-9_./:+~%=-]"))
"""AppArmor, which KubeArmor writes patterns for; nothing that could end one of its rules gets through."""


def is_path(key: str) -> bool:
    """Whether a key is an absolute path: not ``[comm]``, not ``pipe:[#]``, not relative."""
    return key.startswith("/")


def is_folded(key: str) -> bool:
    """Whether a key stands for more than the one path that it reads."""
    return bool(_FOLDED.search(key))


def only_folder(key: str) -> bool:
    """Whether all that is left of a name is its folder: ``/opt/*``.

    As a program this must not become "anything in that folder": it was a UUID or a digest.
    """
    return key.endswith("/*")


def class_folder(key: str) -> tuple[str, bool] | None:
    """Return the folder of a place whose names are open, and whether it reaches below; else None.

    Examples
    --------
    >>> class_folder("/tmp/*.sh"), class_folder("/usr/lib/x/**"), class_folder("/tmp/a*")
    (('/tmp', False), ('/usr/lib/x', True), None)
    """
    folder, _, name = key.rpartition("/")
    if key.endswith(_BELOW):
        return folder, True
    return (folder, False) if _CLASS.fullmatch(name) else None


def glob(key: str, globs: Globs, program: bool = False) -> str:
    """Return the glob of a tool for a key.

    Parameters
    ----------
    key
        A folded path.
    globs
        What the tool writes.
    program
        The key is a program: where only its folder is left (`only_folder`), a name that begins
        with eight hexadecimal digits is meant.

    Examples
    --------
    >>> glob("/usr/lib/python3.#/json/*.py", APPARMOR), glob("/a/b/**", APPARMOR)
    ('/usr/lib/python3.[0-9]*/json/*.py', '/a/b/**')
    >>> glob("/etc/x[1]", APPARMOR), glob("/opt/*", FALCO, program=True).count("[0-9a-fA-F]")
    ('/etc/x?1?', 8)
    """
    if key.endswith(_BELOW):
        return f"{_written(key.removesuffix(_BELOW), globs)}/{globs.deep}"
    if program and only_folder(key):
        return f"{_written(key[:-1], globs)}{_DIGEST}{globs.some}"
    return _written(key, globs)


def _written(text: str, globs: Globs) -> str:
    folds = {"*": globs.some, "#": globs.number, "?": globs.other}
    return "".join(
        folds.get(character) or (globs.other if globs.unsafe.match(character) else character)
        for character in blurred(text, "?")
    )


def kubescape_path(key: str) -> str | None:
    """Return a key as a path of a Kubescape profile; None where its own wildcard is in the name.

    ``⋯`` is exactly one part of a path there, ``*`` at the end one or more; there are no wildcards
    within a part.

    References
    ----------
    CompareDynamic in https://github.com/kubescape/storage (``pkg/registry/file/dynamicpathdetector``).

    Examples
    --------
    >>> kubescape_path("/usr/lib/python3.#/json/*.py"), kubescape_path("/proc/#/maps")
    ('/usr/lib/⋯/json/⋯', '/proc/⋯/maps')
    """
    if DYNAMIC in key:
        return None
    place = class_folder(key)
    parts = [DYNAMIC if is_folded(part) else part for part in key.split("/")]
    return "/".join([*parts[:-1], "*"] if place is not None and place[1] else parts)
