"""Prepare a data set: the user's files become one folder, with its card, whole or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import yaml

from rtml.datasets import DATASETS
from rtml.datasets.card import CARD, Card, card_of, card_text
from rtml.datasets.contract import Dataset, Draft
from rtml.datasets.finding import required
from rtml.datasets.rows import checked_rows
from rtml.errors import RtmlError
from rtml.reading import whole

__all__ = ["EXPERIMENT", "LABELS", "ROWS", "prepare"]

ROWS, LABELS, EXPERIMENT = "rows.parquet", "event_labels.parquet", "experiment.yml"


def prepare(dataset: Dataset, source: Path, out: Path) -> Card:
    """Read a user's files of a set into a new folder.

    Parameters
    ----------
    source
        Folder that the files lie in. It is only read.
    out
        Folder to make: ``rows.parquet``, or captures and ``event_labels.parquet``, or ``experiment.yml``;
        ``rejects.parquet`` where something was refused; ``card.json`` and ``card.md``.

    Returns
    -------
    The card.

    Raises
    ------
    RtmlError
        The folder is of another set, files or columns are missing, labels match nothing, or there is
        nothing to judge; ``out`` exists.
    """
    whole.require_new(out)
    required(dataset, source, (other for _, other in DATASETS.working()))
    with whole.whole_folder(out) as half:
        draft = dataset.read(source, half)
        if draft.rows is not None:
            draft = replace(draft, rows=checked_rows(draft.rows, str(source), dataset.early))
        _write(draft, half, f"{dataset.name} in {source}")
        card = card_of(dataset, draft, source, half)
        (half / CARD).write_text(card.model_dump_json(indent=1), "utf-8")
        (half / "card.md").write_text(card_text(card), "utf-8")
    return card


def _write(draft: Draft, folder: Path, where: str) -> None:
    if draft.rejects.height:
        whole.write_parquet(folder / "rejects.parquet", draft.rejects)
    if draft.rows is not None:
        whole.write_parquet(folder / ROWS, draft.rows)
    elif draft.experiment is not None:
        (folder / EXPERIMENT).write_text(yaml.safe_dump(draft.experiment, sort_keys=False), "utf-8")
    elif draft.spans:
        whole.write_parquet(folder / LABELS, draft.labels)
    else:
        raise RtmlError(f"{where}: nothing was read")
