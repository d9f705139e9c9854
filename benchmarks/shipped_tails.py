"""``python -m benchmarks.shipped_tails``: the tails that `rtml.models.tails.SHIPPED` is taken from.

Three calibrations on sittings 1 and 2 of the shipped recording without its attacks; sitting 3 is not read.
Scales are fitted with what is shipped as a prior; with 9 to 31 minutes of 50 containers that decides little
(``borrowed``).
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.budgets import at, benign
from rtml.experiment.config import load_experiment
from rtml.experiment.run import learn
from rtml.splits import Split

STRETCHES = (("10:10", "10:20"), ("10:20", "10:36"), ("10:20", "10:52"))


def main() -> None:
    """Print start, scale and outliers of every detector's tail."""
    experiment = load_experiment(Path("experiments/demo.yml"))
    capture = benign(experiment)
    table = Table(box=None, pad_edge=False)
    for name in ("calibrated on", "detector", "start", "scale", "shape", "borrowed", "outliers"):
        table.add_column(name)
    for calibrate, test in STRETCHES:
        model = learn(experiment, capture, Split(at(calibrate), at(test), start=at("09:59")))
        for label, calibration in model.calibrations.items():
            tail, outliers = calibration.tail, calibration.outliers
            facts = (f"{tail.start:.3g}", f"{tail.scale:.3g}", f"{tail.shape:g}", f"{tail.borrowed:.0%}")
            table.add_row(f"{calibrate}-{test}", label, *facts, str(outliers))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
