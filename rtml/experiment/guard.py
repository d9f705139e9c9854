"""The labels stay closed while models are made and score: who opens them meanwhile is refused."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rtml.errors import RtmlError
from rtml.experiment.openings import openings

__all__ = ["closed"]

_WHEN = "while models were made or scored: a detector or a rule that reads labels proves nothing"


@contextmanager
def closed(labels: Path) -> Iterator[list[str]]:
    """Watch a file of labels; yield notes for the ledger, in which it says where it cannot watch.

    The operating system reports every opening, so no library gets past it. Fanotify also says by whom,
    so that other programs may read the labels meanwhile; where it is not to be had, inotify is, and any
    opening counts.

    Fails when a program that this one has not started is made to read the labels for it.

    Raises
    ------
    RtmlError
        The file was opened meanwhile: by this program, by one that it started, or by one that may be.

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
    with openings(labels.resolve()) as watch:
        if watch is None:
            with _any_opening(labels):
                yield []
            return
        yield []
        if watch.ours():
            raise RtmlError(f"labels {labels} were opened {_WHEN}")


@contextmanager
def _any_opening(labels: Path) -> Iterator[None]:
    from inotify_simple import INotify, flags

    with INotify() as watch:
        watch.add_watch(labels.resolve(), flags.OPEN)
        yield
        if watch.read(timeout=0):
            raise RtmlError(
                f"labels {labels} were opened {_WHEN}. If another program read them, run again alone"
            )
