"""Names to things that are loaded when somebody asks for them: ours, and those of other packages.

Our own entries are import paths (``"rtml.detectors.surprise:Surprise"``), so that listing names
imports nothing. Other packages declare theirs as entry points of the registry's group, in their
``pyproject.toml``::

    [project.entry-points."rtml.detectors"]
    zscore = "their_package.zscore:ZScore"

An own name wins over a foreign one, and the first foreign package by name over the second; each
clash is warned of. A foreign entry that cannot be loaded is an error that names its package, when
it is asked for and not before, so it never stops the others.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from rtml.errors import RtmlError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["Registry", "plugin_names"]

T = TypeVar("T")


class Registry(Mapping[str, T]):
    """A table of things by name, filled by us and by entry points.

    Parameters
    ----------
    what
        What an entry is, in words, for errors: ``"sensor"``.
    group
        Group of entry points: ``"rtml.sensors"``.
    own
        Our entries, name to ``"module:attribute"``, in the order in which they are listed.
    fits
        Says whether a loaded object is such a thing at all.

    Examples
    --------
    >>> squares = Registry("root", "rtml.none", {"root": "math:sqrt"}, callable)
    >>> list(squares), squares["root"](9.0)
    (['root'], 3.0)
    """

    def __init__(self, what: str, group: str, own: Mapping[str, str], fits: Callable[[Any], bool]) -> None:
        self.what, self.group = what, group
        self._own, self._fits = dict(own), fits
        self._loaded: dict[str, T] = {}
        self._tried: dict[str, T] = {}

    @property
    def own(self) -> tuple[str, ...]:
        """Names of our own entries: what "all of them" means, whatever else is installed."""
        return tuple(self._own)

    def __iter__(self) -> Iterator[str]:
        """Yield every name, ours first; nothing is imported."""
        return iter([*self._own, *self._foreign, *self._tried])

    def __len__(self) -> int:
        """Count the names."""
        return len(self._own) + len(self._foreign) + len(self._tried)

    def __contains__(self, name: object) -> bool:
        """Say whether there is an entry of that name, without loading it."""
        return name in self._foreign or name in self._own or name in self._tried

    def __getitem__(self, name: str) -> T:
        """Load an entry; an unknown name is a `KeyError`, a broken foreign one an `RtmlError`."""
        if name not in self._loaded:
            entry = self._foreign.get(name)
            self._loaded[name] = _attribute(self._own[name]) if entry is None else self._checked(entry)
        return self._loaded[name]

    def try_out(self, name: str, value: T) -> None:
        """Use a thing in this process alone, while it is being written; a later one of its name replaces it.

        Raises
        ------
        RtmlError
            The name is ours or an installed package's, or the value is no such thing.

        Examples
        --------
        >>> squares = Registry("root", "rtml.none", {"root": "math:sqrt"}, callable)
        >>> squares.try_out("half", lambda number: number / 2)
        >>> list(squares), squares.own, squares["half"](9.0)
        (['root', 'half'], ('root',), 4.5)
        """
        if name in self and name not in self._tried:
            raise RtmlError(f"there is a {self.what} {name!r} already; try yours out under another name")
        if not self._fits(value):
            raise RtmlError(f"{name!r} is no {self.what}: it is {_kind(value)}")
        self._tried[name] = self._loaded[name] = value

    def working(self) -> Iterator[tuple[str, T]]:
        """Yield every entry that can be loaded; of one that cannot, warn and go on."""
        for name in self:
            try:
                value = self[name]
            except RtmlError as error:
                warnings.warn(str(error), stacklevel=2)
            else:
                yield name, value

    @cached_property
    def _foreign(self) -> dict[str, EntryPoint]:
        entries: dict[str, EntryPoint] = {}
        for entry in _entry_points(self.group):
            holder = "rtml" if entry.name in self._own else _package(entries.get(entry.name))
            if holder is None:
                entries[entry.name] = entry
            else:
                text = (
                    f"{_package(entry)} has a {self.what} {entry.name!r} as {holder} does; {holder}'s is used"
                )
                warnings.warn(text, stacklevel=3)
        return entries

    def _checked(self, entry: EntryPoint) -> T:
        """Load a foreign entry; whatever its import raises, the error names its package."""
        where = f"{self.what} {entry.name!r} of the package {_package(entry)} ({entry.value})"
        try:
            value: T = entry.load()
        except Exception as error:  # an import of somebody else's code may raise anything
            raise RtmlError(
                f"{where} cannot be loaded ({type(error).__name__}: {error}); mend or uninstall it"
            ) from error
        if not self._fits(value):
            raise RtmlError(f"{where} is no {self.what}: it is {_kind(value)}")
        if getattr(value, "name", entry.name) != entry.name:
            raise RtmlError(f"{where} calls itself {getattr(value, 'name', None)!r}: both names must be one")
        return value


def plugin_names(group: str) -> list[str]:
    """Return the names that installed packages add to a group of entry points; nothing is imported.

    Examples
    --------
    >>> plugin_names("rtml.none")
    []
    """
    return [entry.name for entry in _entry_points(group)]


def _attribute(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


def _entry_points(group: str) -> list[EntryPoint]:
    """Return the entry points of a group, by package; a package with broken metadata is left out."""
    from importlib.metadata import distributions

    entries: dict[tuple[str, str], EntryPoint] = {}
    for package in distributions():
        try:
            for entry in package.entry_points.select(group=group):
                entries.setdefault((str(package.name), entry.name), entry)
        except Exception as error:  # metadata of any age and origin
            warnings.warn(
                f"entry points of the package {package.name} cannot be read ({error})", stacklevel=4
            )
    return [entry for _, entry in sorted(entries.items(), key=lambda item: item[0])]


def _package(entry: EntryPoint | None) -> str | None:
    """Return name and version of the package that declares an entry point."""
    if entry is None:
        return None
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unknown package"


def _kind(value: Any) -> str:
    return f"the class {value.__qualname__}" if isinstance(value, type) else f"of type {type(value).__name__}"
