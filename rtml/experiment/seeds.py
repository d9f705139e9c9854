"""One experiment over several seeds: what is chance in a result, and what is not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from rtml.errors import UsageError
from rtml.experiment.config import Experiment
from rtml.experiment.run import run_experiment
from rtml.once import keeping
from rtml.progress import steps
from rtml.reading.whole import require_new, write_parquet

__all__ = ["SEEDS", "SPREAD", "run_seeds", "spread"]

SEEDS = "seeds.parquet"
"""What `run_seeds` writes beside the runs: the headline of every seed, with ``seed``."""

_MOST = 100
SPREAD = pl.Schema(
    {
        "side": pl.String(),
        "kind": pl.String(),
        "asked": pl.Float64(),
        "seeds": pl.UInt32(),
        **{f"{name}_{end}": pl.Float64() for name in ("found", "false") for end in ("median", "low", "high")},
        "held": pl.UInt32(),
    }
)
"""One row per side and budget: median and range of attacks found and of false findings over seeds; with how
many seeds the budget was held."""


def run_seeds(experiment: Experiment, out: Path, number: int, tracked: bool = True) -> pl.DataFrame:
    """Run an experiment with ``number`` seeds, from its own on, into ``out/seed-N``.

    Returns
    -------
    `SPREAD`. Runs that are done stay when a later one fails; `SEEDS` is written at the end.

    Raises
    ------
    UsageError
        Fewer than two seeds, or more than a hundred.
    RtmlError
        ``out`` exists, or a run fails.
    """
    if not 2 <= number <= _MOST:
        raise UsageError(f"{number} seeds: 2 to {_MOST} are wanted", argument="seeds")
    require_new(out)
    headlines = {}
    with keeping():  # features are those of the capture, whatever the seed
        for seed in steps(range(experiment.seed, experiment.seed + number), "running", "seeds"):
            one = experiment.model_copy(update={"seed": seed})
            headlines[seed] = run_experiment(one, out / f"seed-{seed}", tracked).ledger.headline
    rows = _stacked(headlines)
    write_parquet(out / SEEDS, rows)
    return spread(rows)


def _stacked(headlines: Mapping[int, pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([table.with_columns(seed=pl.lit(seed, pl.Int64)) for seed, table in headlines.items()])


def spread(rows: pl.DataFrame) -> pl.DataFrame:
    """Return median and range over seeds.

    Parameters
    ----------
    rows
        Headlines (`rtml.evaluation.headline.HEADLINE`) of all seeds, with ``seed``.

    Returns
    -------
    `SPREAD`, in the order of the sides; no rows give none.

    Examples
    --------
    >>> from rtml.evaluation.headline import HEADLINE
    >>> rows = pl.DataFrame({"side": ["forest"] * 3, "kind": "model", "asked": 1.0, "found": [5, 9, 6],
    ...                      "false": [0, 4, 0], "budget": ["held", "broken", "held"], "seed": [1, 2, 3]})
    >>> spread(rows).select("found_median", "found_low", "found_high", "false_high", "held").row(0)
    (6.0, 5.0, 9.0, 4.0, 2)
    """
    numbers = [
        getattr(pl.col(name), how)().cast(pl.Float64).alias(f"{name}_{end}")
        for name in ("found", "false")
        for end, how in (("median", "median"), ("low", "min"), ("high", "max"))
    ]
    held = (pl.col("budget") == "held").sum().alias("held")
    grouped = rows.group_by("side", "kind", "asked", maintain_order=True)
    table = grouped.agg(pl.col("seed").n_unique().alias("seeds"), *numbers, held)
    return table.select(pl.col(name).cast(kind) for name, kind in SPREAD.items())
