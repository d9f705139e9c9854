"""What a history was asked before: pieces of a capture, and looks of a stream, ask the same again and again.

A question takes some twenty queries of a table, whatever its size, so small ones are worth remembering. Large
ones are not: they hold much that is new.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from rtml.baselines.evidence import PEERS

__all__ = ["Answers"]

_SMALL = 5_000
"""Pairs of a question that is remembered."""

_MOST = 50_000
"""Pairs that are remembered; beyond, it begins anew."""

_ASKED = [*PEERS, "key"]
_ANSWER = ["bits", "known", "seen"]


@dataclass
class Answers:
    """Answers to questions about one conditional, each pair of which is answered by itself.

    Parameters
    ----------
    answer
        `rtml.baselines.backoff.surprise` of the conditional and its history.
    """

    answer: Callable[[pl.DataFrame], pl.DataFrame]
    told: pl.DataFrame | None = field(default=None)

    def of(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """Add ``bits``, ``known`` and ``seen`` to pairs, whose order stays."""
        if pairs.height > _SMALL:
            return self.answer(pairs)
        asked = pairs.select(_ASKED)
        new = asked.unique() if self.told is None else self._new(asked, self.told)
        if self.told is None or new.height:
            self.told = self._with(self.answer(new).select(*_ASKED, *_ANSWER))
        known = asked.join(self.told, on=_ASKED, how="left", nulls_equal=True, maintain_order="left")
        if known["bits"].null_count():  # what was remembered made place for what is new
            return self.answer(pairs)
        return pairs.hstack(known.select(_ANSWER))

    @staticmethod
    def _new(asked: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
        return asked.unique().join(told, on=_ASKED, how="anti", nulls_equal=True)

    def _with(self, more: pl.DataFrame) -> pl.DataFrame:
        if self.told is None or self.told.height + more.height > _MOST:
            return more
        return pl.concat([self.told, more])
