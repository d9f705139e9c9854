"""``python -m benchmarks.sequences``: findings about one pod become attack sequences; CPU seconds.

Three shapes of the same number of findings: all within a day; spread over a quarter of a year; and such that
few of them show a second tactic.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from typing import Annotated

import numpy as np
import polars as pl
import typer
from rich.console import Console

from rtml.findings.sequences import correlate
from rtml.schema import FINDINGS, conform

__all__ = ["SHAPES", "lines", "of_one_pod"]

_START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_TYPES = (
    "Execution:Runtime/ReverseShell",
    "Discovery:Runtime/SuspiciousCommand",
    "PrivilegeEscalation:Runtime/ContainerMountsHostDirectory",
    "CryptoCurrency:Runtime/BitcoinTool.B",
    "DefenseEvasion:Runtime/FilelessExecution",
)
SHAPES = {"a day": (1, 5), "90 days": (90, 5), "90 days, one tactic in nearly all": (90, 1)}
"""Name to the days over which findings lie, and the number of usual types; others are one in a thousand."""


def of_one_pod(count: int, days: int, usual: int, seed: int = 1) -> pl.DataFrame:
    """Return so many findings about one pod, each of an event of its own."""
    rng = np.random.default_rng([seed, days, usual])
    kind = rng.integers(usual, size=count)
    rare = rng.random(count) < 0.001
    kind = np.where(rare, rng.integers(len(_TYPES), size=count), kind)
    at = np.sort(rng.integers(days * 86_400_000_000, size=count))
    frame = pl.DataFrame({"n": np.arange(count), "at": at}).select(
        finding_id=pl.format("f{}", "n"),
        type=pl.Series(_TYPES).gather(kind),
        severity=pl.lit(7.0),
        source=pl.lit("rule"),
        detector=pl.format("r{}", pl.col("n") % 50),
        title=pl.lit("x"),
        first_seen=pl.lit(_START).cast(FINDINGS["first_seen"]) + pl.duration(microseconds="at"),
        container_id=pl.lit("4f1c9d2b7a60"),
        pod=pl.lit("checkout-1"),
        namespace=pl.lit("shop"),
        host=pl.lit("node-a"),
        evidence=pl.concat_list(pl.struct(host=pl.lit("node-a"), seq=pl.col("n").cast(pl.Int64))),
    )
    return conform(frame, FINDINGS)


def lines(count: int) -> Iterator[str]:
    """Correlate findings of each shape; yield what it took."""
    for name, (days, usual) in SHAPES.items():
        findings = of_one_pod(count, days, usual)
        begin = time.process_time()
        found = correlate(findings)
        seconds = time.process_time() - begin
        yield f"{count:,} findings about one pod, {name}: {seconds:.1f} CPU s, {found.height} sequences"


def main(count: Annotated[float, typer.Option(help="findings")] = 1e5) -> None:
    """Correlate findings about one pod."""
    for line in lines(int(count)):
        Console(highlight=False).print(line)


if __name__ == "__main__":
    typer.run(main)
