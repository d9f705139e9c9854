"""``python -m benchmarks.detectors``: how many process trees a detector scores and learns in a second of one core.

Every registered detector that is not trivial, on trees of the first sitting of the shipped recording: it
learns them once, then scores them over and over (batch) or scores and learns them (online), each time a day
later. Seconds are CPU seconds of the process over all its threads, so other work on the machine hardly counts.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated

import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.explaining import sitting
from rtml.detectors import DETECTORS

GOALS = {False: 300_000, True: 20_000}
"""Rows a second that batch and online detectors are to reach."""
HEAD = ("detector", "kind", "learnt rows", "learnt/s", "rows", "CPU s", "rows/s", "goal")


def repeated(trees: pl.DataFrame, rows: int) -> pl.DataFrame:
    """Return the trees day after day, at least so many rows."""
    days = -(-rows // trees.height)
    return pl.concat(
        trees.with_columns(pl.col("window").dt.offset_by(f"{day}d")) for day in range(1, days + 1)
    )


def measured(name: str, learnt: pl.DataFrame, later: pl.DataFrame) -> list[str]:
    """Return one row of the table."""
    detector = DETECTORS[name](seed=3)
    begin = time.process_time()
    detector.learn(learnt)
    learning = time.process_time() - begin
    begin = time.process_time()
    (detector.prequential if detector.online else detector.score)(later)
    spent = time.process_time() - begin
    rate, goal = later.height / spent, GOALS[detector.online]
    kind, reached = "online" if detector.online else "batch", "reached" if rate >= goal else "NOT reached"
    learnt_rate = f"{learnt.height / learning:,.0f}"
    return [
        name,
        kind,
        f"{learnt.height:,}",
        learnt_rate,
        f"{later.height:,}",
        f"{spent:.2f}",
        f"{rate:,.0f}",
        f"{goal:,} {reached}",
    ]


def names() -> Iterator[str]:
    """Yield the detectors that are worth a measurement."""
    return (name for name in DETECTORS.own if not DETECTORS[name].trivial)


def main(rows: Annotated[int, typer.Option(help="rows to score, at least")] = 300_000) -> None:
    """Measure detectors alone, features given.

    Example: python -m benchmarks.detectors --rows 300000
    """
    learnt, _ = sitting()
    batch, online = repeated(learnt, rows), repeated(learnt, rows // 5)
    table = Table(title="detectors alone, CPU seconds of one process", box=None, pad_edge=False)
    for name in HEAD:
        table.add_column(name, justify="left" if name in HEAD[:2] else "right")
    for name in names():
        table.add_row(*measured(name, learnt, online if DETECTORS[name].online else batch))
    Console(width=130).print(table)


if __name__ == "__main__":
    typer.run(main)
