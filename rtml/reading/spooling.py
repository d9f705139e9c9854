"""Standard input as a file: formats are told by their first bytes, and some are read from their end."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rtml.errors import UsageError

__all__ = ["STANDARD_INPUT", "spooled"]

STANDARD_INPUT = Path("-")


@contextmanager
def spooled(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Give paths with a file in place of ``-``: what standard input holds, until the work is done.

    Raises
    ------
    UsageError
        ``-`` stands there twice.

    Examples
    --------
    >>> with spooled([Path("a.json")]) as files:
    ...     files
    [PosixPath('a.json')]
    """
    if list(paths).count(STANDARD_INPUT) > 1:
        raise UsageError("standard input (-) was named twice")
    if STANDARD_INPUT not in paths:
        yield list(paths)
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stdin"
        with file.open("wb") as place:
            shutil.copyfileobj(sys.stdin.buffer, place, 1 << 20)
        yield [file if path == STANDARD_INPUT else path for path in paths]
