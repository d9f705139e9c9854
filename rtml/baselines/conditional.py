"""What is counted: a key, given a context, at levels from most specific to most general.

A `Conditional` is data. It says which events it looks at and which raw columns tell them apart
(`Selection`), how those columns become a key and a subject, and along which levels an estimate may
back off.
Everything else (counting, merging, smoothing, features, explanations) is generic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from rtml.baselines.places import Places

__all__ = [
    "FLEET",
    "IMAGE",
    "PEERS",
    "REPOSITORY",
    "SEPARATOR",
    "WORKLOAD",
    "Conditional",
    "Level",
    "Selection",
]

SEPARATOR = "\n"
"""Between the parts of a subject, nearest first. A newline inside a name becomes a blank."""

IMAGE, WORKLOAD, REPOSITORY, FLEET = "image", "workload", "repository", "fleet"
"""Peer groups: workload in one image, workload, every workload of an image repository, all."""

_ANY = pl.lit("")
PEERS: dict[str, tuple[pl.Expr, pl.Expr]] = {
    IMAGE: (pl.col("workload").fill_null(""), pl.col("image")),
    WORKLOAD: (pl.col("workload"), _ANY),
    REPOSITORY: (_ANY, pl.col("repository")),
    FLEET: (_ANY, _ANY),
}
"""Each peer group as two key columns; a null in either skips the level for that row.

The workload stands before the repository because an image roll-out changes the image and not the
workload, and because one base image may carry very different workloads.
"""


@dataclass(frozen=True)
class Level:
    r"""One level of back-off: a peer group, and how much of the subject it keeps.

    Parameters
    ----------
    peers
        A name of `PEERS`.
    parts
        How many leading parts of the subject are kept; 0 keeps none.

    Examples
    --------
    >>> frame = pl.DataFrame({"workload": ["web"], "subject": ["sh\nnginx"]})
    >>> frame.select(Level("workload", 1).columns()).row(0)
    ('web', '', 'sh')
    """

    peers: str
    parts: int = 0

    def columns(self) -> list[pl.Expr]:
        """Return the three key columns of this level, null where the level does not apply."""
        first, second = PEERS[self.peers]
        return [first.alias("_first"), second.alias("_second"), self._subject().alias("_subject")]

    def _subject(self) -> pl.Expr:
        if self.parts == 0:
            return _ANY
        parts = pl.col("subject").str.split(SEPARATOR)
        return parts.list.head(self.parts).list.join(SEPARATOR)


@dataclass(frozen=True, eq=False)
class Selection:
    """Which events are looked at, and the raw columns that tell them apart.

    Conditionals with one selection share one pass over the events.

    Parameters
    ----------
    kinds
        The event kinds.
    by
        Raw columns that decide subject and key. Events are reduced to their distinct combinations
        before any string is touched, so the cost of strings follows variety, not load.
    where
        A filter on events, beside their kind.
    prepare
        Adds columns to the filtered events before they are reduced, given the processes.
    looks_back
        What is added depends on earlier events, however old: of those that are read with it. Counts of
        parts then do not add up to the count of the whole exactly, at each border.
    recall
        Of such a selection: from events (its own, not yet prepared) and processes to those that later ones
        will be compared with, so that a stream need not keep all. None: it forgets at the borders of batches.
    met_by
        Of such a selection: columns of events that two have in common when one is compared with the other.
        Empty: any two may be.
    """

    kinds: tuple[str, ...]
    by: tuple[str, ...]
    where: pl.Expr | None = None
    prepare: Callable[[pl.LazyFrame, pl.LazyFrame], pl.LazyFrame] | None = None
    looks_back: bool = False
    recall: Callable[[pl.LazyFrame, pl.LazyFrame], pl.LazyFrame] | None = None
    met_by: tuple[str, ...] = ()

    def __call__(self, events: pl.LazyFrame, processes: pl.LazyFrame) -> pl.LazyFrame:
        """Return the chosen events, with the columns ``by``."""
        rows = self.chosen(events)
        return rows if self.prepare is None else self.prepare(rows, processes)

    def chosen(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Return the chosen events as they are."""
        rows = events.filter(pl.col("kind").is_in(list(self.kinds)))
        return rows if self.where is None else rows.filter(self.where)


@dataclass(frozen=True, eq=False)
class Conditional:
    """A key given a context: the unit that baselines count and features score.

    Parameters
    ----------
    name
        ``family.what``, for example ``lineage.child``.
    selection
        The events that it looks at.
    key, subject
        From the columns ``selection.by`` (as strings) to a string each. A null key drops the row, a
        null subject skips the levels that need it.
    levels
        From most specific to most general. The last should be the fleet with no subject.
    places
        How its keys lie in places that may draw names (`rtml.baselines.drawing`); None: keys are
        of a piece.
    """

    name: str
    selection: Selection
    key: pl.Expr
    subject: pl.Expr
    levels: tuple[Level, ...]
    places: Places | None = None

    @property
    def family(self) -> str:
        """The feature family that this conditional belongs to."""
        return self.name.split(".", 1)[0]

    @property
    def region(self) -> pl.Expr:
        """From the column ``key`` to where it is folded when there are too many, or null."""
        return pl.lit(None, pl.String) if self.places is None else self.places.region(pl.col("key"))

    def named(self, cells: pl.LazyFrame) -> pl.LazyFrame:
        """Replace the columns ``selection.by`` of reduced events with ``subject`` and ``key``."""
        by = list(self.selection.by)
        return (
            cells.with_columns(pl.col(by).cast(pl.String))
            .with_columns(subject=self.subject, key=self.key)
            .filter(pl.col("key").is_not_null())
            .drop(by)
        )
