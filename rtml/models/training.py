"""Training: baseline, detectors and calibration from benign time, nothing from later.

Detectors learn from windows that were featured by a baseline which had not seen them
(`rtml.features.prequential`); calibration windows come after, featured by the full baseline, as
every later window will be. So calibration and test windows are alike in all but what happened.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from rtml import features
from rtml.baselines import Baseline
from rtml.captures import Capture
from rtml.captures.digest import digest_capture
from rtml.detectors import DETECTORS, Detector, feature_columns, peer_groups
from rtml.errors import RtmlError, UsageError, lookup
from rtml.experiment.config import Experiment
from rtml.features.source import interval
from rtml.models.bundle import Description, Model
from rtml.models.calibration import Calibration

__all__ = ["Trained", "train"]


@dataclass(frozen=True)
class Trained:
    """A model, the baseline it compares with, and the windows it was made of.

    ``windows`` carry ``part``: ``train`` or ``calibrate``.
    """

    model: Model
    baseline: Baseline
    windows: pl.DataFrame


def train(
    capture: Capture, experiment: Experiment, calibrate: dt.datetime, until: dt.datetime | None = None
) -> Trained:
    """Learn what is normal.

    Parameters
    ----------
    capture
        Benign time, at least up to ``until``; later events are never read.
    experiment
        Families, detectors and their parameters, window length, seed.
    calibrate
        Detectors and baseline learn from windows that end by then.
    until
        Calibration uses the windows from ``calibrate`` that end by then; None: to the end.

    Raises
    ------
    RtmlError
        A part holds no window; a detector gets a parameter that it does not know.
    """
    every, names = experiment.window, experiment.families
    border, end = _border(calibrate, every), None if until is None else _border(until, every, False)
    learnt, baseline = features.prequential(
        capture, blocks=experiment.blocks, families=names, every=every, end=border
    )
    held = features.windows(capture, baseline, names, every, start=border, end=end)
    for part, table in (("training", learnt), ("calibration", held)):
        if table.is_empty():
            raise RtmlError(f"{capture.path}: no window left for {part}; move the split's times")
    detectors = {name: _learnt(name, experiment, learnt) for name in experiment.detectors}
    groups = peer_groups(held)
    calibrations = {
        name: Calibration.fit(each.prequential(held), groups, unit=float(each.in_bits))
        for name, each in detectors.items()
    }
    windows = pl.concat(
        [learnt.with_columns(part=pl.lit("train")), held.with_columns(part=pl.lit("calibrate"))]
    )
    about = _description(capture, experiment, windows)
    return Trained(Model(about, detectors, calibrations), baseline, windows)


def _border(time: dt.datetime, every: str, up: bool = True) -> dt.datetime:
    """Move a time to the next (or the last) border between windows, so that none is cut."""
    step = interval(every)
    at = int(time.timestamp() * 1e6) * 1000
    ticks = -(-at // step) if up else at // step
    return dt.datetime.fromtimestamp(ticks * step / 1e9, dt.UTC)


def _learnt(name: str, experiment: Experiment, windows: pl.DataFrame) -> Detector:
    kind = lookup(DETECTORS, name, "detector")
    try:
        detector = kind(**{"seed": experiment.seed, **experiment.detectors[name]})
    except TypeError as error:
        raise UsageError(f"detector {name!r}: {error}") from error
    detector.learn(windows)
    return detector


def _description(capture: Capture, experiment: Experiment, windows: pl.DataFrame) -> Description:
    step = dt.timedelta(microseconds=interval(experiment.window) / 1000)
    last = windows.group_by("container_id").agg(pl.col("window").max()).sort("container_id")
    return Description(
        features=feature_columns(windows),
        families=list(experiment.families or features.FAMILIES),
        every=experiment.window,
        parameters={name: dict(given) for name, given in experiment.detectors.items()},
        learned_until={str(c): (at + step).isoformat() for c, at in last.iter_rows()},
        data={capture.path: digest_capture(capture)},
        notes={"budget": experiment.budget, "seed": experiment.seed, "experiment": experiment.digest()},
    )
