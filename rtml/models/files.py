"""A model in one folder: what it was trained on, its detectors, calibrations and baseline.

::

    model.json                      description, kind of each detector, digest of every file and of itself
    detectors/<label>/…             what the detector's ``save`` wrote
    calibrations/<label>/…          what `Calibration.save` wrote
    baseline/…                      what `Baseline.save` wrote
    stream/…                        what `write_ongoing` wrote, where the model is in a stream

The folder appears in one rename, so a half-written model never opens. On loading, every file must
be the one that was written, ``model.json`` too: missing, extra, changed and linked files are refused
by name. Labels become folder names only when they match ``[A-Za-z0-9_.:-]`` (``:`` as ``+``); nothing
else in a file is used as a path.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from rtml.baselines import Baseline
from rtml.detectors import load_detector
from rtml.errors import MissingFileError, RtmlError
from rtml.models.calibration import Calibration
from rtml.models.labels import is_label, refuse_labels
from rtml.models.ongoing import read_ongoing, write_ongoing
from rtml.models.parts import Description, Parts
from rtml.reading.json_text import json_of
from rtml.reading.state import State, parse_state, state_bytes
from rtml.reading.whole import require_new, whole_folder
from rtml.version import VERSION

__all__ = ["FORMAT", "digest_of", "read_parts", "write_parts"]

FORMAT = 2
"""Version of the folder's layout; another one is refused."""

_INDEX = "model.json"


class _Index(State):
    """The content of ``model.json``."""

    format: int
    rtml: str
    description: Description
    detectors: dict[str, str]
    calibrations: list[str]
    files: dict[str, str]
    digest: str = ""
    """SHA-256 of all the rest: by it a changed description is known."""

    def sealed(self) -> _Index:
        """Return the same index with its digest."""
        bare = self.model_copy(update={"digest": ""})
        return self.model_copy(update={"digest": hashlib.sha256(state_bytes(bare)).hexdigest()})


def write_parts(parts: Parts, folder: Path) -> Path:
    """Write a model into a new folder, whole or not at all.

    Parameters
    ----------
    parts
        What to write.
    folder
        Must not exist yet.

    Raises
    ------
    RtmlError
        The folder exists; a detector cannot be written without pickle, and says why.
    UsageError
        A label would make no safe name of a folder.
    """
    require_new(folder)
    refuse_labels({**parts.detectors, **parts.calibrations})
    with whole_folder(folder) as half:
        _write(parts, half)
    return folder


def read_parts(folder: Path, judging: bool = True) -> Parts:
    """Read what `write_parts` wrote; whatever is not as it was written is an `RtmlError` that names it.

    ``judging``: detectors and their calibrations too, which take longer than all the rest; features are made
    without.
    """
    index = _index(folder)
    detectors, calibrations = {}, {}
    for label, kind in index.detectors.items() if judging else ():
        detectors[label] = load_detector(kind, folder / "detectors" / _safe(label, folder))
    for label in index.calibrations if judging else ():
        calibrations[label] = Calibration.load(folder / "calibrations" / _safe(label, folder))
    baseline, stream = Baseline.load(folder / "baseline"), folder / "stream"
    ongoing = read_ongoing(stream) if stream.is_dir() else None
    return Parts(index.description, detectors, calibrations, baseline, ongoing=ongoing)


def digest_of(folder: Path) -> str:
    """Return the SHA-256 of a model's index, which holds the digest of every other file of the model."""
    return hashlib.sha256(_index_bytes(folder)).hexdigest()


def _write(parts: Parts, half: Path) -> None:
    for label, detector in parts.detectors.items():
        detector.save(half / "detectors" / _folder(label))
    for label, calibration in parts.calibrations.items():
        calibration.save(half / "calibrations" / _folder(label))
    parts.baseline.save(half / "baseline")
    if parts.ongoing is not None:
        write_ongoing(parts.ongoing, half / "stream")
    index = _Index(
        format=FORMAT,
        rtml=VERSION,
        description=parts.description,
        detectors={label: detector.name for label, detector in sorted(parts.detectors.items())},
        calibrations=sorted(parts.calibrations),
        files=_files(half),
    )
    (half / _INDEX).write_bytes(state_bytes(index.sealed()))


def _index(folder: Path) -> _Index:
    path, data = folder / _INDEX, _index_bytes(folder)
    version = _version(data)
    if version != FORMAT:
        raise RtmlError(f"{path}: format {version}; this rtml reads format {FORMAT}: train again")
    index = parse_state(data, _Index, path)
    if index.digest != index.sealed().digest:
        raise RtmlError(f"{path}: not as it was written (its own digest does not fit): train again")
    digests = _files(folder)
    if digests != index.files:
        missing = sorted(index.files.keys() - digests.keys())
        extra = sorted(digests.keys() - index.files.keys())
        common = index.files.keys() & digests.keys()
        changed = sorted(name for name in common if index.files[name] != digests[name])
        raise RtmlError(
            f"{folder}: not as it was written (missing {missing}, extra {extra}, changed {changed})"
        )
    return index


def _index_bytes(folder: Path) -> bytes:
    path = folder / _INDEX
    if not path.is_file():
        why = f"no {_INDEX}" if folder.exists() else "no such folder"
        raise MissingFileError(f"{folder}: not a model folder ({why}); `rtml train` makes one")
    return path.read_bytes()


def _version(data: bytes) -> object:
    """Read the format number before anything else: another format may look quite different."""
    try:
        content = json_of(data)
    except ValueError:
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
    if not is_label(label):
        raise RtmlError(f"{folder / _INDEX}: bad label {label!r}")
    return _folder(label)


def _folder(label: str) -> str:
    """Return the folder of a label: a colon is no part of a name everywhere, and no label has a plus."""
    return label.replace(":", "+")
