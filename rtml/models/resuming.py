"""What a model has become while it watches, on disk: its stream, and the detectors that learn."""

from __future__ import annotations

from pathlib import Path

from rtml.detectors import load_detector
from rtml.errors import RtmlError
from rtml.models.model import Model
from rtml.models.ongoing import Ongoing, read_ongoing, write_ongoing
from rtml.reading.state import State, read_state, write_state

__all__ = ["read_progress", "write_progress"]


class Progress(State):
    """Which model it is of (``digest``), until when each container was judged, and the kinds of detectors."""

    digest: str
    learned_until: dict[str, str]
    detectors: dict[str, str]


def write_progress(model: Model, digest: str, folder: Path) -> None:
    """Write all that has changed since a model was opened into a new folder."""
    learning = {label: one for label, one in sorted(model.detectors.items()) if one.online}
    write_ongoing(model.ongoing or Ongoing(), folder / "stream")
    for label, detector in learning.items():
        detector.save(folder / "detectors" / label.replace(":", "+"))
    about = model.description.learned_until
    kinds = {label: one.name for label, one in learning.items()}
    write_state(folder / "progress", Progress(digest=digest, learned_until=about, detectors=kinds))


def read_progress(model: Model, digest: str, folder: Path) -> None:
    """Bring a model to where `write_progress` left it.

    Raises
    ------
    RtmlError
        Another model was watched with, or something is not as it was written.
    """
    state = read_state(folder / "progress", Progress)
    if state.digest != digest:
        raise RtmlError(
            f"{folder}: was begun with another model; choose another place for this one", argument="state"
        )
    if set(state.detectors) != {label for label, one in model.detectors.items() if one.online}:
        raise RtmlError(f"{folder}: other detectors than those of the model")
    for label, kind in state.detectors.items():
        model.detectors[label] = load_detector(kind, folder / "detectors" / label.replace(":", "+"))
    model.ongoing = read_ongoing(folder / "stream")
    model.description.learned_until.update(state.learned_until)
