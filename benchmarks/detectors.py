"""``python -m benchmarks.detectors``: process trees that a detector scores in a second of one core.

Every registered detector that is not trivial, on trees of the first sitting of the shipped recording: it
learns them once, then scores them day after day (batch) or scores and learns them (online). Most trees repeat
others (a job that runs each minute), and some detectors score what is alike once; so a tenth as many rows are
scored that all differ, too. Seconds are CPU seconds of all threads: other work on the machine hardly counts.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated

import polars as pl
import polars.selectors as cs
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.explaining import sitting
from rtml.detectors import DETECTORS, Detector

GOALS = {False: 300_000, True: 20_000}
"""Rows a second that batch and online detectors are to reach."""
HEAD = (
    "detector",
    "kind",
    "learnt rows",
    "learnt/s",
    "rows",
    "CPU s",
    "rows/s",
    "goal",
    "rows/s, none alike",
)


def repeated(trees: pl.DataFrame, rows: int) -> pl.DataFrame:
    """Return the trees day after day, at least so many rows."""
    days = -(-rows // trees.height)
    return pl.concat(
        trees.with_columns(pl.col("window").dt.offset_by(f"{day}d")) for day in range(1, days + 1)
    )


def unlike(trees: pl.DataFrame) -> pl.DataFrame:
    """Return the trees with every number moved a little, so that no two are alike."""
    number = pl.int_range(pl.len()) / pl.len()
    return trees.with_columns(cs.float() * (1 + 1e-3 * number) + 1e-6 * number)


def rate(detector: Detector, trees: pl.DataFrame) -> tuple[float, float]:
    """Return the CPU seconds that scoring takes, and rows a second."""
    judge = detector.prequential if detector.online else detector.score
    begin = time.process_time()
    judge(trees)
    spent = time.process_time() - begin
    return spent, trees.height / spent


def measured(name: str, learnt: pl.DataFrame, later: pl.DataFrame) -> list[str]:
    """Return one row of the table."""
    detector = DETECTORS[name](seed=3)
    begin = time.process_time()
    detector.learn(learnt)
    learning = time.process_time() - begin
    spent, usual = rate(detector, later)
    goal = GOALS[detector.online]
    reached = "reached" if usual >= goal else "NOT reached"
    _, different = rate(detector, unlike(later.head(later.height // 10)))
    kind = "online" if detector.online else "batch"
    speeds = [f"{learnt.height / learning:,.0f}", f"{later.height:,}", f"{spent:.2f}", f"{usual:,.0f}"]
    return [name, kind, f"{learnt.height:,}", *speeds, f"{goal:,} {reached}", f"{different:,.0f}"]


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
