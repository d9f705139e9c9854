"""All captures of a server: opened when a batch comes for them, and again after one failed."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from pathlib import Path

from rtml.captures.following.commits import FOLDER
from rtml.captures.sensors import SENSORS
from rtml.errors import RtmlError
from rtml.serving.intake import Closed, Intake, Rhythm
from rtml.serving.journal import Batch, Outcome
from rtml.serving.policy import UNKNOWN, Where
from rtml.serving.refusing import Refusal, behind

__all__ = ["Intakes"]

_RECENT = 60.0
_AGAIN = 5.0
"""Seconds after which a capture that failed is opened again."""


class Intakes:
    """The captures below ``out``, at most ``most`` of them open."""

    def __init__(self, out: Path, rhythm: Rhythm, most: int, scope: Path | None = None) -> None:
        self._out, self._rhythm, self._most, self._scope = out, rhythm, most, scope
        self._open: dict[str, Intake] = {}
        self._broken: dict[str, tuple[float, str]] = {}
        self._lock, self._closed = threading.Lock(), False

    def resume(self) -> int:
        """Open the captures that are there, so that what was acknowledged before a kill is in them."""
        for manifest in sorted(self._out.glob("*/*/*/capture.json")):
            account, cluster, sensor = manifest.parent.relative_to(self._out).parts
            if sensor in SENSORS and (manifest.parent / FOLDER / "journal").is_dir():
                self._of(Where(_said(account), _said(cluster), sensor))
        return len(self._open)

    def offer(self, where: Where, batch: Batch) -> Future[tuple[Outcome, bool]]:
        """Give a batch to its capture; see `Intake.offer`.

        Raises
        ------
        Refusal
            503: the capture cannot be written now; 429: too many captures are open.
        """
        for _ in range(3):
            try:
                return self._of(where).offer(batch)
            except Closed:
                continue
        raise behind("the capture is being closed")

    @property
    def failing(self) -> list[str]:
        """Captures that could not be written a moment ago, each with the reason."""
        with self._lock:
            for name, one in self._open.items():
                if one.failed is not None:
                    self._broken.setdefault(name, (time.monotonic(), str(one.failed)))
            now = time.monotonic()
            return [f"{name}: {why}" for name, (at, why) in self._broken.items() if now - at < _RECENT]

    def __len__(self) -> int:
        """Count the captures that are open."""
        return sum(not one.over for one in list(self._open.values()))

    def close(self) -> None:
        """Take what waits, commit, and close every capture."""
        with self._lock:
            self._closed = True
            intakes = list(self._open.values())
        for intake in intakes:
            intake.close()

    def _of(self, where: Where) -> Intake:
        with self._lock:
            if self._closed:
                raise Refusal(503, "the server stops", {"Retry-After": "5"})
            intake = self._open.get(where.folder)
            if intake is not None and not intake.over:
                return intake
            if intake is not None and intake.failed is not None:
                self._broken[where.folder] = (time.monotonic(), str(intake.failed))
            self._open.pop(where.folder, None)
            at, reason = self._broken.get(where.folder, (-_AGAIN, ""))
            if time.monotonic() - at < _AGAIN:
                raise _unwritable(reason)
            return self._opened(where)

    def _opened(self, where: Where) -> Intake:
        self._open = {name: one for name, one in self._open.items() if not one.over or one.failed}
        if len(self._open) >= self._most:
            raise behind(f"{self._most} captures are open, as many as may be", 30)
        try:
            intake = Intake(self._out / where.folder, where, self._rhythm, self._scope)
        except (RtmlError, OSError) as error:
            self._broken[where.folder] = (time.monotonic(), str(error))
            raise _unwritable(str(error)) from error
        self._broken.pop(where.folder, None)
        self._open[where.folder] = intake
        return intake


def _said(folder: str) -> str | None:
    return None if folder == UNKNOWN else folder


def _unwritable(reason: str) -> Refusal:
    """Say that it is the server's fault; why stands in its log, for paths are nobody else's business."""
    return Refusal(503, "the capture cannot be written now; send the batch again later", {"Retry-After": "5"})
