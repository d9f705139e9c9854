"""Budgets on benign time: what was asked, and what later stretches of the same lab gave.

Two stretches of sittings 1 and 2 of the shipped recording are judged, each by a model that learnt and was
calibrated on the time before it; windows of labelled attacks are left out everywhere. What is counted is what
a ledger counts: container x 5 minutes x lineage root. Sitting 3 is not read.
"""

from __future__ import annotations

import datetime as dt
from itertools import product
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table

from rtml.captures import Capture, open_captures
from rtml.captures.leaving_out import PartialCapture, cells_of
from rtml.evaluation import read_labels
from rtml.evaluation.measure import kept
from rtml.experiment.config import Experiment
from rtml.experiment.run import learn
from rtml.findings.unit import slot_of
from rtml.schema import BUDGETS
from rtml.splits import Split

__all__ = ["at", "benign", "show_budgets"]

_DAY = "2026-11-24T"
STRETCHES = (("09:59", "10:10", "10:20", "10:36"), ("09:59", "10:20", "10:36", "10:52"))
"""Begin of training, of calibration, of the stretch that is judged, and its end."""
_UNIT = ["container_id", "slot", "process_id"]


def at(clock: str) -> dt.datetime:
    """Return a time of the day of the shipped recording."""
    return dt.datetime.fromisoformat(f"{_DAY}{clock}:00+00:00")


def benign(experiment: Experiment) -> Capture:
    """Return the capture without the windows of labelled attacks."""
    capture, labels = open_captures(experiment.capture), read_labels(Path(str(experiment.labels)))
    return PartialCapture.of(capture, cells_of(labels, experiment.every), experiment.every)


def realised(experiment: Experiment, capture: Capture) -> pl.DataFrame:
    """Return ``detector``, ``asked``, ``false``, ``days``: units that alarm in benign stretches."""
    rows = []
    for begin, calibrate, test, end in STRETCHES:
        split = Split(at(calibrate), at(test), start=at(begin), end=at(end))
        model = learn(experiment, capture, split, vouched=True)
        scored = model.score(capture, start=at(test), end=at(end))
        units = scored.tree_scores.with_columns(slot=slot_of("window"))
        days = scored.windows.height * experiment.every.seconds / 86_400
        for label, asked in product(scored.alarms, BUDGETS):
            alarms = units.filter(pl.col("detector") == label, pl.col("budget") <= asked)
            rows.append((label, asked, alarms.select(_UNIT).unique().height, days))
    table = pl.DataFrame(rows, schema=["detector", "asked", "false", "days"], orient="row")
    return table.group_by("detector", "asked", maintain_order=True).agg(pl.col("false", "days").sum())


def show_budgets(console: Console, experiment: Experiment) -> None:
    """Print asked and realised false findings per container-day, and whether the budget was kept."""
    table = realised(experiment, benign(experiment))
    days = float(table["days"].max() or 0.0)  # type: ignore[arg-type]
    title = (
        f"benign stretches of sittings 1 and 2, {days:.2f} container-days: asked -> realised (false), budget"
    )
    view = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("detector", *(f"{asked:g}" for asked in BUDGETS)):
        view.add_column(name)
    for (label,), part in table.partition_by("detector", as_dict=True, maintain_order=True).items():
        cells = [
            f"{false / spent:.2g} ({false}) {kept(false, asked * spent)}"
            for asked, false, spent in part.select("asked", "false", "days").iter_rows()
        ]
        view.add_row(str(label), *cells)
    console.print(view)
