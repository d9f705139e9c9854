"""Sides of several runs over the same attacks, in one table: what `rtml.evaluation.paired` compares."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rtml.errors import RtmlError, UsageError
from rtml.evaluation.paired import Judged, paired, rates_of

__all__ = ["paired_runs"]

_ATTACK = ["attack_id", "container_id", "start", "end"]
_BETWEEN = ": "


def paired_runs(runs: Mapping[str, Judged], reference: str) -> pl.DataFrame:
    """Compare every side of every run with one of them.

    Parameters
    ----------
    runs
        Ledgers by the name of their run.
    reference
        ``RUN: SIDE``, as all sides are called in the result.

    Returns
    -------
    `rtml.evaluation.paired.PAIRED`.

    Raises
    ------
    UsageError
        There are fewer than two runs.
    RtmlError
        Two runs were not judged on the same attacks: then no attack pairs them.

    Examples
    --------
    >>> paired_runs({}, "a: forest")
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: nothing to compare: give at least two runs
    """
    if len(runs) < 2:
        raise UsageError("nothing to compare: give at least two runs")
    first, *others = runs
    for name in others:
        _refuse_other_attacks(first, runs[first].attacks, name, runs[name].attacks)
    tables = [_prefixed(run.attacks, name) for name, run in runs.items()]
    rates = [_prefixed(rates_of(run), name) for name, run in runs.items()]
    return paired(pl.concat(tables, how="diagonal_relaxed"), reference, pl.concat(rates))


def _prefixed(table: pl.DataFrame, name: str) -> pl.DataFrame:
    return table.with_columns(side=pl.lit(name + _BETWEEN) + pl.col("side"))


def _refuse_other_attacks(first: str, ours: pl.DataFrame, second: str, theirs: pl.DataFrame) -> None:
    here, there = (table.select(_ATTACK).unique() for table in (ours, theirs))
    apart = [a.join(b, on=_ATTACK, how="anti").height for a, b in ((here, there), (there, here))]
    if any(apart):
        raise RtmlError(
            f"runs {first!r} and {second!r} were judged on different attacks ({apart[0]} only in the first, "
            f"{apart[1]} only in the second): pair runs over one test; use the same labels and split"
        )
