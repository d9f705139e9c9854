"""What must outlive a loss of power: files, and the folders that name them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

__all__ = ["on_disk"]


def on_disk(files: Iterable[Path], below: Path) -> None:
    """Return when files are on disk, with the entries of all folders up to ``below``.

    Whoever names files in another one calls this first: else that one may be there after a loss of power, and
    they are not.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "a").write_text("x")
    1
    >>> on_disk([folder / "a"], folder)
    """
    folders: dict[Path, None] = {}
    for file in files:
        _synced(file)
        folders |= {one: None for one in file.parents if one == below or below in one.parents}
    for folder in folders:
        _synced(folder)


def _synced(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
