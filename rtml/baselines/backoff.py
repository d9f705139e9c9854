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

from functools import reduce

import polars as pl

from rtml.baselines.conditional import FLEET, Conditional, Level
from rtml.baselines.drawing import candidates
from rtml.baselines.evidence import CONTEXT, PEERS, SCALE
from rtml.baselines.history import AtLevel, History

__all__ = ["SCALE", "surprise"]


def _placed(conditional: Conditional, known: History, asked: pl.DataFrame) -> pl.LazyFrame:
    """Add to what is asked the number of its key, and per level that of its context and whether it applies.

    A number is null where there is no history. Every step after this one is on integers.
    """
    contexts = asked.lazy().select(PEERS).unique()
    for number, (level, history) in enumerate(zip(conditional.levels, known.levels, strict=True)):
        name, applies = f"_level{number}", pl.all_horizontal(pl.col(CONTEXT).is_not_null())
        named = history.contexts.lazy().rename({"_level": name})
        at_level = contexts.with_columns(level.columns()).with_columns(applies.alias(f"_applies{number}"))
        contexts = at_level.join(named, on=CONTEXT, how="left").drop(CONTEXT)
    rows = asked.lazy().join(contexts, on=PEERS, how="left", nulls_equal=True, maintain_order="left")
    keyed = rows.join(known.keys.lazy(), on="key", how="left", maintain_order="left")
    return keyed.drop(*PEERS, "key")


def _looked_up(rows: pl.LazyFrame, history: AtLevel, number: int) -> pl.LazyFrame:
    """Add the evidence of one level as columns ``_m``, ``_M``, ``_T``, ``_N``, ``_new`` and its number."""
    level = f"_level{number}"
    for table, by in (
        (history.keys, [level, "_key"]),
        (history.totals, [level]),
        (history.places, [level, "_key"]),
    ):
        numbered = {name: f"{name}{number}" for name in table.columns if name != "_key"}
        rows = rows.join(table.lazy().rename(numbered), on=by, how="left", maintain_order="left")
    return rows


def _interpolate(pairs: pl.LazyFrame, number: int) -> pl.LazyFrame:
    """Fold one level into the running estimate ``_p``, from general to specific."""
    m = pl.col(f"_m{number}").fill_null(0)
    total, distinct, events = (pl.col(f"_{name}{number}") for name in "MTN")
    same = (events == pl.col("_used_N")) & (distinct == pl.col("_used_T"))
    use = total.is_not_null() & ~same.fill_null(False)
    estimate = (m + distinct * pl.col("_p")) / (total + distinct)
    return pairs.with_columns(
        pl.when(use).then(estimate).otherwise("_p").alias("_p"),
        pl.when(use).then(events).otherwise("_used_N").alias("_used_N"),
        pl.when(use).then(distinct).otherwise("_used_T").alias("_used_T"),
    )


def _verdict(levels: int) -> list[pl.Expr]:
    """Say of each pair whether its own context was known, and whether the key was seen there."""
    known = pl.coalesce(
        pl.when(pl.col(f"_applies{number}")).then(pl.col(f"_M{number}").is_not_null())
        for number in range(levels)
    )
    seen = pl.coalesce(
        pl.when(pl.col(f"_M{number}").is_not_null()).then(pl.col(f"_m{number}").is_not_null())
        for number in range(levels)
    )
    return [known.fill_null(False).alias("known"), seen.fill_null(False).alias("seen")]


def _nearby(levels: tuple[Level, ...]) -> pl.Expr:
    """Whether a place drew names for this subject or for these peers, not only for all the others."""
    near = [number for number, level in enumerate(levels) if level.parts or level.peers != FLEET]
    return pl.any_horizontal(pl.col(f"_m{number}").is_not_null() for number in near or range(len(levels)))


def _estimated(conditional: Conditional, known: History, asked: pl.DataFrame) -> pl.DataFrame:
    """Return ``bits``, ``known`` and ``seen`` of what is asked, with ``_pair`` and ``_open``."""
    numbers = range(len(known.levels))
    rows = _placed(conditional, known, asked)
    for number in numbers:
        rows = _looked_up(rows, known.levels[number], number)
    blank = [pl.lit(None, pl.Int64).alias(f"_used_{name}") for name in "NT"]
    below = pl.lit(1.0 / (known.distinct + 1)).alias("_p")
    estimate = reduce(_interpolate, reversed(numbers), rows.with_columns(below, *blank))
    # 1 where names of a region were folded: nothing is known of the next.
    new = pl.coalesce(*(f"_new{number}" for number in numbers), 1.0)
    chance = pl.when("_open").then(new).otherwise(1.0)
    bits = (-(pl.col("_p") * chance).log(2) * SCALE).round().cast(pl.Int64).alias("bits")
    answers = estimate.filter(~pl.col("_open") | _nearby(conditional.levels))
    return answers.select("_pair", "_open", bits, *_verdict(len(numbers))).collect()


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
    scored = _estimated(conditional, known, _asked(conditional, known, pairs))
    places = (
        scored.filter("_open").group_by("_pair").agg(_bits=pl.col("bits").min(), _seen=pl.col("seen").any())
    )
    own = scored.filter(~pl.col("_open")).join(places, on="_pair", how="left", maintain_order="left")
    seen = pl.col("seen") | pl.col("_seen").fill_null(False)
    return pairs.hstack(own.select(pl.min_horizontal("bits", "_bits"), "known", seen))
