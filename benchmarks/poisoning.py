"""``python -m benchmarks.poisoning``: what attacks in the learning time cost.

Models learn sitting 1 and calibrate on the first half of sitting 2, of which a growing share of windows is
left as attacked as it was: none, one attack, and so on. Judged is the second half of sitting 2. Sitting 3 is
not read.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table

from benchmarks.budgets import at
from rtml.captures import Capture, open_captures
from rtml.captures.leaving_out import PartialCapture, cells_of
from rtml.evaluation import read_labels
from rtml.evaluation.activity import activity
from rtml.evaluation.evidence import evidence_processes
from rtml.evaluation.track import make_track
from rtml.evaluation.verdict import assess
from rtml.experiment.config import Experiment, load_experiment
from rtml.experiment.contenders import model_sides
from rtml.experiment.run import learn
from rtml.splits import Split

SHARES = (0.0, 0.001, 0.01, 0.05)
BEGIN, CALIBRATE, TEST, END = (at(clock) for clock in ("09:59", "10:20", "10:36", "10:52"))


def poisoned(
    experiment: Experiment, capture: Capture, labels: pl.DataFrame, share: float
) -> tuple[Capture, int]:
    """Return the capture with attacks left in for a share of the calibration windows, and how many."""
    early = labels.filter(pl.col("start") < TEST).sort("start")
    windows = capture.events(["time", "container_id"]).filter(pl.col("time").is_between(CALIBRATE, TEST))
    total = windows.select(experiment.every.start("time"), "container_id").unique().collect().height
    left = 0
    while left < early.height and cells_of(early.head(left), experiment.every).height < share * total:
        left += 1
    return PartialCapture.of(capture, cells_of(early.slice(left), experiment.every), experiment.every), left


def main() -> None:
    """Print found and false per detector and share of poisoned windows."""
    experiment = load_experiment(Path("experiments/demo.yml"))
    capture, labels = open_captures(experiment.capture), read_labels(Path(str(experiment.labels)))
    split = Split(CALIBRATE, TEST, start=BEGIN, end=END)
    late = labels.filter((pl.col("start") >= TEST) & (pl.col("start") < END))
    table = Table(
        title=f"found of {late.height} (false), by share of attacked windows", box=None, pad_edge=False
    )
    columns = []
    for share in SHARES:
        given, left = poisoned(experiment, capture, labels, share)
        scored = learn(experiment, given, split).score(capture, start=TEST, end=END)
        sides = model_sides(scored, TEST)
        evidence = evidence_processes((side.findings for side in sides), capture.events())
        processes = capture.processes().collect()
        track = make_track(
            scored.windows,
            late,
            processes,
            evidence,
            every=experiment.every,
            test=(TEST, END),
            active=activity(capture.events(), processes, experiment.every),
        )
        verdicts = [assess(side, track, resamples=0) for side in sides]
        columns.append(
            (
                f"{share:.1%}: {left} attacks",
                {v.side.name: f"{v.found:.0f} ({v.false:.0f})" for v in verdicts},
            )
        )
    table.add_column("detector")
    for head, _ in columns:
        table.add_column(head)
    for name in columns[0][1]:
        table.add_row(name, *(cells.get(name, "-") for _, cells in columns))
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
