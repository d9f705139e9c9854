"""Write a folder whole or not at all: a killed job leaves nothing that looks like a result."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rtml.errors import RtmlError

__all__ = ["whole_folder"]


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """Give a hidden folder beside ``out`` to write into; at the end it becomes ``out``.

    Raises
    ------
    RtmlError
        ``out`` exists already, its parent cannot be written, or writing failed half way.

    Examples
    --------
    >>> place = Path(tempfile.mkdtemp())
    >>> with whole_folder(place / "done") as half:
    ...     _ = (half / "a").write_text("1")
    >>> [path.name for path in sorted(place.rglob("*"))]
    ['done', 'a']
    """
    if out.exists():
        raise RtmlError(f"{out}: exists already; remove it or choose another --out")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(prefix=f".{out.name[:60]}.partial-", dir=out.parent))
    except OSError as error:
        raise RtmlError(f"{out}: cannot be written ({error.strerror})") from error
    try:
        yield half
        half.chmod(0o755)
        os.replace(half, out)
    except OSError as error:
        raise RtmlError(f"{out}: writing failed ({error.strerror}); nothing was kept") from error
    finally:
        shutil.rmtree(half, ignore_errors=True)
