"""Rooms whose names are imported when they are first asked for (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["lazily"]


def lazily(room: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a package: what nobody asks for is never imported.

    Parameters
    ----------
    room
        Name of the package; none of its names may be that of a module in it.
    homes
        Name to the module that has it.

    Examples
    --------
    >>> ask = lazily("rtml", {"RtmlError": "rtml.errors"})
    >>> ask("RtmlError").exit_code
    1
    >>> ask("Nonsense")
    Traceback (most recent call last):
    ...
    AttributeError: module 'rtml' has no attribute 'Nonsense'
    """

    def ask(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        value = getattr(import_module(homes[name]), name)
        setattr(sys.modules[room], name, value)
        return value

    return ask
