"""Progress of a command on standard error: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

from rtml.commands.progress_facts import OpenStep, duration
from rtml.progress import listening
from rtml.text import visible

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["Display", "progress"]

AFTER = 2.0
"""Seconds that work may take without anything being shown on a terminal."""

EVERY = 10.0
"""Seconds between two lines where standard error is no terminal."""

_TICK = 0.1


class Display:
    """The steps that are open in a command, and when they are shown.

    Work calls `hear`, in its own thread; `tick` shows what is due and is called many times a
    second, by another thread; `close` takes the bars away.

    Parameters
    ----------
    text
        What the command does, in a few words.
    console
        Where to show it.
    clock
        Seconds, rising.
    """

    def __init__(self, text: str, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._text, self._console, self._clock = text, console, clock
        self._begun = self._last = clock()
        self._steps: dict[str, OpenStep] = {}
        self._lock = threading.Lock()
        self._bars: Progress | None = None

    def hear(self, step: str, done: float, total: float | None, unit: str) -> None:
        """Keep how far a step is (`rtml.progress.Listener`)."""
        with self._lock:
            if done == total:
                self._steps.pop(step, None)
            elif step in self._steps:
                self._steps[step].move(done, total)
            else:
                self._steps[step] = OpenStep(visible(step), done, total, unit, self._clock())

    def tick(self) -> None:
        """Show what is due now."""
        now = self._clock()
        with self._lock:
            steps = [step.copy() for step in self._steps.values()]
        if self._console.is_interactive:
            if now - self._begun >= AFTER:
                self._draw(steps, now)
        elif now - self._last >= EVERY:
            self._last = now
            self._console.print(self._line(steps, now), markup=False, soft_wrap=True)

    def close(self) -> None:
        """Take the bars away; what was printed as lines stays."""
        if self._bars is not None:
            self._bars.stop()

    def _line(self, steps: list[OpenStep], now: float) -> str:
        parts = [f"{step.name} {step.facts(now)}" for step in steps]
        return f"{self._text}: {'; '.join(parts) or duration(now - self._begun)}"

    def _draw(self, steps: list[OpenStep], now: float) -> None:
        if self._bars is None:
            self._bars = _bars(self._console, self._clock)
            self._bars.start()
        for old in self._bars.task_ids:
            self._bars.remove_task(old)
        overall = OpenStep(self._text, 0, None, "", self._begun)
        for step in [overall, *steps]:
            self._bars.add_task(step.name, total=step.total, completed=int(step.done), facts=step.facts(now))
        self._bars.refresh()


def _bars(console: Console, clock: Callable[[], float]) -> Progress:
    """Make the bars; without rich's own thread and its capture of standard output."""
    from rich.progress import BarColumn, Progress, TextColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=12),
        TextColumn("{task.fields[facts]}", markup=False),
        console=console,
        get_time=clock,
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )


@contextmanager
def progress(text: str) -> Iterator[None]:
    """Show how far the work inside the block is, once it takes longer than two seconds."""
    display, ended = Display(text, Console(stderr=True, highlight=False)), threading.Event()

    def show() -> None:
        while not ended.wait(_TICK):
            display.tick()

    thread = threading.Thread(target=show, name="progress", daemon=True)
    thread.start()
    try:
        with listening(display.hear):
            yield
    finally:
        ended.set()
        thread.join()
        display.close()
