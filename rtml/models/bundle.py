"""A whole model in one folder: what it was trained on, its detectors, their calibrations.

::

    model.json                      description, kind of each detector, digest of every file
    detectors/<label>/…             what the detector's ``save`` wrote
    calibrations/<label>/…          what `Calibration.save` wrote
    baseline/…                      written and read by `rtml.baselines`, by way of the caller

The folder appears in one rename, so a half-written model never opens. On loading, every file must
be the one that was written: missing, extra, changed and linked files are refused by name. Labels
become folder names only when they match ``[a-z0-9_.-]``; nothing else in a file is used as a path.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pydantic

from rtml import __version__
from rtml.detectors import DETECTORS, Detector
from rtml.errors import RtmlError, UsageError, lookup
from rtml.models.calibration import Calibration
from rtml.reading.state import State, parse_state, state_bytes
from rtml.reading.whole import whole_folder

__all__ = ["FORMAT", "Description", "Model", "load_model", "save_model"]

FORMAT = 1
"""Version of the folder's layout; another one is refused."""

_INDEX = "model.json"
_LABEL = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")


class Description(State):
    """What a model was trained on, and how."""

    features: list[str]
    """Feature columns, in order."""
    families: list[str]
    """Feature families that make them."""
    every: str
    """Window length, as a Polars duration."""
    parameters: dict[str, dict[str, int | float | str | None]] = {}
    """Per detector label, what it was made with."""
    learned_until: dict[str, str] = {}
    """Per container, the time (ISO 8601) until which its events were learnt."""
    data: dict[str, str] = {}
    """Digest of each capture that was learnt or calibrated on."""
    notes: dict[str, int | float | str | bool | None] = {}
    """Anything else worth keeping: alarm budget, configuration digest."""

    @pydantic.field_validator("learned_until")
    @classmethod
    def _times(cls, value: dict[str, str]) -> dict[str, str]:
        for time in value.values():
            datetime.fromisoformat(time)
        return value


class _Index(State):
    """The content of ``model.json``."""

    format: int
    rtml: str
    description: Description
    detectors: dict[str, str]
    calibrations: list[str]
    files: dict[str, str]


@dataclass(frozen=True)
class Model:
    """Detectors and calibrations by label, and their description."""

    description: Description
    detectors: dict[str, Detector]
    calibrations: dict[str, Calibration] = field(default_factory=dict)


def save_model(model: Model, folder: Path, baseline: Callable[[Path], object] | None = None) -> Path:
    """Write a model into a new folder.

    Parameters
    ----------
    model
        What to write.
    folder
        Must not exist yet.
    baseline
        Called with the path where the baseline belongs, to write it.
    """
    if folder.exists():
        raise RtmlError(f"{folder}: exists already; a model is never written over another")
    for label in {**model.detectors, **model.calibrations}:
        if not _LABEL.fullmatch(label):
            raise UsageError(f"{label!r}: a detector label is lower-case letters, digits, - _ and .")
    with whole_folder(folder) as part:
        _write(model, part, baseline)
    return folder


def load_model(folder: Path) -> Model:
    """Read a model; whatever is not as it was written is an `RtmlError` that names it.

    The baseline, if there is one, is in ``folder / "baseline"`` and its files are checked as well.
    """
    index = _index(folder)
    detectors = {}
    for label, kind in index.detectors.items():
        loader = lookup(DETECTORS, kind, f"detector in {folder / _INDEX}:")
        detectors[label] = loader.load(folder / "detectors" / _safe(label, folder))
    calibrations = {
        label: Calibration.load(folder / "calibrations" / _safe(label, folder))
        for label in index.calibrations
    }
    return Model(index.description, detectors, calibrations)


def _write(model: Model, part: Path, baseline: Callable[[Path], object] | None) -> None:
    for label, detector in model.detectors.items():
        detector.save(part / "detectors" / label)
    for label, calibration in model.calibrations.items():
        calibration.save(part / "calibrations" / label)
    if baseline is not None:
        baseline(part / "baseline")
    index = _Index(
        format=FORMAT,
        rtml=__version__,
        description=model.description,
        detectors={label: detector.name for label, detector in sorted(model.detectors.items())},
        calibrations=sorted(model.calibrations),
        files=_files(part),
    )
    (part / _INDEX).write_bytes(state_bytes(index))


def _index(folder: Path) -> _Index:
    path = folder / _INDEX
    if not path.is_file():
        raise RtmlError(f"{folder}: not a model folder (no {_INDEX})")
    data = path.read_bytes()
    version = _version(data)
    if version != FORMAT:
        raise RtmlError(f"{path}: format {version}; this rtml reads format {FORMAT}")
    index = parse_state(data, _Index, path)
    found = _files(folder)
    if found != index.files:
        missing = sorted(index.files.keys() - found.keys())
        extra = sorted(found.keys() - index.files.keys())
        same = index.files.keys() & found.keys()
        changed = sorted(name for name in same if index.files[name] != found[name])
        raise RtmlError(
            f"{folder}: not as it was written (missing {missing}, extra {extra}, changed {changed})"
        )
    return index


def _version(data: bytes) -> object:
    """Read the format number before anything else: another format may look quite different."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return "unreadable"
    return content.get("format") if isinstance(content, dict) else None


def _files(folder: Path) -> dict[str, str]:
    """Return the digest of every file below ``folder`` but the index; a link is refused."""
    digests = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise RtmlError(f"{path}: a link; a model folder holds plain files only")
        if path.is_file() and name != _INDEX:
            digests[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return digests


def _safe(label: str, folder: Path) -> str:
    if not _LABEL.fullmatch(label) or ".." in label:
        raise RtmlError(f"{folder / _INDEX}: bad label {label!r}")
    return label
