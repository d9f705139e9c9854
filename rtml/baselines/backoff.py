r"""Surprise: ``-log2 P(a key no more usual than this one | context)``, by interpolated back-off.

The plain ``-log2 P(key | context)`` punishes variety: where a program opens forty files once each,
every one of them costs five bits, and a container that merely starts looks like an attack. What
matters is whether something *less or equally usual* was to be expected. So a key is scored by the
tail of its context's distribution, a p-value of the single event, which compares across contexts.

At every level ``l`` (see `rtml.baselines.conditional.Level`), with ``m(x)`` the evidence for key
``x``, ``M`` its sum over keys and ``T`` the number of distinct keys, Witten-Bell smoothing gives
the unseen the share ``T / (M + T)`` and hands it to the next more general level:

    C_l(x) = sum of m_l(y) over the keys y that are no more usual than x;  0 for an unseen x
    P_l(x) = (C_l(x) + T_l * P_{l+1}(x)) / (M_l + T_l)

A key is no more usual than another when its evidence, in steps of half a doubling, is no more: of
files that are always read together one is counted 41 times and one 40 times by accident, and the
second is no rarer for it.

Below the last level, of ``V`` keys ever seen, all that is unseen counts as one: ``1 / (V + 1)``.
So a key as usual as any costs almost nothing however many there are, an unseen key is never
impossible, and it is more surprising where the context was steady than where it keeps changing.

The evidence is not the raw count. Events of one container repeat each other (one loop writes a
file a million times), containers are independent witnesses, so

    m(x) = sum over containers of log2(1 + count of x in that container)

which one loud container cannot dominate and which hardly moves when load doubles.

A key may also be a name that was drawn (`rtml.baselines.drawing`). Then the places around it are
asked as well, each for its own P as if it were a key, times the chance that its next name is new;
the most usual reading counts. The chance is that of the most specific context with a history of the
place. A place that drew names only elsewhere, for other programs and other peers, excuses nothing:
that compilers make temporary files does not explain the web server's.

Two rules keep levels honest. A level whose context is unknown (null, or never seen) is skipped, and
the caller is told (``known``). A level that holds just the events of the next more general one
(as many events of as many keys) is skipped too: the same evidence is not counted twice.

Evidence is held as integers of 1/1024 and bits are rounded to 1/1024, so sums of them are the same
whatever the order of rows, threads or shards.

References
----------
Witten & Bell, "The zero-frequency problem", IEEE Trans. Inf. Theory 37(4), 1991,
https://doi.org/10.1109/18.87000. Vovk et al., Algorithmic Learning in a Random World, 2005 (ranks
as p-values). Church & Gale, "Poisson mixtures", 1995,
https://doi.org/10.1017/S1351324900000139 (why repeats count less).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from rtml.baselines.conditional import FLEET, Conditional, Level
from rtml.baselines.drawing import candidates
from rtml.baselines.evidence import CONTEXT, PEERS, SCALE
from rtml.baselines.history import AT, History, at_levels

__all__ = ["SCALE", "surprise"]

_MOST = 250_000
"""Rows that are asked at once: each stands in memory once per level."""


@dataclass(frozen=True)
class _Said:
    """What each level says of each thing that is asked: levels by rows, -1 where it says nothing."""

    applies: npt.NDArray[np.bool_]
    total: npt.NDArray[np.int64]
    distinct: npt.NDArray[np.int64]
    events: npt.NDArray[np.int64]
    m: npt.NDArray[np.int64]
    new: npt.NDArray[np.float64]


def _said(conditional: Conditional, known: History, asked: pl.DataFrame) -> _Said:
    """Look everything up at every level: contexts are few and looked up first, rows by their numbers."""
    contexts = asked.select(PEERS).unique().with_row_index("_context")
    placed = at_levels(conditional, contexts)
    met = placed.join(known.contexts, on=[AT, *CONTEXT], how="left", maintain_order="left")
    met = met.join(known.totals, on="_level", how="left", maintain_order="left")
    rows = asked.join(contexts, on=PEERS, how="left", nulls_equal=True, maintain_order="left")
    rows = rows.join(known.keys, on="key", how="left", maintain_order="left")
    shape = len(conditional.levels), asked.height
    places = (np.arange(shape[0])[:, None] * contexts.height + rows["_context"].to_numpy()).ravel()
    pairs = pl.DataFrame([met["_level"][places], pl.concat([rows["_key"]] * shape[0])])
    for table in (known.tails, known.newness):
        pairs = pairs.join(table, on=["_level", "_key"], how="left", maintain_order="left")
    applies = pl.all_horizontal(pl.col(CONTEXT).is_not_null())
    of_contexts = met.select(applies, pl.col("_M", "_T", "_N").fill_null(-1))
    of_rows = pairs.select(pl.col("_m", "_new").fill_null(-1))
    return _Said(
        *(column.to_numpy()[places].reshape(shape) for column in of_contexts),
        *(column.to_numpy().reshape(shape) for column in of_rows),
    )


def _interpolated(said: _Said, below: float) -> npt.NDArray[np.float64]:
    """Fold the levels into one estimate, from general to specific."""
    estimate: npt.NDArray[np.float64] = np.full(said.m.shape[1], below)
    used = np.full((2, len(estimate)), -1)
    for m, total, distinct, events in zip(
        *(array[::-1] for array in (said.m, said.total, said.distinct, said.events)), strict=True
    ):
        use = (total >= 0) & ((events != used[0]) | (distinct != used[1]))
        better = (np.maximum(m, 0) + distinct * estimate) / np.where(use, total + distinct, 1)
        estimate = np.where(use, better, estimate)
        used = np.where(use, [events, distinct], used)
    return estimate


def _first(where: npt.NDArray[np.bool_], values: npt.NDArray[Any], otherwise: Any) -> npt.NDArray[Any]:
    """Return for each row the value of the first level ``where`` it counts."""
    level, rows = where.argmax(0), np.arange(where.shape[1])
    first: npt.NDArray[Any] = np.where(where.any(0), values[level, rows], otherwise)
    return first


def _nearby(levels: tuple[Level, ...]) -> list[int]:
    """Levels that are of this subject or of these peers, not of all the others."""
    near = [number for number, level in enumerate(levels) if level.parts or level.peers != FLEET]
    return near or list(range(len(levels)))


def _estimated(conditional: Conditional, known: History, asked: pl.DataFrame) -> pl.DataFrame:
    """Return ``bits``, ``known`` and ``seen`` of what is asked, with ``_pair`` and ``_open``."""
    said = _said(conditional, known, asked)
    has, counted = said.total >= 0, said.m >= 0
    # 1 where names of a region were folded: nothing is known of the next.
    chance = _first(said.new >= 0, said.new, 1.0)
    answers = asked.select("_pair", "_open").with_columns(
        _p=pl.Series(_interpolated(said, 1.0 / (known.distinct + 1))),
        _chance=pl.Series(chance),
        known=pl.Series(_first(said.applies, has, False)),
        seen=pl.Series(_first(has, counted, False)),
        _near=pl.Series(counted[_nearby(conditional.levels)].any(0)),
    )
    p = pl.col("_p") * pl.when("_open").then("_chance").otherwise(1.0)
    bits = (-p.log(2) * SCALE).round().cast(pl.Int64).alias("bits")
    return answers.filter(~pl.col("_open") | pl.col("_near")).select("_pair", "_open", bits, "known", "seen")


def _asked(conditional: Conditional, known: History, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return every pair with its own key, then (``_open``) with the places around it."""
    own = pairs.select(*PEERS, "key").with_row_index("_pair").with_columns(_open=pl.lit(False))
    around = candidates(known.places, conditional.places, pairs["key"])
    if around.is_empty():
        return own
    places = own.join(around, on="key").with_columns(key="place", _open=pl.lit(True))
    return pl.concat([own, places.select(own.columns)])


