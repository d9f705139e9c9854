"""The labels of a notebook, held against its capture before anything long is run."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from rtml.captures import Capture
from rtml.errors import RtmlError, UsageError
from rtml.evaluation import read_labels
from rtml.experiment.labelled import labels_of
from rtml.notebook.beginning import path_of
from rtml.text import visible
from rtml.times import instant

__all__ = ["labels_for"]

_OTHERS = "LABELS in the first cell names others (None: nobody is judged)"


def labels_for(
    place: str | Path | None, capture: Capture, since: dt.datetime | None = None
) -> pl.DataFrame | None:
    """Return the labels that a capture is judged by; None where none were given.

    Parameters
    ----------
    place
        Where they are (`path_of`); None: nobody is judged.
    capture
        What they are about.
    since
        Only those that begin from then on: before it a model learnt.

    Raises
    ------
    RtmlError
        There is no such file, or it holds no labels, none in that time, or those of another capture.

    Examples
    --------
    >>> from rtml.captures import open_capture
    >>> lab = open_capture("datasets/lab-v1/capture")
    >>> labels_for("datasets/lab-v1/labels.parquet", lab).height, labels_for(None, lab)
    (16, None)
    """
    if place is None:
        return None
    labels, name = read_labels(path_of(place)), visible(str(place))
    if labels.is_empty():
        raise UsageError(f"{name}: holds no label, so nothing can be judged; {_OTHERS}")
    judged = labels if since is None else labels.filter(pl.col("start") >= instant(since))
    if judged.is_empty():
        count = f"none of its {labels.height} labels begins after {since:%Y-%m-%d %H:%M:%S}"
        raise UsageError(f"{name}: {count}, from when this capture is judged; {_OTHERS}")
    try:
        labels_of(capture, judged)
    except RtmlError as error:
        raise UsageError(f"{name}: {error}; {_OTHERS}") from error
    return judged
