"""`Baseline`: counted history, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import polars as pl

from rtml.baselines import backoff, maturity, store
from rtml.baselines.answers import Answers
from rtml.baselines.conditional import SEPARATOR, Conditional
from rtml.baselines.counting import (
    COUNTS,
    POPULATION,
    count_cells,
    count_events,
    count_population,
    merge_counts,
)
from rtml.baselines.drawing import drawn
from rtml.baselines.history import History, history
from rtml.errors import UsageError

__all__ = ["Baseline", "learn", "merge"]

_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Baseline:
    """What is normal here, as counts.

    Parameters
    ----------
    counts
        Rows of `rtml.baselines.counting.COUNTS` in canonical order.

    Examples
    --------
    >>> Baseline().empty
    True
    >>> merge(Baseline(), Baseline()).counts.height
    0
    """

    counts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=COUNTS))
    _made: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def empty(self) -> bool:
        """Whether nothing was learnt: then no surprise can be estimated, and none is."""
        return self.counts.height == 0

    def of(self, name: str) -> pl.DataFrame:
        """Return the counts of one conditional, for example ``lineage.child``."""
        return self.counts.filter(pl.col("family") == name)

    def population(self) -> pl.DataFrame:
        """Return one row per container that was learnt from, with its number of events."""
        return self.of(POPULATION)

    def surprise(self, conditional: Conditional, pairs: pl.DataFrame) -> pl.DataFrame:
        """Add ``bits`` (1/1024), ``known``, ``seen``: see `rtml.baselines.backoff.surprise`."""

        def made() -> Answers:
            return Answers(partial(backoff.surprise, conditional, self.learnt(conditional)))

        return self.once(("answers", conditional), made).of(pairs)

    def learnt(self, conditional: Conditional) -> History:
        """Return what was learnt of a conditional, ready to be asked: made once."""

        def made() -> History:
            return history(conditional, drawn(self.of(conditional.name), conditional.places))

        return self.once(conditional, made)

    def once(self, name: Hashable, make: Callable[[], _Made]) -> _Made:
        """Return what ``make`` gives, made of this history once: scoring is often of a single minute."""
        if name not in self._made:
            self._made[name] = make()
        return cast(_Made, self._made[name])

    def maturity(self, threshold: float = maturity.MATURE) -> pl.DataFrame:
        """Estimate P(next event unseen): see `rtml.baselines.maturity.maturity`."""
        return maturity.maturity(self.counts, threshold)

    def faded(self, share: float) -> Baseline:
        """Return the baseline with every count multiplied by a share; what falls below one is forgotten.

        ``merge(yesterday.faded(0.9), today)`` day after day keeps a history of bounded size, in which a count
        weighs half as much after a week (``0.9 ** 6.6``). Containers without any count left are no longer
        known.

        Parameters
        ----------
        share
            Between 0 and 1.

        Examples
        --------
        >>> from rtml.baselines.counting import COUNTS
        >>> rows = [{"family": "f", "key": "a", "count": 8}, {"family": "f", "key": "b", "count": 1}]
        >>> counts = pl.DataFrame(rows, COUNTS)
        >>> Baseline(counts).faded(0.5).counts.select("key", "count").rows()
        [('a', 4)]
        """
        if not 0 <= share <= 1:
            raise UsageError(f"a baseline fades by a share between 0 and 1, got {share}")
        less = (pl.col("count") * share).floor().cast(pl.Int64)
        return Baseline(self.counts.with_columns(less).filter(pl.col("count") > 0))

    def fingerprint(self) -> tuple[int, int]:
        """Return what tells histories apart within one program: rows, and a hash over them in their order."""
        rows = self.counts.hash_rows(seed=1)
        return len(rows), hash(rows.to_numpy().tobytes())

    def table(self) -> pl.DataFrame:
        """Return the readable view: ``family, context, key, count, containers, first_seen``.

        ``context`` is the most specific one, written ``workload | image | subject`` with ``-`` for
        what is unknown; ``containers`` counts distinct containers.
        """
        subject = pl.col("subject").str.replace_all(SEPARATOR, " < ", literal=True)
        parts = [pl.col("workload"), pl.col("image"), subject]
        context = pl.concat_str([part.fill_null("-") for part in parts], separator=" | ")
        return (
            self.counts.with_columns(context=context)
            .group_by("family", "context", "key")
            .agg(
                pl.col("count").sum(),
                containers=pl.col("container").n_unique().cast(pl.Int64),
                first_seen=pl.col("first_seen").min(),
            )
            .sort("family", "context", "key")
        )

    def save(self, path: str | Path) -> None:
        """Write the baseline into the folder ``path`` (Parquet and JSON)."""
        store.write(self.counts, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Baseline:
        """Read a baseline that `save` wrote; `rtml.errors.RtmlError` when it cannot be trusted."""
        return cls(store.read(Path(path)))


def learn(
    events: pl.LazyFrame, processes: pl.LazyFrame, conditionals: Iterable[Conditional], facts: pl.DataFrame
) -> Baseline:
    """Count events into a new baseline.

    Parameters
    ----------
    events, processes
        Tables of a capture.
    conditionals
        What to count; `rtml.features.learn` passes those of the registered families.
    facts
        Peer columns per container: ``container_id``, ``workload``, ``image``, ``repository``.
        Containers that are not in it are left out.
    """
    wanted = list(conditionals)
    tables = [count_population(events, facts)]
    for selection in {conditional.selection: None for conditional in wanted}:
        cells = count_cells(selection, events, processes)
        sharing = [conditional for conditional in wanted if conditional.selection is selection]
        tables += [count_events(conditional, cells, facts) for conditional in sharing]
    return Baseline(merge_counts(tables))


def merge(*baselines: Baseline) -> Baseline:
    """Add baselines: the same as one that had learnt from all their events."""
    return Baseline(merge_counts(baseline.counts for baseline in baselines))
