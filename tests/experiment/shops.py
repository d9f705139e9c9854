"""A small shop as an experiment: forty minutes, one intrusion in the test, seconds to run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from rtml.experiment.config import Experiment
from rtml.experiment.copies import write_copy
from rtml.schema import LABELS, conform
from tests.models.conftest import (
    CALIBRATE,
    END,
    FAMILIES,
    INTRUSION,
    LEARN,
    attack_again,
    hash_of,
    minute,
    shop,
)


def small_experiment(folder: Path, *extra: dict[str, Any], until: int = END, **changes: Any) -> Experiment:
    """Write the shop and its labels; return what judges it, with ``changes``."""
    raw = shop(folder / "raw", *extra, until=until)
    capture = write_copy(raw, raw.events().collect(), folder / "capture")
    container, at = INTRUSION
    labels = pl.DataFrame(
        {
            "attack_id": ["kit"], "technique": ["T1105"], "name": ["a tool"], "host": ["h"],
            "container_id": [container], "start": [minute(at + 50 / 60)], "end": [minute(at + 55 / 60)],
            "process_id": [hash_of(container, 865 + at)], "provenance": ["replay"],
        }
    )  # fmt: skip
    conform(labels, LABELS).write_parquet(folder / "labels.parquet")
    values: dict[str, Any] = {
        "name": "shop",
        "capture": [str(capture)],
        "labels": folder / "labels.parquet",
        "split": {"calibrate": minute(LEARN), "test": minute(CALIBRATE)},
        "families": FAMILIES,
        "blocks": 3,
        "detectors": {"surprise": {}, "half_space_trees": {"trees": 5, "window": 20}},
        "budget": 20.0,
        "seed": 7,
    }
    return Experiment.model_validate(values | changes)


__all__ = ["attack_again", "small_experiment"]
