"""The labels stay closed while models are made and score: who opens them meanwhile is refused."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rtml.errors import RtmlError

__all__ = ["closed"]


@contextmanager
def closed(labels: Path) -> Iterator[list[str]]:
    """Watch a file of labels; yield notes for the ledger, in which it says where it cannot watch.

    The operating system reports every opening (inotify), so no library gets past it; it does not say by whom.

    Raises
    ------
    RtmlError
        The file was opened meanwhile.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "labels.csv")
    ...     _ = file.write_text("attack_id")
    ...     with closed(file):
    ...         _ = file.read_text()
    Traceback (most recent call last):
    ...
    rtml.errors.RtmlError: labels ...labels.csv were opened while models were made or scored: ...
    """
    if not sys.platform.startswith("linux"):
        yield ["labels could not be watched here (no inotify): nothing shows that no detector has read them"]
        return
    from inotify_simple import INotify, flags

    with INotify() as watch:
        watch.add_watch(labels.resolve(), flags.OPEN)
        yield []
        if watch.read(timeout=0):
            raise RtmlError(
                f"labels {labels} were opened while models were made or scored: a detector or a rule that "
                "reads labels proves nothing. If another program read them, run again alone"
            )
