"""Which program an event is about: shells, installers and others, by the name of the file."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

__all__ = ["BARE_SHELL", "INSTALLERS", "LIBRARY", "SHELL", "basename", "named", "ordinary"]

SHELL = r"(?:^|/)(?:ba|da|z|k|mk|a|c|tc|fi)?sh$"
"""Path of a shell."""

BARE_SHELL = r"^(?:-?(?:\S*/)?(?:ba|da|z|k|mk|a|c|tc|fi)?sh(?: -[ilps]+)*|\S+ -i[lps]*)$"
"""Command line of a shell that reads its commands from its input; also of a renamed one: a
program whose only argument is ``-i``. A shell that runs a script or ``-c`` is none."""

LIBRARY = r"\.so(?:\.\d+)*$"
"""Path of a shared library."""

INSTALLERS = (
    "apk",
    "apt",
    "apt-get",
    "aptitude",
    "dnf",
    "dpkg",
    "dpkg-deb",
    "microdnf",
    "pacman",
    "rpm",
    "unattended-upgr",
    "yum",
    "zypper",
    "pip",
    "pip3",
    "npm",
    "gem",
    "cargo",
    "buildah",
    "kaniko",
    "ldconfig",
    "dpkg-preconfigu",
    "cc1",
    "ld",
    "gcc",
    "g++",
    "make",
    "ninja",
    "rustc",
    "go",
)
"""Package managers and builders: writing programs and libraries is their work."""

_SYSTEM = r"^/(?:usr/)?(?:local/)?(?:s?bin|lib|lib64|libexec)/|^/[^/]+$"


def basename(path: pl.Expr) -> pl.Expr:
    """Last part of a path; null stays null."""
    return path.str.extract(r"([^/]+)$", 1)


def named(path: pl.Expr, names: Iterable[str]) -> pl.Expr:
    """Tell whether a program has one of these names; false where it is not known."""
    return basename(path).is_in(list(names)).fill_null(False)


def ordinary(path: pl.Expr, names: Iterable[str]) -> pl.Expr:
    """Like `named`, but only in the system's folders: /tmp/sudo is not sudo.

    A process known only by its name counts as the system's (limit: such a name can be chosen).

    Examples
    --------
    >>> paths = pl.DataFrame({"p": ["/usr/bin/sudo", "/tmp/sudo", None]})
    >>> paths.select(ordinary(pl.col("p"), ["sudo"])).to_series().to_list()
    [True, False, False]
    """
    return named(path, names) & path.str.contains(_SYSTEM).fill_null(False)
