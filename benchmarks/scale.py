"""``python -m benchmarks.scale``: processor seconds of each step of the way, projected to a rate.

Measured on synthetic events (`benchmarks.synthetic`) and a log of Falco (`benchmarks.serving`). A step costs
so many CPU seconds per million events; so many events a second need so many cores. Nothing else is assumed
but that steps divide by container, host and day, which is how the job divides them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.measuring import Measurement, measure
from benchmarks.serving import falco_log

__all__ = ["cores"]

_STEPS = {
    "import": "lines of Falco become a capture (`import_sensor`)",
    "rules": "our pack, Sigma's and Falco's rules (`rules`)",
    "features_trees": "surprises of every family, per tree and window (`features_trees`)",
    "score": "windows of every family and a forest (`score`)",
    "learn": "a baseline of every family (`learn`)",
}
"""Each with what it measures and the job of `benchmarks.jobs` that does it."""


def cores(measured: Measurement, rate: float) -> float:
    """Return how many cores a step keeps busy at so many events a second.

    Examples
    --------
    >>> cores(Measurement("x", 9.0, 1_000_000, 0, cpu=20.0), 100_000)
    2.0
    """
    return measured.cpu / measured.events * rate


def _measured(events: int, lines: int, place: Path) -> dict[str, Measurement]:
    log, folder = place / "log.jsonl", str(place / "capture")
    log.write_bytes(falco_log(lines))
    found = {"import": measure("import_sensor", "falco", str(log))}
    measure("synthetic", folder, str(events), "1")
    for job in ("learn", "rules", "features_trees", "score"):
        found[job] = measure(job, folder)
    return found


def main(
    events: Annotated[float, typer.Option(help="events of the synthetic capture")] = 1e6,
    lines: Annotated[float, typer.Option(help="lines of the log of Falco")] = 3e5,
    minute: Annotated[float, typer.Option(help="events a minute to project to")] = 1e10,
) -> None:
    """Measure each step and project."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        found = _measured(int(events), int(lines), place)
        size = sum(file.stat().st_size for file in (place / "capture/events").rglob("*.parquet"))
    rate = minute / 60
    table = Table(title=f"{minute:,.0f} events a minute", box=None, title_justify="left")
    for column in ("step", "CPU s per million", "peak MB", "cores"):
        table.add_column(column, justify="left" if column == "step" else "right")
    for step, told in _STEPS.items():
        one = found[step]
        each = one.cpu / one.events * 1e6
        row = (f"{each:.1f}", f"{one.peak / 1e6:,.0f}", f"{cores(one, rate):,.0f}")
        table.add_row(f"{step}: {told}", *row)
    console = Console(width=130, highlight=False)
    console.print(table)
    stored = size / events
    console.print(f"stored: {stored:.0f} bytes an event, {stored * rate / 1e9:,.1f} GB/s")


if __name__ == "__main__":
    typer.run(main)
