"""The model of a job, read once per process: by its place, and by what lies there."""

from __future__ import annotations

from pathlib import Path

from rtml.models import Model, load_model

__all__ = ["model_at"]

_MOST = 2
"""Models that are kept at a time; the oldest goes first."""

_kept: dict[tuple[str, str], tuple[bool, Model]] = {}


def model_at(folder: str, digest: str, judging: bool = True) -> Model:
    """Return the model of a folder; whoever lets it learn asks for `rtml.models.Model.forked`.

    Parameters
    ----------
    folder
        Of the model.
    digest
        `rtml.models.files.digest_of`: another model in the same place is read anew.
    judging
        Whether its detectors are needed (`rtml.models.files.read_parts`). A process that has them already
        reads nothing for who does not.
    """
    judges, model = _kept.get((folder, digest), (False, None))
    if model is None or (judging and not judges):
        _kept.pop((folder, digest), None)
        while len(_kept) >= _MOST:
            del _kept[next(iter(_kept))]
        model = load_model(Path(folder), judging)
        _kept[folder, digest] = judging, model
    return model
