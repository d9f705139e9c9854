"""A signal that would end the process raises instead, so that the work cleans up and its run says so."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from rtml.text import visible

__all__ = ["Heard", "ending", "stoppable"]

Heard = list[signal.Signals]
"""Signals that came, in their order."""

_STOPS = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stoppable() -> Iterator[Heard]:
    """Let SIGTERM and SIGHUP raise `SystemExit`; what the program handles itself is left alone.

    The signals that came are yielded too: what raises in the middle of a library's callback may come out of
    it as an error of that library. Outside the main thread nothing can be done, and nothing is.
    """
    heard: Heard = []
    if threading.current_thread() is not threading.main_thread():
        yield heard
        return

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        heard.append(signal.Signals(number))
        raise SystemExit(128 + number)

    usual = [number for number in _STOPS if signal.getsignal(number) is signal.SIG_DFL]
    for number in usual:
        signal.signal(number, stop)
    try:
        yield heard
    except Exception as error:
        if heard:
            raise SystemExit(128 + heard[0]) from error
        raise
    finally:
        for number in usual:
            signal.signal(number, signal.SIG_DFL)


def ending(error: BaseException, heard: Heard) -> tuple[str, str]:
    """Return status and reason, in MLflow's words and ours, of what ended early.

    Examples
    --------
    >>> ending(ValueError("no window lies in test time"), []), ending(KeyboardInterrupt(), [])
    (('FAILED', 'ValueError: no window lies in test time'), ('KILLED', 'stopped by hand'))
    >>> ending(SystemExit(143), [signal.SIGTERM])
    ('KILLED', 'stopped by SIGTERM')
    """
    if heard:
        return "KILLED", f"stopped by {heard[0].name}"
    if isinstance(error, KeyboardInterrupt):
        return "KILLED", "stopped by hand"
    first = next(iter(str(error).splitlines()), "")
    return "FAILED", visible(f"{type(error).__name__}: {first}", 2000)
