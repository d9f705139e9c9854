"""Where a baseline comes from: its own folder, or the folder or MLflow URI of a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rtml.errors import RtmlError

if TYPE_CHECKING:
    from rtml.baselines import Baseline

__all__ = ["learnt_baseline", "load_baseline"]


def load_baseline(place: str) -> Baseline:
    """Read a baseline, which may be empty.

    Raises
    ------
    RtmlError
        There is none, it was altered, or it is of another format.
    """
    from rtml.baselines import Baseline
    from rtml.tracking.places import fetched_model, is_remote

    if is_remote(place):
        with fetched_model(place) as model:
            return Baseline.load(model / "baseline")
    folder = Path(place)
    return Baseline.load(folder / "baseline" if (folder / "model.json").is_file() else folder)


def learnt_baseline(place: str) -> Baseline:
    """Read a baseline that has learnt something; an empty one is an `RtmlError`."""
    baseline = load_baseline(place)
    if baseline.empty:
        raise RtmlError(f"{place}: an empty baseline: it has learnt from no container")
    return baseline
