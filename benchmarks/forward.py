"""``python -m benchmarks.forward``: asked and realised on what comes next, before any test.

A budget promises something about later time, so it is tried on later time: models learn and are calibrated on
a stretch of the sittings train and calibrate, and judge the stretch that follows, or the other sitting. Test
sittings are not read: trials run on a copy of the events before them. Each trial runs with calibration
vouched for (labelled attacks of the learning time are left out either way) and with outliers set aside
(`rtml.models.counting`). Attacks in the stretch that is judged count as found when a tree that alarms hits
them; false is counted as in a ledger, container x 5 minutes x lineage root.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Annotated, NamedTuple

import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from rtml.captures import Capture, open_capture
from rtml.captures.leaving_out import PartialCapture, cells_of
from rtml.evaluation import read_labels
from rtml.evaluation.origins import origin
from rtml.evaluation.showing import UNIT
from rtml.evaluation.sides import told
from rtml.experiment.config import Experiment, load_experiment
from rtml.experiment.copies import write_copy
from rtml.experiment.run import learn
from rtml.experiment.tracks import track_of
from rtml.schema import BUDGETS, COMBINED
from rtml.splits import Split
from rtml.times import instant

SIDES = (COMBINED, "surprise", "half_space_trees", "isolation_forest")
_MINUTE = dt.timedelta(minutes=1)


class Trial(NamedTuple):
    """Begin of training, of calibration, its end; begin and end of what is judged; all of one day."""

    experiment: str
    train: str
    calibrate: str
    until: str
    judged: str
    end: str

    def at(self, clock: str, experiment: Experiment) -> dt.datetime:
        """Return a time of the day of the recording."""
        assert isinstance(experiment.split.test, dt.datetime)
        return dt.datetime.fromisoformat(f"{experiment.split.test:%Y-%m-%d}T{clock}:00+00:00")


TRIALS = {
    "v2, calibrated on half of sitting 2": Trial("demo-v2", "09:23", "10:01", "10:22", "10:22", "10:43"),
    "v2, from sitting 1 to 2": Trial("demo-v2", "09:23", "09:42", "10:01", "10:01", "10:43"),
    "v1, calibrated on half of sitting 2": Trial("demo", "09:59", "10:20", "10:36", "10:36", "10:52"),
    "v1, from sitting 1 to 2": Trial("demo", "09:59", "10:10", "10:20", "10:20", "10:52"),
}


def before_test(experiment: Experiment, folder: Path) -> tuple[Capture, pl.DataFrame]:
    """Return a copy of the events before the test, and the labels of that time."""
    assert isinstance(experiment.split.test, dt.datetime) and experiment.labels is not None
    end = instant(experiment.split.test)
    whole, labels = open_capture(Path(experiment.capture[0])), read_labels(experiment.labels)
    events = whole.events().filter(pl.col("time") < end).collect()
    return open_capture(write_copy(whole, events, folder)), labels.filter(pl.col("start") < end)


def judging_split(judged: dt.datetime, end: dt.datetime) -> Split:
    """Return the split whose test is what is judged; what comes before it is of no matter."""
    return Split(judged - _MINUTE, judged, start=judged - 2 * _MINUTE, end=end)


def tried(
    trial: Trial, experiment: Experiment, capture: Capture, labels: pl.DataFrame, vouched: bool
) -> Iterator[tuple[str, float, int, int, float]]:
    """Yield side, budget, attacks found, false findings, container-days of one trial."""
    begin, calibrate, until, judged, end = (trial.at(clock, experiment) for clock in trial[1:])
    early = cells_of(labels.filter(pl.col("start") < instant(until)), experiment.every)
    split = Split(calibrate, until, start=begin, end=until + _MINUTE)
    clean = PartialCapture.of(capture, early, experiment.every)
    scored = learn(experiment, clean, split, vouched=vouched).score(capture, start=judged, end=end)
    test = judging_split(judged, end)
    track = track_of(capture, scored.windows, labels, [], experiment.every, split=test)
    key = ["container_id", "window", "root_id"]
    rows = scored.by_tree().with_columns(root_id=pl.col("process_id").fill_null(0))
    cells = track.trees.with_columns(pl.col("root_id").fill_null(0))
    joined = rows.select("detector", "budget", "repeats", *key).join(cells, on=key)
    for side, asked in product(SIDES, BUDGETS):
        yield side, asked, *counted(joined.filter(pl.col("detector") == side), asked), track.container_days


def counted(trees: pl.DataFrame, asked: float) -> tuple[int, int]:
    """Return attacks found and false findings of trees (with `rtml.evaluation.cells.CELLS`) at a budget."""
    alarms = told(trees, asked)
    attacks = alarms.drop_nulls("attack_id").select(origin(alarms)).to_series().n_unique()
    return attacks, alarms.filter(pl.col("outcome") == "false").select(UNIT).unique().height


def main(only: Annotated[list[str] | None, typer.Option(help="names of trials")] = None) -> None:
    """Print per trial, side and way to count: found / false (a day) at each budget.

    Example: python -m benchmarks.forward --only "v1, from sitting 1 to 2"
    """
    console = Console(width=140)
    for name in only or TRIALS:
        trial = TRIALS[name]
        experiment = load_experiment(Path(f"experiments/{trial.experiment}.yml"))
        table = Table(title=f"{name}: found / false (a day) at", title_justify="left", box=None)
        for column in ("side", "outliers", *(f"{asked:g}" for asked in BUDGETS)):
            table.add_column(column)
        with tempfile.TemporaryDirectory(prefix="rtml-forward-") as folder:
            capture, labels = before_test(experiment, Path(folder) / "capture")
            for vouched in (False, True):
                cells: dict[str, list[str]] = {}
                for side, _, hits, false, days in tried(trial, experiment, capture, labels, vouched):
                    cells.setdefault(side, []).append(f"{hits} / {false} ({false / days:.1f})")
                for side, row in cells.items():
                    table.add_row(side, "count" if vouched else "set aside", *row)
        console.print(table)


if __name__ == "__main__":
    typer.run(main)
