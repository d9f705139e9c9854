"""A model's folder, wherever the model is: here, or where MLflow keeps it.

What is fetched lies in a temporary folder that goes when the work is done. A killed process leaves its
own; the next fetch removes it: a lock that the system drops with the process tells who is gone.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rtml.errors import MissingFileError
from rtml.tracking.store import clear_errors, mlflow_here

__all__ = ["fetched_model", "is_remote", "model_folder"]

_REMOTE = ("runs:", "models:", "mlflow-artifacts:", "s3:", "gs:", "file:", "dbfs:", "wasbs:")
_PREFIX = "rtml-model-"
_LOCK = "in-use"
# As it was saved, as MLflow logs a model, and the same below a run.
_INSIDE = ("", "data/model", "model/data/model", "model")


def is_remote(uri: str) -> bool:
    """Whether a model's place is for MLflow to resolve, not a folder here.

    Examples
    --------
    >>> is_remote("runs:/ID/model"), is_remote("models/today")
    (True, False)
    """
    return uri.startswith(_REMOTE)


@contextmanager
def fetched_model(uri: str) -> Iterator[Path]:
    """Give a local folder with the model of ``uri`` while the block runs.

    Parameters
    ----------
    uri
        A folder, or anything that MLflow resolves: ``runs:/ID/model``, ``models:/NAME/VERSION``,
        ``models:/NAME@champion``.

    Raises
    ------
    MissingFileError
        There is no model of ours.
    RtmlError
        MLflow has no such model, or is not there.

    Examples
    --------
    >>> with fetched_model("no/such/folder"):
    ...     pass
    Traceback (most recent call last):
    ...
    rtml.errors.MissingFileError: no/such/folder: no model here; give a folder or an MLflow URI ...
    """
    if not is_remote(uri):
        yield model_folder(Path(uri))
        return
    mlflow = mlflow_here()
    with _temporary() as place:
        with clear_errors(mlflow, uri):
            got = mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(place))
        try:
            folder = model_folder(Path(got))
        except MissingFileError as error:
            raise MissingFileError(f"{uri}: no model of rtml: no model.json in it") from error
        yield folder


def model_folder(place: Path) -> Path:
    """Return the folder with ``model.json``: ``place``, or where MLflow put it inside what it logged."""
    for inside in _INSIDE:
        if (place / inside / "model.json").is_file():
            return place / inside
    hint = "give a folder or an MLflow URI like runs:/ID/model"
    raise MissingFileError(f"{place}: no model here; {hint}")


@contextmanager
def _temporary() -> Iterator[Path]:
    """Give a new temporary folder, locked while it is in use."""
    _remove_left_over(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        with (folder / "new").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            (folder / "new").rename(folder / _LOCK)  # locked before anybody looks at it
            (folder / "files").mkdir()
            yield folder / "files"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left_over(temporary: Path) -> None:
    """Remove our folders that nobody holds any more; others' and links are not touched."""
    for folder in temporary.glob(f"{_PREFIX}*"):
        try:
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            with (folder / _LOCK).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # in use, gone meanwhile, or just being made
            continue
