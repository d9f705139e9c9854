"""How long intervals of a ranking take: ``python -m benchmarks.ranking --windows 1e6 --resamples 1000``."""

from __future__ import annotations

import time
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.memory import peak
from rtml.evaluation.ranking import Ranked, ranked_measures

__all__ = ["ranking"]

SHAPES = ((0.005, 200, 500), (0.1, 1000, 5000), (0.5, 1000, 10_000))
"""Share of attack windows, attacks, containers: a recording, a large one, a set that is half attack."""

GOAL = 30.0
"""Seconds that one detector on a million windows with 1,000 resamples may take on two cores."""


def ranking(windows: int, share: float, attacks: int, containers: int, seed: int) -> Ranked:
    """Return a ranking without ties, the worst case: every score is a threshold of its own."""
    rng = np.random.default_rng(seed)
    target = np.zeros(windows, int)
    hits = max(attacks, int(windows * share))
    target[rng.choice(windows, hits, replace=False)] = 1
    rank = np.argsort(np.argsort(rng.random(windows) + 0.3 * target)) + 1.0
    owners = np.zeros((hits, attacks), bool)
    owners[np.arange(hits), rng.integers(0, attacks, hits)] = True
    owners[np.arange(attacks), np.arange(attacks)] = True
    return Ranked(rank, target, owners, rng.integers(0, containers, windows))


def main(
    windows: Annotated[float, typer.Option(help="windows")] = 1e6,
    resamples: Annotated[int, typer.Option(help="resamples of attacks and containers")] = 1000,
    seed: Annotated[int, typer.Option(help="seed")] = 0,
) -> None:
    """Measure all rank measures of one detector with their intervals."""
    table = Table(title=f"{windows:,.0f} windows, {resamples:,} resamples (goal: {GOAL:.0f} s)")
    for name in ("attack windows", "attacks", "containers", "seconds", "CPU s", "AUROC", "AP", "peak GB"):
        table.add_column(name, justify="right")
    for share, attacks, containers in SHAPES:
        ranked = ranking(int(windows), share, attacks, containers, seed)
        start, used = time.perf_counter(), time.process_time()
        measures = ranked_measures(ranked, seed, resamples)
        seconds, used = time.perf_counter() - start, time.process_time() - used
        sizes = (f"{ranked.target.sum():,}", f"{attacks:,}", f"{containers:,}")
        values = (str(measures["auroc"]), str(measures["average_precision"]))
        table.add_row(*sizes, f"{seconds:.1f}", f"{used:.1f}", *values, f"{peak() / 1e9:.2f}")
    Console(width=120).print(table)


if __name__ == "__main__":
    typer.run(main)
