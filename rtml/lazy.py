"""Packages whose names load what they stand for when they are first used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["lazily"]


def lazily(
    package: str, names: Mapping[str, str], rooms: Sequence[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package (PEP 562).

    Parameters
    ----------
    package
        Its ``__name__``.
    names
        What it offers, and the module that each name comes from.
    rooms
        Modules of its own that it offers as they are.

    Examples
    --------
    >>> load, names = lazily("shop", {"sqrt": "math", "pi": "math"})
    >>> load("sqrt")(9.0), names()
    (3.0, ['pi', 'sqrt'])
    >>> load("cube")
    Traceback (most recent call last):
    ...
    AttributeError: module 'shop' has no attribute 'cube'
    """

    def load(name: str) -> Any:
        if name in rooms:
            return importlib.import_module(f"{package}.{name}")
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(names[name]), name)

    return load, lambda: sorted([*names, *rooms])
