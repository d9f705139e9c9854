r"""Paths as keys: what cannot be learnt is folded, the rest is left to the history.

A baseline learns which folders draw new names (`rtml.baselines.drawing`): temporary files, objects
of git, hashed folders need no pattern. What stands here is what a history cannot teach:

- what is no part of a name: control characters, ``//``, ``/./``, the kernel's `` (deleted)``;
- numbers: process ids below ``/proc``, and versions, of which a history holds one;
- names made once per container or deployment: UUIDs, digests, ids of containers, the suffix of a
  replica set. They vary between histories, not within one; without the last rule the 64 containers
  of a second recording looked like attacks, without numbers too;
- ``memfd``, whose name is whatever its maker says.

All are regular expressions in Rust (linear time, no back-tracking, so hostile names cost no more
than others), meant for distinct values. Fails for a version without a digit, and folds ``x-1`` into
``x-2``: versions and replicas are one.
"""

from __future__ import annotations

import polars as pl

__all__ = ["LONGEST", "normalise", "path_key"]

LONGEST = 4096
"""Characters of a path that are looked at (the kernel's PATH_MAX); longer ones are cut."""

_FIXED = (
    (r"[\x00-\x1f\x7f]", "?"),  # a name with a line break must not look like two
    (r"/+", "/"),
    (r"(/\.)+(/|$)", "$2"),
    (r" \(deleted\)$", ""),
)
_VARYING = (
    (r"^/memfd:.*", "/memfd:*"),
    (r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b", "*"),
    (r"\b[0-9a-fA-F]{12,}\b", "*"),  # digests, container ids
    (r"([._-])[A-Za-z]*[0-9]+[A-Za-z]+[0-9][A-Za-z0-9]*\b", "${1}*"),  # replica sets, deployments
    (r"(^|[/._:-])[0-9]+\b", "${1}#"),  # process ids, versions
    (r"#([._-]#)+", "#"),
)
_DEEP = r"^((?:/[^/]+){8})/.*$"


def normalise(path: pl.Expr) -> pl.Expr:
    """Replace what varies without meaning in a path: ``#`` for numbers, ``*`` for random parts.

    Examples
    --------
    >>> paths = ["/proc/4711/maps", "/proc/self/maps", "/etc//shadow", "/usr/bin/python3.11",
    ...          "/srv/job-29412.log", "/run/containers/7c9e6679f0b1a/pid", "/srv/shop-7f9c4d8b5/x"]
    >>> for row in pl.DataFrame({"p": paths}).select(normalise(pl.col("p")))["p"]: row
    '/proc/#/maps'
    '/proc/self/maps'
    '/etc/shadow'
    '/usr/bin/python3.#'
    '/srv/job-#.log'
    '/run/containers/*/pid'
    '/srv/shop-*/x'
    """
    clean = path.str.slice(0, LONGEST)
    for pattern, replacement in (*_FIXED, *_VARYING):
        clean = clean.str.replace_all(pattern, replacement)
    return clean


def path_key(path: pl.Expr) -> pl.Expr:
    """Return a path as a key: normalised, eight folders deep at most, no star but ours.

    A star in a name becomes ``?``: nobody can name a file so that it reads like a place
    (`rtml.features.places`).

    Examples
    --------
    >>> paths = ["/etc/passwd", "/tmp/dpkg.Qnuf7c", "/tmp/*", "/a/b/c/d/e/f/g/h/i/j", "/", ""]
    >>> for row in pl.DataFrame({"p": paths}).select(path_key(pl.col("p")))["p"]: row
    '/etc/passwd'
    '/tmp/dpkg.Qnuf7c'
    '/tmp/?'
    '/a/b/c/d/e/f/g/h/**'
    '/'
    ''
    """
    clean = normalise(path.str.replace_all("*", "?", literal=True))
    return clean.str.replace(_DEEP, "$1/**")
