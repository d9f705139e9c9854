"""Finished runs, side by side over the same attacks: who found what, and could the difference be luck."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from rtml.errors import RtmlError, lookup
from rtml.evaluation.across import paired_runs
from rtml.evaluation.paired import CONTENDERS, PAIRED, holm
from rtml.experiment.finished import Finished, refuse_unequal
from rtml.schema import empty

__all__ = ["ALONE", "Compared", "compare_runs"]

ALONE = pl.Schema(
    {
        "side": pl.String(),
        "reference": pl.String(),
        "attack_id": pl.String(),
        "technique": pl.String(),
        "by": pl.String(),
    }
)
"""One row per attack that one of two sides found alone; ``by``: the one that did."""

_TESTS = ("p", "p_false", "p_causes")
_BETWEEN = ": "


@dataclass(frozen=True)
class Compared:
    """``pairs``: `rtml.evaluation.paired.PAIRED`, with Holm over all of its rows; ``alone``: `ALONE`."""

    pairs: pl.DataFrame
    alone: pl.DataFrame


def compare_runs(runs: Mapping[str, Finished], reference: str | None = None) -> Compared:
    """Compare runs over the same attacks, attack by attack.

    Parameters
    ----------
    runs
        By name; the first is what the others are compared with.
    reference
        ``RUN: SIDE``: every side of every run is compared with this one. None: each side of the later runs
        with the side of that name in the first.

    Returns
    -------
    Found: McNemar's exact test over recordings; false findings, and their causes, by the exact conditional
    test. Each is corrected by Holm over all pairs of the answer.

    Raises
    ------
    RtmlError
        Runs were judged by other labels or over another time, or have no side in common.
    UnknownNameError
        There is no such side.
    """
    refuse_unequal(runs)
    names = {f"{run}{_BETWEEN}{side}": side for run, one in runs.items() for side in _contenders(one)}
    if reference is not None:
        lookup(names, reference, "side")
    pairs = _same_sides(runs) if reference is None else paired_runs(runs, reference)
    corrected = pairs.with_columns(
        pl.Series(f"{t}_holm", holm(pairs[t].to_list()), pl.Float64) for t in _TESTS
    )
    plain = corrected.with_columns(remark=_remark(runs))
    return Compared(plain, _alone(runs, plain))


def _remark(runs: Mapping[str, Finished]) -> pl.Expr:
    """Keep remarks, but what a union cannot lose holds within one run only."""
    within = [
        pl.col("side").str.starts_with(name + _BETWEEN) & pl.col("reference").str.starts_with(name + _BETWEEN)
        for name in runs
    ]
    of_union = pl.col("remark").str.contains("by construction", literal=True)
    return pl.when(pl.any_horizontal(within) | ~of_union).then("remark")


def _contenders(run: Finished) -> list[str]:
    return run.summary.filter(pl.col("kind").is_in(CONTENDERS))["side"].to_list()


def _same_sides(runs: Mapping[str, Finished]) -> pl.DataFrame:
    """Compare each side of the first run with its namesakes in the others."""
    first, *others = runs
    tables = []
    for side in _contenders(runs[first]):
        namesakes = [f"{name}{_BETWEEN}{side}" for name in others if side in _contenders(runs[name])]
        if namesakes:
            rows = paired_runs(runs, f"{first}{_BETWEEN}{side}")
            tables.append(rows.filter(pl.col("side").is_in(namesakes)))
    if not tables:
        raise RtmlError(f"no side of {first!r} has a namesake in {', '.join(map(repr, others))}")
    return pl.concat([empty(PAIRED), *tables])


def _alone(runs: Mapping[str, Finished], pairs: pl.DataFrame) -> pl.DataFrame:
    found = pl.concat(
        run.attacks.select("attack_id", "technique", "found", side=pl.lit(name + _BETWEEN) + pl.col("side"))
        for name, run in runs.items()
    )
    theirs = found.select("attack_id", reference="side", other="found")
    both = (
        pairs.select("side", "reference")
        .join(found, on="side", maintain_order="left")
        .join(theirs, on=["reference", "attack_id"], maintain_order="left")
    )
    by = pl.when("found").then("side").otherwise("reference")
    return both.filter(pl.col("found") != pl.col("other")).with_columns(by=by).select(ALONE.names())
