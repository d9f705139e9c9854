"""The labels of a capture: read, held against it, and every read counted."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rtml.captures import Capture
from rtml.captures.check import check_capture
from rtml.captures.in_scope import InScope
from rtml.errors import RtmlError
from rtml.evaluation.labels import in_capture, read_labels
from rtml.evaluation.labels.reading import validate
from rtml.replays.grading import with_grades
from rtml.schema import INFRASTRUCTURE

__all__ = ["labels_of", "refuse_damage"]


def labels_of(capture: Capture, labels: pl.DataFrame | Path | str) -> tuple[pl.DataFrame, list[str]]:
    """Return the labels of a capture and what must be said about them; replays with their grades.

    Raises
    ------
    RtmlError
        Labels and capture do not belong together, see `rtml.evaluation.labels.in_capture`.
    """
    table = with_grades(validate(labels) if isinstance(labels, pl.DataFrame) else read_labels(Path(labels)))
    containers = capture.containers()
    outside = containers.filter(pl.col("role") == INFRASTRUCTURE)["container_id"]
    known = containers["container_id"].to_list()
    return in_capture(table, known, capture.processes().collect(), capture.span, outside)


def refuse_damage(capture: Capture) -> list[str]:
    """Read a capture whole before anything is judged on it; say what is lost, refuse what is damaged.

    What is out of scope is read here too: the manifest counts it.

    Raises
    ------
    RtmlError
        It is not what its manifest says: events were added, taken out or changed.
    """
    whole = capture.whole if isinstance(capture, InScope) else None
    checks = check_capture(whole or capture)
    for check in checks:
        if not check.ok and check.grave:
            raise RtmlError(
                f"{capture.path}: {check.name}: {check.found}; nothing is judged on a damaged capture "
                "(`rtml capture check` says more)"
            )
    return [f"{check.name}: no, {check.found}" for check in checks if not check.ok]
