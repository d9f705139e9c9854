"""``python -m benchmarks --events 1e6``: measure and print."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.against_sqlite import agreement, available
from benchmarks.inputs import sensor_inputs
from benchmarks.measuring import Measurement, measure, seconds_to_import
from benchmarks.readers import HEAD, READERS, measured, row
from benchmarks.report import goals, import_table, speed_table, sqlite_table
from benchmarks.sequences import lines

_REPEAT = {"pandas_three": 1, "learn": 1, "rules": 1}
_ORDER = (
    "read_three",
    "read_all",
    "learn",
    "features_three",
    "features_all",
    "features_trees",
    "score",
    "read_rules",
    "rules",
    "pandas_three",
)


def _import(console: Console) -> None:
    with tempfile.TemporaryDirectory() as place:
        inputs, skipped = sensor_inputs(Path(place))
        results = [measure("import_sensor", sensor, *files, name=sensor) for sensor, files in inputs.items()]
    console.print(import_table(results, skipped))


def _speed(console: Console, events: int, seed: int, pandas: bool) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "capture"
        measure("synthetic", str(folder), str(events), str(seed))
        results: dict[str, Measurement] = {}
        for job in _ORDER if pandas else _ORDER[:-1]:
            with console.status(f"{events:,} events: {job}"):
                results[job] = measure(job, str(folder), repeat=_REPEAT.get(job, 3))
    title = f"{events:,} synthetic events (load only, seed {seed})"
    console.print(speed_table(title, results), goals(results), sep="\n")


def _sqlite(console: Console, events: int, seed: int) -> None:
    reason = available()
    if reason:
        console.print(f"Sigma by SQLite: skipped, {reason}", markup=False)
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "capture"
        measure("commands", str(folder), str(events), str(seed))
        jobs = {"sigma_here": 3, "sigma_sqlite": 1}
        results = [measure(job, str(folder), repeat=times) for job, times in jobs.items()]
        console.print(sqlite_table(*results), agreement(folder), sep="\n", markup=False)


def main(
    events: Annotated[
        list[float] | None, typer.Option(help="events of the synthetic capture; may be repeated")
    ] = None,
    seed: Annotated[int, typer.Option(help="seed of the synthetic capture")] = 1,
    pandas: Annotated[bool, typer.Option(help="measure plain pandas too")] = True,
    sqlite: Annotated[float, typer.Option(help="program starts that SQLite searches too; 0: none")] = 1e6,
    sequences: Annotated[float, typer.Option(help="findings about one pod to correlate; 0: none")] = 1e5,
    imports: Annotated[bool, typer.Option(help="measure import of real files too")] = True,
    readers: Annotated[
        float, typer.Option(help="megabytes of each log that readers are measured on; 0: none")
    ] = 20,
) -> None:
    """Measure speed and memory, as ratios inside one run.

    Example: python -m benchmarks --events 1e6 --no-imports
    """
    console = Console()
    for module in ("rtml", "rtml.captures", "rtml.cli"):
        console.print(f"import {module}: {seconds_to_import(module):.2f} s")
    if imports:
        _import(console)
    if readers:
        console.print(HEAD, *map(row, measured(list(READERS), readers, 3)), sep="\n", markup=False)
    if sqlite:
        _sqlite(console, int(sqlite), seed)
    if sequences:
        for line in lines(int(sequences)):
            console.print(line, highlight=False)
    for number in events or [1e6, 1e7]:
        _speed(console, int(number), seed, pandas)


if __name__ == "__main__":
    typer.run(main)
