"""Where a data set lies: in a folder, prepared or as its authors give it, below a folder of many sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rtml.datasets.card import CARD, read_card
from rtml.datasets.contract import Dataset
from rtml.errors import MissingFileError, RtmlError

__all__ = ["Place", "find", "holds", "matching", "required"]

Place = tuple[Path, bool]
"""A folder, and whether the set lies in it prepared."""

_MOST = 200_000


def holds(dataset: Dataset, folder: Path) -> bool:
    """Say whether a folder has the files of a set: one that each of its ``signs`` could be."""
    return folder.is_dir() and any(next(folder.glob(sign), None) for sign in dataset.signs)


def find(dataset: Dataset, places: Iterable[Path]) -> Place | None:
    """Return where a set lies, prepared before raw; null where it does not.

    Parameters
    ----------
    places
        Folders of the set itself, or folders in which it has a folder of its own.
    """
    names = (dataset.name, *dataset.folders)
    folders = [folder for place in places for folder in (*(place / name for name in names), place)]
    for folder in folders:
        if (folder / CARD).is_file() and read_card(folder).name == dataset.name:
            return folder, True
    return next(((folder, False) for folder in folders if holds(dataset, folder)), None)


def required(dataset: Dataset, folder: Path, others: Iterable[Dataset]) -> None:
    """Raise when a folder does not hold a set: what was looked for, what is there, what it looks like."""
    if not folder.exists():
        raise MissingFileError(f"{folder}: No such file or directory")
    if not folder.is_dir():
        raise RtmlError(f"{folder}: a file, where the folder of {dataset.name} is wanted")
    if holds(dataset, folder):
        return
    there = ", ".join(sorted(path.name for path in folder.iterdir())[:5]) or "nothing"
    alike = [other.name for other in others if other.name != dataset.name and holds(other, folder)]
    hint = f"; it looks like {' or '.join(alike)}" if alike else ""
    wanted = " or ".join(dataset.signs)
    raise MissingFileError(f"{folder}: no files of {dataset.name} ({wanted}); it holds {there}{hint}")


def matching(folder: Path, patterns: Sequence[str], what: str) -> list[Path]:
    """Return the files that match a pattern, sorted; none, or too many, is an error that names ``what``."""
    files = sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file()})
    if not files:
        raise MissingFileError(f"{folder}: {what} is missing ({' or '.join(patterns)})")
    if len(files) > _MOST:
        raise RtmlError(f"{folder}: {len(files):,} files of {what}; at most {_MOST:,} are read")
    return files
