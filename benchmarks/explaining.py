"""``python -m benchmarks.explaining``: whether explanations name the planted culprit, and how long they take.

Per detector: of so many rows with one feature planted far outside, in how many the explanation names it
first, in how many every share has the right sign, in how many the row then scores above all typical ones
(where not, there was nothing to explain), and how long explaining takes. Rows are typical benign windows of
the laws (`rtml.testing.planting`), and process trees of the first sitting of the shipped recording.
"""

from __future__ import annotations

import datetime as dt
import time
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from rtml.captures import open_captures
from rtml.detectors import DETECTORS, Detector, detector_class
from rtml.errors import RtmlError
from rtml.models.learning import material
from rtml.splits import Split
from rtml.testing.detector_reasons import frames
from rtml.testing.planting import Plants, judged, looked_at, plants, typical
from rtml.times import MINUTE, Window

CAPTURE = Path("datasets/replays-v1/capture")
LEARN_UNTIL = dt.datetime(2026, 11, 24, 10, 8, tzinfo=dt.UTC)
SITTING_ENDS = dt.datetime(2026, 11, 24, 10, 20, tzinfo=dt.UTC)
ADAPTED: dict[str, dict[str, Any]] = {
    "sklearn:IsolationForest": {},
    "sklearn:LocalOutlierFactor": {},
    "sklearn:OneClassSVM": {"nu": 0.1},
    "pyod:ECOD": {},
    "river:HalfSpaceTrees": {"n_trees": 50, "window_size": 50},
    "river:LocalOutlierFactor": {},
}
SLOW = {"pyod:ECOD", "river:HalfSpaceTrees", "river:LocalOutlierFactor", "sklearn:LocalOutlierFactor"}
"""Estimators that take milliseconds for a row: judged by fewer plants, on real trees only when named."""
FEWER, SPEED, WANTED = 100, 10_000, 5.0
HEAD = (
    "detector",
    "columns",
    "plants",
    "named first",
    "signs right",
    "stranger than any typical row",
    "ms each",
    f"{SPEED:,} take",
)


def detectors(names: list[str]) -> Iterator[tuple[str, Detector]]:
    """Yield every registered detector that is not trivial, and adapted ones."""
    makers = {name: partial(DETECTORS[name], seed=3) for name in DETECTORS.own if not DETECTORS[name].trivial}
    makers |= {name: partial(detector_class(name), seed=3, **more) for name, more in ADAPTED.items()}
    for name, make in makers.items():
        if not names or name in names:
            yield name, make()


def measured(
    name: str, detector: Detector, pair: tuple[pl.DataFrame, pl.DataFrame], number: int
) -> list[str]:
    """Return one row of the table."""
    learnt, benign = pair
    detector.learn(learnt)
    columns = looked_at(detector, learnt, benign)
    if not columns:
        return [name, "0", *["-"] * 6]
    planted = plants(learnt, benign, columns, min(number, FEWER) if name in SLOW else number)
    verdict = judged(detector, planted)
    usual = float(np.nanmax(detector.score(benign)))
    seen = int((detector.score(planted.rows) > usual).sum())
    seconds, asked = timed(detector, planted)
    each = seconds / asked
    late = "" if each * SPEED <= WANTED else " (too slow)"
    numbers = (len(columns), verdict.plants, verdict.first, verdict.signs, seen)
    return [name, *(f"{n:,}" for n in numbers), f"{1000 * each:.3f}", f"{each * SPEED:.1f} s{late}"]


def timed(detector: Detector, planted: Plants) -> tuple[float, int]:
    """Explain planted rows, over and over where that is quick; return seconds and how many."""
    begin = time.perf_counter()
    detector.explain(planted.rows)
    once = time.perf_counter() - begin
    times = SPEED // planted.rows.height
    if once * times > 4 * WANTED:
        return once, planted.rows.height
    rows = pl.concat([planted.rows] * times)
    begin = time.perf_counter()
    detector.explain(rows)
    return time.perf_counter() - begin, rows.height


def sitting() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return trees of the first, benign sitting: those that detectors learn, and typical later ones."""
    made = material(
        open_captures([str(CAPTURE)]), Split(LEARN_UNTIL, SITTING_ENDS), Window.of(MINUTE), None, 8
    )
    return made.learnt, typical(made.held, made.learnt)


def shown(title: str, pair: tuple[pl.DataFrame, pl.DataFrame], number: int, names: list[str]) -> Table:
    """Return the table of one source of rows."""
    heights = f"{pair[0].height:,} learnt, {pair[1].height:,} typical"
    table = Table(title=f"{title}: {heights}", box=None, pad_edge=False)
    for name in HEAD:
        table.add_column(name, justify="left" if name == "detector" else "right")
    for name, detector in detectors(names):
        try:
            table.add_row(*measured(name, detector, pair, number))
        except RtmlError as error:
            table.add_row(name, str(error)[:60])
    return table


def main(
    number: Annotated[int, typer.Option("--plants", help="plants per detector")] = 1000,
    real: Annotated[bool, typer.Option(help="trees of the shipped recording too")] = True,
    detector: Annotated[list[str] | None, typer.Option(help="only these; may be repeated")] = None,
) -> None:
    """Measure explanations.

    Example: python -m benchmarks.explaining --plants 1000
    """
    console, names = Console(width=130), detector or []
    warnings.simplefilter("ignore")
    for title, pair in zip(("made-up windows", "made-up windows with surprises"), frames(4000), strict=True):
        console.print(shown(title, pair, number, names))
    if real:
        quick = names or [name for name in [*DETECTORS.own, *ADAPTED] if name not in SLOW]
        console.print(shown("trees of sitting 1 of replays-v1", sitting(), number, quick))


if __name__ == "__main__":
    typer.run(main)