def surprise(conditional: Conditional, known: History, pairs: pl.DataFrame) -> pl.DataFrame:
    """Add ``bits``, ``known`` and ``seen`` to pairs of context and key.

    Parameters
    ----------
    conditional
        Which levels to back off along, and in which places its keys lie.
    known
        The history of this conditional (`rtml.baselines.history`).
    pairs
        Columns ``workload``, ``image``, ``repository``, ``subject``, ``key``; others are kept.

    Returns
    -------
    ``pairs`` in the same order with ``bits`` (Int64, units of 1/1024 bit, 0 and up; 0 is what was
    to be expected), ``known`` (its most specific context has history) and ``seen`` (the most
    specific context that has history counted the key, or a place around it that draws names: yet
    another temporary file counts as seen, for its like was).
    """
    asked = _asked(conditional, known, pairs)
    parts = [_estimated(conditional, known, part) for part in asked.iter_slices(_MOST)]
    scored = pl.concat(parts or [_estimated(conditional, known, asked)])
    places = (
        scored.filter("_open").group_by("_pair").agg(_bits=pl.col("bits").min(), _seen=pl.col("seen").any())
    )
    own = scored.filter(~pl.col("_open")).join(places, on="_pair", how="left", maintain_order="left")
    seen = pl.col("seen") | pl.col("_seen").fill_null(False)
    return pairs.hstack(own.select(pl.min_horizontal("bits", "_bits"), "known", seen))
