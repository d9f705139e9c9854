"""``python -m rtml.notebook.copies notebooks runs/desk``: copies to work in, which are never written over.

A notebook in which somebody works is theirs. So a copy that is there stays, and one sentence says
when ours has moved on since; what was copied is known by a digest of its cells, outputs aside.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path

from rtml.errors import RtmlError
from rtml.reading.json_text import json_of
from rtml.reading.whole import write_text
from rtml.text import visible

__all__ = ["copied"]

_TAKEN = ".taken.json"
"""Beside the copies: for each notebook, the cells of ours that its owner has or was told of."""


def copied(ours: Path, desk: Path) -> list[str]:
    """Copy what is not there yet, and say which copies are of notebooks that have changed since.

    Parameters
    ----------
    ours
        Folder of the notebooks that are shipped.
    desk
        Folder to work in; made where it is missing.

    Returns
    -------
    A sentence for each copy that is older than ours. One whose age nobody wrote down is told once.

    Examples
    --------
    >>> import tempfile
    >>> desk = Path(tempfile.mkdtemp()) / "desk"
    >>> copied(Path("notebooks"), desk), len(list(desk.glob("*.ipynb")))
    ([], 6)
    """
    desk.mkdir(parents=True, exist_ok=True)
    taken, sentences = _remembered(desk / _TAKEN), []
    for notebook in sorted(ours.glob("*.ipynb")):
        copy, now, before = desk / notebook.name, _cells(notebook), taken.get(notebook.name)
        if not copy.exists():
            shutil.copyfile(notebook, copy)
        elif before != now and _cells(copy) != now:
            sentences.append(_older(copy, notebook, sure=before is not None))
            if before is not None:
                continue  # told again until they take it
        taken[notebook.name] = now
    write_text(desk / _TAKEN, json.dumps(taken, indent=1, sort_keys=True) + "\n")
    return sentences


def _older(copy: Path, notebook: Path, sure: bool) -> str:
    what = "is newer than" if sure else "differs from, and may be newer than,"
    names = visible(str(notebook)), visible(str(copy))
    return f"{names[0]} {what} your copy {names[1]}, which stays as it is: rename yours to get ours"


def _remembered(path: Path) -> dict[str, str | None]:
    """Return what was written down; nothing where that is missing or is no such list."""
    try:
        kept = json_of(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _cells(notebook: Path) -> str | None:
    """Return a digest of a notebook's cells without their outputs; None where it cannot be read as one."""
    try:
        cells = json_of(notebook.read_text("utf-8"))["cells"]
        sources = [[cell["cell_type"], "".join(cell["source"])] for cell in cells]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()


def main(folders: list[str]) -> int:
    """Copy from the first folder into the second; 2 when they are not given, 1 when that fails."""
    if len(folders) != 2:
        sys.stderr.write("usage: python -m rtml.notebook.copies NOTEBOOKS DESK\n")
        return 2
    try:
        sentences = copied(Path(folders[0]), Path(folders[1]))
    except (RtmlError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for sentence in sentences:
        sys.stderr.write(f"{sentence}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
