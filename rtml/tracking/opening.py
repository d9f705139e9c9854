"""A model, wherever it is: `rtml.load_model`."""

from __future__ import annotations

from pathlib import Path

from rtml import models
from rtml.models import Model
from rtml.tracking.places import fetched_model, is_remote

__all__ = ["load_model"]


def load_model(place: Path | str) -> Model:
    """Read a model from a folder, or from where MLflow keeps it.

    Parameters
    ----------
    place
        A folder that `Model.save` or training wrote; or ``runs:/ID/model``,
        ``models:/NAME/VERSION``, ``models:/NAME@champion``. Where MLflow looks:
        ``MLFLOW_TRACKING_URI``, else ``mlflow.db`` in the working folder.

    Raises
    ------
    RtmlError
        There is none, or something in it is not as it was written; the error names it.

    Examples
    --------
    >>> import tempfile
    >>> import rtml
    >>> split = rtml.Split(calibrate=0.3, test=0.55)
    >>> made = rtml.train("datasets/lab-v1/capture", ["rarity"], split, families=["binaries"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load_model(made.save(Path(folder, "model")))
    Model(rarity; 14 features of binaries; windows of 60s, 5 containers)
    >>> load_model("no/such/model")
    Traceback (most recent call last):
    ...
    rtml.errors.MissingFileError: ...
    """
    if not is_remote(str(place)):
        return models.load_model(place)
    with fetched_model(str(place)) as folder:
        return models.load_model(folder)
