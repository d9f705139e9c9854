"""What is looked at: accounts, clusters, namespaces, containers, images, sources; a file switches them.

What is out of scope is left out where it is read, before anything is made of it, and counted in the manifest.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from rtml.captures.rereading import reread
from rtml.captures.sensors import Reading, Sensor
from rtml.errors import UsageError, did_you_mean
from rtml.reading.user_yaml import read_yaml
from rtml.schema import KINDS
from rtml.wildcards import whole

__all__ = ["Scope", "read_scope", "scope_of", "scoped"]

_NETWORK = "connect accept bind listen".split()
_FILES = "open create write rename link unlink chmod mount".split()
SOURCES: Mapping[str, tuple[str, ...]] = {
    "network": tuple(_NETWORK),
    "dns": ("dns",),
    "file": tuple(_FILES),
    "audit": ("audit",),
    "process": tuple(kind for kind in KINDS if kind not in {*_NETWORK, *_FILES, "dns", "audit"}),
}
"""Kinds of event by the source of data that a user switches."""

_COLUMNS = {
    "accounts": ("account",),
    "clusters": ("cluster",),
    "namespaces": ("namespace",),
    "containers": ("container_name", "container_id"),
    "images": ("image",),
}
_SIDES = ("include", "exclude")


@dataclass(frozen=True)
class Scope:
    """What is looked at; the empty scope leaves nothing out.

    ``off`` are sources of data (`SOURCES`). ``include`` and ``exclude`` are patterns (``*``, ``?``,
    ``[…]``) by what they are of; where something is included, what has no such name is left out.
    """

    off: tuple[str, ...] = ()
    include: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exclude: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def why(self, names: Collection[str]) -> pl.Expr:
        """Return, for events with columns ``names``, the switch that leaves one out; null: none does."""
        kinds = [kind for source in self.off for kind in SOURCES[source]]
        source_of = {kind: source for source, own in SOURCES.items() for kind in own}
        kind = pl.col("kind").cast(pl.String)
        source = kind.replace_strict(source_of, default="process", return_dtype=pl.String)
        reasons = [pl.when(kind.is_in(kinds)).then(source)]
        for what, columns in _COLUMNS.items():
            named = [pl.col(name).cast(pl.String) for name in columns if name in names]
            lists = ((self.include.get(what), True), (self.exclude.get(what), False))
            for patterns, wanted in lists:
                if patterns is None:
                    continue
                found = [
                    name.str.contains(whole(text)).fill_null(False) for name in named for text in patterns
                ]
                matches = pl.any_horizontal(found) if found else pl.lit(False)
                reasons.append(pl.when(~matches if wanted else matches).then(pl.lit(what)))
        return pl.coalesce(reasons)

    def of(self, reading: Reading) -> Reading:
        """Leave out what is out of scope, with its rows of the audit table; what was left out is counted."""
        if reading.events.is_empty() or not (self.off or self.include or self.exclude):
            return reading
        why = reading.events.select(_why=self.why(reading.events.columns)).to_series()
        kept = why.is_null()
        counts = dict(why.drop_nulls().value_counts().iter_rows())
        audit = None if reading.audit is None else reading.audit.filter(kept)
        return replace(
            reading,
            events=reading.events.filter(kept),
            audit=audit,
            left_out={str(k): v for k, v in counts.items()},
        )


def read_scope(path: Path) -> Scope:
    r"""Read a file of a scope.

    Raises
    ------
    UsageError
        It is no such file; a key that is not known is named, with the one that was probably meant.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "scope.yml"
    >>> _ = path.write_text("scope:\n  sources: {dns: false}\n  namespaces: {exclude: [kube-*]}")
    >>> read_scope(path).off
    ('dns',)
    >>> _ = path.write_text("scope:\n  namespace: {exclude: [kube-*]}")
    >>> read_scope(path)
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: ...scope.yml: unknown key 'namespace' in scope; did you mean 'namespaces'?
    """
    read = read_yaml(path, dict, "a scope is a mapping with the key 'scope'")
    _known(path, read, ("scope",), "the file")
    return scope_of(read.get("scope"), path)


def scope_of(section: Any, path: Path | str) -> Scope:
    """Return the scope of a section of settings; ``path`` is what errors say it stands in.

    Raises
    ------
    UsageError
        A key is not known, or a value is of another type.

    Examples
    --------
    >>> scope_of({"sources": {"dns": False}}, "x.yml").off
    ('dns',)
    """
    own = _mapping(path, section, "scope")
    _known(path, own, ("sources", *_COLUMNS), "scope")
    sources = _mapping(path, own.get("sources"), "sources")
    _known(path, sources, SOURCES, "sources")
    odd = [name for name, on in sources.items() if not isinstance(on, bool)]
    if odd:
        raise UsageError(f"{path}: {odd[0]} of sources is true or false")
    sides: dict[str, dict[str, tuple[str, ...]]] = {side: {} for side in _SIDES}
    for what in _COLUMNS:
        lists = _mapping(path, own.get(what), what)
        _known(path, lists, _SIDES, what)
        for side, patterns in lists.items():
            sides[side][what] = _patterns(path, patterns, f"{side} of {what}")
    return Scope(tuple(name for name, on in sources.items() if not on), **sides)


def _mapping(path: Path | str, value: Any, name: str) -> dict[str, Any]:
    if value is not None and not isinstance(value, dict):
        raise UsageError(f"{path}: {name} is a mapping of keys to values")
    return value or {}


def _known(path: Path | str, given: Mapping[str, Any], names: Any, where: str) -> None:
    for name in given:
        if name not in names:
            raise UsageError(f"{path}: unknown key {name!r} in {where}; {did_you_mean(str(name), names)}")


def _patterns(path: Path | str, value: Any, name: str) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in texts):
        raise UsageError(f"{path}: {name} is a list of texts; put numbers into quotes")
    return tuple(texts)


def scoped(sensor: Sensor, path: Path) -> Sensor:
    """Return the sensor as it reads within a scope; the file is read again when it has changed.

    Raises
    ------
    UsageError
        The file is wrong, now or at a later change.
    """
    current = reread(path, read_scope)
    return replace(sensor, read=lambda file: current().of(sensor.read(file)))
