"""Training: baseline, detectors and calibration from benign time, nothing from later.

Detectors learn from windows that were featured by a baseline which had not seen them
(`rtml.features.prequential`); calibration windows come after, featured by the full baseline, as
every later window will be. So calibration and test windows are alike in all but what happened.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from rtml import features
from rtml.baselines import Baseline
from rtml.captures import Capture, open_captures
from rtml.captures.digest import digest_capture
from rtml.detectors import Detector, feature_columns, make_detector, peer_groups
from rtml.errors import RtmlError, UsageError
from rtml.models.calibration import Calibration
from rtml.models.model import Model
from rtml.models.parts import Description
from rtml.progress import steps
from rtml.splits import Split, at_edge, borders
from rtml.times import MINUTE, Length, Window

__all__ = ["Detectors", "train"]

Parameters: TypeAlias = Mapping[str, Any]
Detectors: TypeAlias = Iterable["str | Detector"] | Mapping[str, "Parameters | Detector | None"]
"""Names and unlearnt detectors; or, by label, a detector or parameters: of the detector of that name, or
of the one that ``kind`` names among them."""


_USUAL = Split()


def train(
    captures: Capture | str | Path | Sequence[str | Path],
    detectors: Detectors = ("surprise",),
    split: Split = _USUAL,
    *,
    families: Iterable[str] | None = None,
    every: Length = MINUTE,
    blocks: int = 8,
    seed: int = 0,
    budget: float = 1.0,
    notes: Mapping[str, int | float | str | bool | None] | None = None,
) -> Model:
    """Learn what is normal.

    Parameters
    ----------
    captures
        Benign time, at least up to the split's test: a capture, or paths of some.
    detectors
        Names of registered detectors or kinds as ``pyod:ECOD`` (`rtml.detectors.detector_class`),
        detectors of your own (`rtml.adapt`), or either by label. Your detectors stay unlearnt: the
        model learns copies.
    split
        Baseline and detectors learn from what ends by ``calibrate``; thresholds come from what lies
        between that and ``test``; later events are never read.
    families
        Names of `rtml.features.FAMILIES`; None takes all of ours of containers.
    every
        Length of a window.
    blocks
        Spans that the training time is cut into: each is featured by what came before it.
    seed
        Of every detector that draws at random.
    budget
        False findings per container-day that thresholds aim at, unless scoring says otherwise.
    notes
        Anything worth keeping with the model.

    Returns
    -------
    The model, with the windows that it was made of.

    Raises
    ------
    RtmlError
        A part of the split holds no window.
    UsageError
        A detector or a family does not exist; a detector gets a parameter that it does not know; two
        detectors have one label.
    """
    capture = captures if isinstance(captures, Capture) else open_captures(_paths(captures))
    # In the order of labels, as a model that was loaded has them.
    window, entries = Window.of(every), sorted(_labelled(detectors), key=lambda pair: pair[0])
    kinds = {label: _unlearnt(label, entry, seed) for label, entry in entries}
    learnt, held, baseline = _featured(capture, split, window, families, blocks)
    for detector in steps(kinds.values(), "learning", "detectors"):
        detector.learn(learnt)
    windows = pl.concat(
        [learnt.with_columns(part=pl.lit("train")), held.with_columns(part=pl.lit("calibrate"))]
    )
    about = Description(
        features=feature_columns(windows),
        families=list(features.FAMILIES.own if families is None else families),
        every=window.text,
        parameters={label: _parameters(entry) for label, entry in entries},
        learned_until=_learned_until(windows, window),
        data={capture.path: digest_capture(capture)},
        notes={"budget": budget, "seed": seed, **(notes or {})},
    )
    return Model(about, kinds, _calibrated(kinds, held), baseline, windows)


def _featured(
    capture: Capture, split: Split, window: Window, families: Iterable[str] | None, blocks: int
) -> tuple[pl.DataFrame, pl.DataFrame, Baseline]:
    """Return the windows to learn from and to calibrate on, and the baseline of the former."""
    span = borders(capture, window)
    calibrate, test = (at_edge(*span, edge, window) for edge in (split.calibrate, split.test))
    border, end = window.border(calibrate), window.border_before(test)
    learnt, baseline = features.prequential(
        capture, blocks=blocks, families=families, every=window, start=split.start, end=border
    )
    held = features.windows(capture, baseline, families, window, start=border, end=end)
    for part, table in (("training", learnt), ("calibration", held)):
        if table.is_empty():
            raise RtmlError(f"{capture.path}: no window left for {part}; move the split's times")
    return learnt, held, baseline


def _paths(captures: str | Path | Sequence[str | Path]) -> Sequence[str | Path]:
    return [captures] if isinstance(captures, str | Path) else captures


def _labelled(detectors: Detectors) -> list[tuple[str, Parameters | Detector | None]]:
    """Return what was asked for by label; a detector without one goes by its name."""
    if isinstance(detectors, Mapping):
        return list(detectors.items())
    pairs: list[tuple[str, Parameters | Detector | None]] = [
        (entry, None) if isinstance(entry, str) else (entry.name, entry) for entry in detectors
    ]
    labels = [label for label, _ in pairs]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise UsageError(f"two detectors are called {twice[0]!r}; give a mapping from label to detector")
    return pairs


def _unlearnt(label: str, entry: Parameters | Detector | None, seed: int) -> Detector:
    """Return a detector to learn with: a copy of the one that was passed, or a new one of that name."""
    if entry is not None and not isinstance(entry, Mapping):
        return copy.deepcopy(entry)
    return make_detector(label, entry or {}, seed)


def _parameters(entry: Parameters | Detector | None) -> dict[str, int | float | str | bool | None]:
    return dict(entry) if isinstance(entry, Mapping) else {}


def _calibrated(detectors: Mapping[str, Detector], held: pl.DataFrame) -> dict[str, Calibration]:
    groups = peer_groups(held)
    return {
        label: Calibration.fit(detector.prequential(held), groups, unit=float(detector.in_bits))
        for label, detector in steps(detectors.items(), "calibrating", "detectors")
    }


def _learned_until(windows: pl.DataFrame, window: Window) -> dict[str, str]:
    """Return, per container, the end of the last window that was learnt or calibrated on."""
    last = windows.group_by("container_id").agg(pl.col("window").max()).sort("container_id")
    return {str(container): (at + window.length).isoformat() for container, at in last.iter_rows()}
