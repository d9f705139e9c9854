"""The model of a job, read once per process: by its place, and by what lies there."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from rtml.models import Model, load_model

__all__ = ["model_at"]


@lru_cache(maxsize=2)
def model_at(folder: str, digest: str, judging: bool = True) -> Model:
    """Return the model of a folder; whoever lets it learn asks for `rtml.models.Model.forked`.

    Parameters
    ----------
    folder
        Of the model.
    digest
        `rtml.models.files.digest_of`: another model in the same place is read anew.
    judging
        Whether its detectors are read too (`rtml.models.files.read_parts`).
    """
    return load_model(Path(folder), judging)
