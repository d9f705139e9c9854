"""Folded paths of keys, and what other tools write in place of what was folded.

A key has ``#`` for numbers, ``*`` for random parts and ``?`` for a control character
(`rtml.features.paths`); a class of files ends in ``*``, ``*.py`` or ``.*``. Four folders deep such a class
stands for all that lies below, too, and ``/**`` for what is deeper than eight. Other tools get the
narrowest pattern of theirs that covers the key. Where a path itself held a ``*`` or a ``?``, that is wider
than what was seen; a ``#`` in a name, which AppArmor may take for a comment, is not covered there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

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
_CLASS = re.compile(r"(\.?)\*(\.[A-Za-z][A-Za-z0-9]{0,7}|\.\*)?")
_DEEPEST = 4
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
    """Whether all that is left of a name is its folder: ``/usr/bin/*``.

    As a program this must not become "anything in that folder". Most often it is a name of two
    letters like ``df``, which looks like a folder by the first byte of a digest.
    """
    return key.endswith("/*")


def class_folder(key: str) -> tuple[str, bool] | None:
    """Return the folder of a class of files, and whether the class reaches below it; None for a name.

    Examples
    --------
    >>> class_folder("/tmp/*.sh"), class_folder("/usr/lib/x/y/*"), class_folder("/tmp/a*")
    (('/tmp', False), ('/usr/lib/x/y', True), None)
    """
    folder, _, name = key.rpartition("/")
    if key.endswith(_BELOW):
        return folder, True
    if _CLASS.fullmatch(name):
        return folder, folder.count("/") == _DEEPEST
    return None


def glob(key: str, globs: Globs, program: bool = False) -> str:
    """Return the glob of a tool for a key.

    Parameters
    ----------
    key
        A folded path.
    globs
        What the tool writes.
    program
        The key is a program, not a class of files: its last part has no depth, and where only its
        folder is left (`only_folder`) two hexadecimal digits are meant.

    Examples
    --------
    >>> glob("/usr/lib/python3.#/json/*.py", APPARMOR)
    '/usr/lib/python3.[0-9]*/json/**.py'
    >>> glob("/etc/x[1]", APPARMOR), glob("/usr/bin/*", FALCO, program=True)
    ('/etc/x?1?', '/usr/bin/[0-9a-f][0-9a-f]')
    """
    if program and only_folder(key):
        return f"{_written(key[:-2], globs)}/[0-9a-f][0-9a-f]"
    place = None if program else class_folder(key)
    if place is None or not place[1]:
        return _written(key, globs)
    folder, name = place[0], key.removeprefix(f"{place[0]}/")
    extension = name[1:] if name.startswith("*.") else ""
    return f"{_written(folder, globs)}/{globs.deep}{_written(extension, globs)}"


def _written(text: str, globs: Globs) -> str:
    folds = {"*": globs.some, "#": globs.number, "?": globs.other}
    return "".join(
        folds.get(character) or (globs.other if globs.unsafe.match(character) else character)
        for character in text
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
    ('/usr/lib/⋯/json/*', '/proc/⋯/maps')
    """
    if DYNAMIC in key:
        return None
    place = class_folder(key)
    parts = [DYNAMIC if is_folded(part) else part for part in key.split("/")]
    return "/".join([*parts[:-1], "*"] if place is not None and place[1] else parts)
