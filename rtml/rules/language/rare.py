"""Events of rare kinds, read once for all rules.

Forty rules look at programs that start, at mounts, at modules. Such events are few, and each look reads
the whole capture: within `rtml.once.keeping` they are in memory.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import polars as pl

from rtml.captures.store import Capture
from rtml.once import is_keeping, once
from rtml.schema import KINDS

__all__ = ["FEW", "events_of", "hold"]

FEW = 500_000
"""Events of rare kinds that are held at a time, with all their columns: some 130 MB where all are held."""


@dataclass(frozen=True)
class _Rare:
    kinds: frozenset[str]
    events: pl.DataFrame


def events_of(capture: Capture, columns: Sequence[str], kinds: Collection[str]) -> pl.LazyFrame:
    """Return events as `rtml.captures.Capture.events` does, from memory where they are few.

    Examples
    --------
    >>> from rtml.captures import open_capture
    >>> from rtml.once import keeping
    >>> capture = open_capture("datasets/lab-v1/capture")
    >>> with keeping():
    ...     starts = events_of(capture, ["exe"], ["exec"]).collect()
    >>> starts.height == capture.events(["exe"], ["exec"]).collect().height
    True
    """
    if is_keeping():
        rare = once(lambda: ("rare", id(capture)), lambda: _rare(capture))
        if rare.kinds.issuperset(kinds):
            return rare.events.lazy().filter(pl.col("kind").is_in(list(kinds))).select(columns)
    return capture.events(columns, kinds=kinds)


def hold(capture: Capture, kinds: Collection[str]) -> None:
    """Read what is rare of these kinds, within `rtml.once.keeping`; kinds nobody asks for are not read.

    Examples
    --------
    >>> from rtml.captures import open_capture
    >>> from rtml.once import keeping
    >>> capture = open_capture("datasets/lab-v1/capture")
    >>> with keeping():
    ...     hold(capture, ["exec", "mount"])
    ...     events_of(capture, ["kind"], ["exec"]).collect()["kind"].n_unique()
    1
    """
    once(lambda: ("rare", id(capture)), lambda: _rare(capture, kinds))


def _rare(capture: Capture, asked: Collection[str] = KINDS) -> _Rare:
    """Read the rarest of the kinds asked for that are few together; a kind that does not occur is rare."""
    counts = capture.events(["kind"], kinds=asked).group_by("kind").len().collect(engine="streaming")
    counted = counts.cast({"kind": pl.String}).sort("len", "kind")
    frequent = counted.filter(pl.col("len").cum_sum() > FEW)["kind"]
    kinds = frozenset(asked) - frozenset(frequent)
    # In one piece: columns in pieces of different lengths make Polars 2.1.0 panic in `join_asof`.
    return _Rare(kinds, capture.events(kinds=kinds).collect(engine="streaming").rechunk())
