"""``python -m benchmarks.shipped_tails``: the tails that `rtml.models.tails.SHIPPED` is taken from.

Three calibrations on sittings 1 and 2 of the shipped recording without its attacks; sitting 3 is not read.
What is printed of a scale is the calibration's own part, without what it borrowed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.budgets import at, benign
from rtml.experiment.config import load_experiment
from rtml.experiment.run import learn
from rtml.models.calibration import Calibration
from rtml.splits import Split

STRETCHES = (("10:10", "10:20"), ("10:20", "10:36"), ("10:20", "10:52"))


def own_scale(calibration: Calibration) -> float:
    """Return the scale of the calibration trees' own tail: what was borrowed is taken out again."""
    tail, shipped = calibration.tail, calibration.prior.scale
    if shipped is None or tail.borrowed == 1:
        return tail.scale
    return (tail.scale - tail.borrowed * shipped) / (1 - tail.borrowed)


def main(seeds: Annotated[list[int] | None, typer.Option(help="seeds of the models")] = None) -> None:
    """Print start, own scale and outliers of every detector's tail, and the median scale of each.

    Example: python -m benchmarks.shipped_tails --seeds 7
    """
    experiment, scales = load_experiment(Path("experiments/demo.yml")), dict[str, list[float]]()
    capture = benign(experiment)
    table = Table(box=None, pad_edge=False)
    for name in ("calibrated on", "seed", "detector", "start", "own scale", "shape", "borrowed", "outliers"):
        table.add_column(name)
    for seed in seeds or [7, 1, 2, 3, 4, 5]:
        for calibrate, test in STRETCHES:
            split = Split(at(calibrate), at(test), start=at("09:59"))
            model = learn(experiment.model_copy(update={"seed": seed}), capture, split)
            for label, calibration in model.calibrations.items():
                tail, own = calibration.tail, own_scale(calibration)
                scales.setdefault(label, []).append(own)
                facts = (f"{tail.start:.3g}", f"{own:.3g}", f"{tail.shape:g}", f"{tail.borrowed:.0%}")
                table.add_row(f"{calibrate}-{test}", str(seed), label, *facts, str(calibration.outliers))
    console = Console(width=120)
    console.print(table)
    for label, each in scales.items():
        console.print(f"{label}: median {np.median(each):.3g} of {len(each)}")


if __name__ == "__main__":
    typer.run(main)
