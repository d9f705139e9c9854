"""Several recordings side by side by grade and entry: who finds what, at what each side really cost.

The numbers are those of each ledger (`rtml.evaluation.by_grade`); nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from rtml.evaluation import Ledger
from rtml.evaluation.by_grade import BY
from rtml.experiment import run_experiment
from rtml.experiment.config import Experiment
from rtml.report.by_grade import BY_GRADE_EXPLAINED, grade_rows
from rtml.report.ledger_reading import read_ledger

__all__ = ["beside", "grades_table", "ledger_of", "show_grades"]


def grades_table(ledgers: Mapping[str, Ledger]) -> Table:
    """Return a row per side and recording; ``-`` where a recording has no attack of that grade."""
    views = {name: grade_rows(ledger) for name, ledger in ledgers.items()}
    known = {(head["by"], head["of"]): head["name"] for view in views.values() for head in view["heads"]}
    heads = sorted(known, key=lambda head: (BY.index(head[0]), head[1]))
    table = Table(title="found by grade and by entry", title_justify="left", box=None, pad_edge=False)
    for name in ("side", "recording", *(known[head] for head in heads), "false a day"):
        table.add_column(name)
    sides = dict.fromkeys(row["side"] for view in views.values() for row in view["rows"])
    for side in sides:
        for recording, view in views.items():
            row = next((row for row in view["rows"] if row["side"] == side), None)
            counted = {(head["by"], head["of"]): head["attacks"] for head in view["heads"]}
            cells = {} if row is None else dict(zip(counted, row["cells"], strict=True))
            texts = (_cell(cells.get(head), counted.get(head)) for head in heads)
            table.add_row(side, recording, *texts, "-" if row is None else row["rate"])
    return table


def _cell(cell: Mapping[str, object] | None, attacks: int | None) -> str:
    return "-" if cell is None else f"{cell['found']} of {attacks}  {cell['delay']}".rstrip()


def show_grades(console: Console, ledgers: Mapping[str, Ledger]) -> None:
    """Print the table; a recording whose labels say no grade is named."""
    graded = {name: ledger for name, ledger in ledgers.items() if ledger.by_grade.height}
    if graded:
        console.print(grades_table(graded))
        console.print(BY_GRADE_EXPLAINED, style="dim", markup=False)
    for name in (name for name in ledgers if name not in graded):
        console.print(f"{name}: its labels say no grade", markup=False)


def beside(experiment: Experiment, place: Path) -> Ledger | None:
    """Judge another recording; null where its capture is not here."""
    if not all(Path(capture).exists() for capture in experiment.capture):
        return None
    return ledger_of(experiment, place)


def ledger_of(experiment: Experiment, place: Path) -> Ledger:
    """Return the ledger of the run in a folder; where there is none yet it is run."""
    if place.is_dir():
        return read_ledger(place)
    return run_experiment(experiment, place, tracked=False).ledger
