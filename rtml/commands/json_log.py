"""What a job says of itself while it runs: bars and lines for people, or JSON lines for machines."""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

from rtml.commands.progress import EVERY, progress
from rtml.errors import RtmlError
from rtml.progress import listening

__all__ = ["JsonLog", "following"]

Told = Callable[[Mapping[str, Any]], None]


class JsonLog:
    """Writes a line when a step begins, ends, and now and then between.

    Parameters
    ----------
    file
        Where to.
    clock
        Seconds, rising.

    Examples
    --------
    >>> log = JsonLog(sys.stdout, clock=lambda: 5.0)
    >>> log.hear("scoring", 0, 10, "events")
    {"time": "...", "level": "info", "step": "scoring", "done": 0, "total": 10, "unit": "events"}
    """

    def __init__(self, file: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._file, self._clock = file, clock
        self._begun: dict[str, float] = {}
        self._last: dict[str, float] = {}

    def hear(self, step: str, done: float, total: float | None, unit: str) -> None:
        """Take how far a step is (`rtml.progress.Listener`)."""
        now = self._clock()
        begun = self._begun.setdefault(step, now)
        ended = done == total
        if not ended and step in self._last and now - self._last[step] < EVERY:
            return
        self._last[step] = now
        facts = {"step": step, "done": done, "total": total, "unit": unit}
        seconds = now - begun
        if done and seconds > 0:
            rate = done / seconds
            left = None if total is None else round((total - done) / rate, 1)
            facts |= {"per_second": round(rate, 1), "seconds_left": left}
        self.write("info", {name: value for name, value in facts.items() if value not in (None, "")})
        if ended:
            self._begun.pop(step), self._last.pop(step)

    def write(self, level: str, facts: Mapping[str, Any]) -> None:
        """Write one line."""
        at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        self._file.write(json.dumps({"time": at, "level": level, **facts}, default=str) + "\n")
        self._file.flush()


@contextmanager
def following(text: str, form: str) -> Iterator[Told]:
    """Show the work inside the block in a form, ``text`` or ``json``; the result takes what it ended with."""
    if form == "text":
        with progress(text):
            yield lambda facts: None
        return
    log = JsonLog(sys.stderr)
    log.write("info", {"event": "begun"})
    try:
        with listening(log.hear):
            yield lambda facts: log.write("info", {"event": "done", **facts})
    except RtmlError as error:
        log.write("error", {"event": "failed", "reason": str(error), "exit_code": error.exit_code})
        raise
