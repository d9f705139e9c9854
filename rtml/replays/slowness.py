"""A clock that runs slower where the machine does other work: pauses between acts grow with the lag.

The lag is how many seconds pass while a little work of a fixed CPU time is done, per second of that; up to
`USUAL` is the lab's own load. What a sitting plans for 60 seconds takes 60 seconds times the factor, at most
the scenario's ``stretch``.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections import deque

__all__ = ["USUAL", "Slowness", "factor_of"]

USUAL = 3.0
"""Seconds per CPU second before time is stretched: two cores that the lab keeps busy have less."""

_REMEMBERED = 15
_WORK = 0.02
_EVERY = 2.0


def factor_of(lags: list[float], most: float) -> float:
    """Return by how much time is stretched after these lags: their median over `USUAL`, 1 to ``most``.

    Examples
    --------
    >>> factor_of([1.0, 2.0, 30.0], 2.0), factor_of([4.5, 4.5, 4.5], 2.0), factor_of([], 2.0)
    (1.0, 1.5, 1.0)
    """
    return min(max(statistics.median(lags or [1.0]) / USUAL, 1.0), most)


class Slowness(threading.Thread):
    """Measure until ``stopping``; `now` is the sitting's own time since `begin`, stretched by ``factor``."""

    def __init__(self, most: float, stopping: threading.Event) -> None:
        super().__init__(daemon=True)
        self.factor, self._most, self._stopping = 1.0, most, stopping
        self._lags: deque[float] = deque(maxlen=_REMEMBERED)
        self._lock = threading.Lock()
        self._at, self._real, self._first = 0.0, 0.0, 0.0
        self._told = {"most": 1.0, "longest_lag": 0.0}

    def begin(self) -> None:
        """Time 0 is now."""
        self._real = self._first = time.monotonic()
        self.start()

    def now(self) -> float:
        """Seconds of the sitting that have passed."""
        with self._lock:
            real = time.monotonic()
            self._at += (real - self._real) / self.factor
            self._real = real
            return self._at

    def run(self) -> None:
        """Measure every two seconds."""
        while self._most > 1 and not self._stopping.wait(_EVERY):
            self.heard(_lag())

    def heard(self, lag: float) -> None:
        """Take one measured lag into account, for the time from now on."""
        self.now()
        self._lags.append(lag)
        self.factor = factor_of(list(self._lags), self._most)
        self._told["most"] = round(max(self._told["most"], self.factor), 2)
        self._told["longest_lag"] = round(max(self._told["longest_lag"], lag), 2)

    def told(self) -> dict[str, float]:
        """Return what the log says: seconds planned that passed, what they took, most factor, worst lag."""
        passed = self.now()
        taken = self._real - self._first
        return {"passed": round(passed, 1), "taken": round(taken, 1), **self._told}


def _lag() -> float:
    begin, work = time.monotonic(), time.thread_time()
    while time.thread_time() - work < _WORK:
        pass
    return (time.monotonic() - begin) / _WORK
