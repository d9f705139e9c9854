"""Public data sets as one kind of thing: found, read with all that is refused counted, described by a card.

A set is one file here and one line in `rtml.registered`; `rtml.datasets.contract` says what it must tell.
Nothing here downloads: the user has the files, `rtml.datasets.finding` finds them, `rtml.datasets.preparing`
reads them into one folder, whole or not at all. `rtml.boards` judges what was prepared.
"""

from __future__ import annotations

from rtml import registered
from rtml.datasets.contract import Dataset, is_dataset
from rtml.errors import lookup
from rtml.registry import Registry

__all__ = ["DATASETS", "dataset_of"]

DATASETS: Registry[Dataset] = Registry("data set", "rtml.datasets", registered.DATASETS, is_dataset)
"""Every data set by name."""


def dataset_of(name: str) -> Dataset:
    """Return a data set by its name; an unknown one names the nearest.

    Examples
    --------
    >>> dataset_of("adfald")
    Traceback (most recent call last):
    ...
    rtml.errors.UnknownNameError: unknown data set 'adfald'; did you mean 'adfa-ld'?
    """
    return lookup(DATASETS, name, "data set")
