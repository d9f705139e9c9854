"""Ids of containers: the same container under every spelling of its id. The one place that says so.

A runtime's id has 64 hexadecimal digits. Engines cut it (Falco and SysFlow to 12, Tetragon to 31 with its
prefix, systemd to what a unit's name holds) and Kubernetes puts the runtime before it (``containerd://…``).
Two ids mean one container when the shorter one, of at least `SHORTEST` digits, begins the other, and
begins no third: what fits two containers is neither of them.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

import polars as pl

from rtml.distinct import by_distinct

__all__ = ["SHORTEST", "Meant", "bare_form", "bare_id", "bare_ids", "merged", "renamed", "resolved"]

SHORTEST = 12
"""Digits of the shortest id that engines write; fewer begin too many ids by chance."""

_RUNTIME = r"^[A-Za-z][A-Za-z0-9+.-]*://"
_ENGINES = "(?:docker|crio|cri-o|cri-containerd|containerd|libpod|podman|nerdctl)"
_UNIT = rf"^(?:(?:.*/)?(?:{_ENGINES}-)?|.*:{_ENGINES}:)([0-9A-Fa-f]{{12,64}})(?:\.scope)?$"
_DIGITS = r"^[0-9A-Fa-f]{12,64}$"
_AT_UNIT, _ALL_DIGITS = (re.compile(pattern[:-1] + r"\Z") for pattern in (_UNIT, _DIGITS))
_HEX = frozenset("0123456789abcdef")


class Meant(NamedTuple):
    """What ids stand for: those known by another spelling, those that fit several, those that fit none."""

    ids: dict[str, str]
    several: dict[str, list[str]]
    unknown: list[str]


def bare_ids(ids: pl.Expr) -> pl.Expr:
    """Return ids without runtime, unit or capitals; what is no such id comes back as it is.

    Parameters
    ----------
    ids
        Text, dictionary-encoded or not.

    Returns
    -------
    Text; null stays null, an empty one and a runtime without an id become null.

    Examples
    --------
    >>> names = ["docker://0123456789AB", "cri-containerd-0123456789ab.scope", "cgroup:7", "containerd://"]
    >>> pl.DataFrame({"id": names}).select(bare_ids(pl.col("id"))).to_series().to_list()
    ['0123456789ab', '0123456789ab', 'cgroup:7', None]
    """
    return by_distinct(ids.cast(pl.String), bare_form).alias("container_id")


def bare_form(ids: pl.Expr) -> pl.Expr:
    """Return the same, of text, looked at row by row: for whoever asks once per distinct id already."""
    plain = ids.str.replace(_RUNTIME, "")
    digits = pl.coalesce(plain.str.extract(_UNIT), plain)
    lower = pl.when(digits.str.contains(_DIGITS)).then(digits.str.to_lowercase()).otherwise(digits)
    return pl.when(lower != "").then(lower)


def bare_id(text: str) -> str | None:
    """Return one id as `bare_ids` does.

    Examples
    --------
    >>> bare_id("cri-o://0123456789ab"), bare_id("")
    ('0123456789ab', None)
    """
    plain = re.sub(_RUNTIME, "", text, count=1)
    unit = _AT_UNIT.search(plain)
    digits = unit[1] if unit else plain
    return (digits.lower() if _ALL_DIGITS.search(digits) else digits) or None


def resolved(named: Iterable[str], known: Iterable[str]) -> Meant:
    """Say which known container each id means.

    Parameters
    ----------
    named
        Ids as labels, findings or users write them.
    known
        Ids of a capture.

    Returns
    -------
    ``ids`` holds those whose known spelling is another; an id that is known as it is, is in none of the
    three.

    Examples
    --------
    >>> known = ["0123456789abcdef", "aaaaaaaaaaaa11", "aaaaaaaaaaaa22"]
    >>> meant = resolved(["docker://0123456789ab", "aaaaaaaaaaaa", "ffffffffffff", "aaaaaaaaaaaa11"], known)
    >>> meant.ids, meant.several, meant.unknown
    ({'docker://0123456789ab': '0123456789abcdef'}, {'aaaaaaaaaaaa': ['aaaaaaaaaaaa11', 'aaaaaaaaaaaa22']},
     ['ffffffffffff'])
    """
    exact = set(known)
    index = _Prefixes(exact)
    found = Meant({}, {}, [])
    for name in sorted(set(named) - exact):
        fitting = index.of(name)
        if len(fitting) == 1:
            found.ids[name] = fitting[0]
        elif fitting:
            found.several[name] = fitting
        else:
            found.unknown.append(name)
    for short in {
        known_id for name, known_id in found.ids.items() if len(bare_id(name) or "") > len(known_id)
    }:
        _part(found, short, [name for name, known_id in found.ids.items() if known_id == short])
    return found


def _part(found: Meant, short: str, names: list[str]) -> None:
    """Take back ids that are two containers and begin alike: the short known one may be either."""
    longest = merged(names)
    ends = {longest.ids.get(name, name) for name in names}
    if len(ends) > 1:
        for name in names:
            del found.ids[name]
            found.several[name] = [short]


def merged(ids: Iterable[str]) -> Meant:
    """Say which of these ids are one container: each short one means the longest that it begins.

    Returns
    -------
    ``unknown`` is empty: every id is known, if only by itself.

    Examples
    --------
    >>> merged(["0123456789ab", "0123456789abcdef", "aaaaaaaaaaaa", "aaaaaaaaaaaa1", "aaaaaaaaaaaa2"])
    Meant(ids={'0123456789ab': '0123456789abcdef'},
          several={'aaaaaaaaaaaa': ['aaaaaaaaaaaa1', 'aaaaaaaaaaaa2']}, unknown=[])
    """
    index = _Prefixes(set(ids))
    found = Meant({}, {}, [])
    for name, plain in sorted(index.plain.items()):
        longest = index.longest(plain)
        if len(longest) > 1:
            found.several[name] = longest
        elif longest and longest[0] != name:
            found.ids[name] = longest[0]
    return found


class _Prefixes:
    """Known ids, sorted, so that what begins so lies side by side."""

    def __init__(self, known: set[str]) -> None:
        frame = pl.DataFrame({"id": sorted(known)}, schema={"id": pl.String})
        bare = frame.select("id", plain=bare_ids(pl.col("id"))).drop_nulls()
        self.plain: dict[str, str] = dict(bare.iter_rows())
        self._id = {plain: name for name, plain in sorted(self.plain.items(), reverse=True)}
        self._sorted = sorted(plain for plain in self._id if _is_hex(plain))

    def of(self, name: str) -> list[str]:
        """Return the known ids that this one may mean."""
        plain = bare_id(name) or ""
        if plain in self._id:
            return [self._id[plain]]
        if not _is_hex(plain):
            return []
        longer = self.longest(plain)
        shorter = [plain[:size] for size in range(len(plain) - 1, SHORTEST - 1, -1)]
        return longer or [self._id[part] for part in shorter if part in self._id][:1]

    def longest(self, plain: str) -> list[str]:
        """Return the ids that begin so, without those that begin another of them."""
        if not _is_hex(plain):
            return [self._id[plain]] if plain in self._id else []
        at, last, found = bisect_left(self._sorted, plain), "", list[str]()
        for candidate in self._sorted[at:]:
            if not candidate.startswith(plain):
                break
            if last and candidate.startswith(last):
                found.pop()
            found.append(self._id[candidate])
            last = candidate
        return found


def _is_hex(text: str) -> bool:
    return len(text) >= SHORTEST and set(text) <= _HEX


def renamed(frame: pl.DataFrame, ids: dict[str, str]) -> pl.DataFrame:
    """Return a table whose ``container_id`` and ``containers`` say the known id.

    Examples
    --------
    >>> rows = pl.DataFrame({"container_id": ["a", None], "n": [1, 2]})
    >>> renamed(rows, {"a": "b"})["container_id"].to_list()
    ['b', None]
    """
    if not ids:
        return frame
    old, new = pl.Series(list(ids), dtype=pl.String), pl.Series(list(ids.values()), dtype=pl.String)
    columns = []
    if "container_id" in frame.columns:
        columns.append(pl.col("container_id").cast(pl.String).replace(old, new))
    if "containers" in frame.columns:
        columns.append(pl.col("containers").list.eval(pl.element().replace(old, new)))
    return frame.with_columns(columns)
