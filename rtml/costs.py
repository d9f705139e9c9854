"""What work costs: processor time, time on the clock, peak memory, by the name of the step.

Library functions name their steps (`spent`); whoever wants to know measures (`measuring`). Nobody does by
default, and a named step then costs a look at a variable.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Cost", "Costs", "measuring", "spent", "without_inner"]


@dataclass(frozen=True)
class Cost:
    """Processor seconds of all threads, seconds on the clock, most memory held meanwhile (bytes).

    Memory is that of the whole process, so what was held before counts too; 0 where the system does not
    tell it (it is read from Linux' ``/proc``).

    Examples
    --------
    >>> Cost(2.0, 1.0, 5_000_000) + Cost(1.0, 1.0, 7_000_000)
    Cost(cpu_seconds=3.0, seconds=2.0, peak_bytes=7000000)
    """

    cpu_seconds: float = 0.0
    seconds: float = 0.0
    peak_bytes: int = 0

    def __add__(self, other: Cost) -> Cost:
        """Return what both cost, one after the other."""
        peak = max(self.peak_bytes, other.peak_bytes)
        return Cost(self.cpu_seconds + other.cpu_seconds, self.seconds + other.seconds, peak)


Costs = dict[tuple[str, ...], Cost]
"""By the names of a step and of the steps around it, outermost first; several visits are added up."""


@dataclass
class _Meter:
    costs: Costs = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    peaks: list[int] = field(default_factory=list)

    def look(self) -> None:
        """Note the peak for every step that is open, and let the system count from here on."""
        peak = _peak_bytes()
        self.peaks = [max(before, peak) for before in self.peaks]
        _forget_peak()


_METER: ContextVar[_Meter | None] = ContextVar("rtml_costs", default=None)


@contextmanager
def measuring() -> Iterator[Costs]:
    """Measure the named steps inside the block; the mapping fills as they end.

    Examples
    --------
    >>> with measuring() as costs:
    ...     with spent("score"), spent("forest"):
    ...         pass
    >>> list(costs)
    [('score', 'forest'), ('score',)]
    """
    meter = _Meter()
    token = _METER.set(meter)
    try:
        yield meter.costs
    finally:
        _METER.reset(token)


@contextmanager
def spent(name: str) -> Iterator[None]:
    """Name the step that the block is; steps may lie within each other."""
    meter = _METER.get()
    if meter is None:
        yield
        return
    meter.look()
    meter.names.append(name)
    meter.peaks.append(0)
    key = tuple(meter.names)
    processor, clock = time.process_time(), time.perf_counter()
    try:
        yield
    finally:
        seconds = time.perf_counter() - clock
        meter.look()
        cost = Cost(time.process_time() - processor, seconds, meter.peaks.pop())
        meter.names.pop()
        meter.costs[key] = meter.costs.get(key, Cost()) + cost


def without_inner(costs: Mapping[tuple[str, ...], Cost], name: str) -> Cost:
    """Return the cost of an outermost step without that of the named steps within it.

    Examples
    --------
    >>> without_inner({("score", "forest"): Cost(2.0, 2.0, 9), ("score",): Cost(5.0, 4.0, 9)}, "score")
    Cost(cpu_seconds=3.0, seconds=2.0, peak_bytes=9)
    """
    whole = costs.get((name,), Cost())
    inner = [cost for key, cost in costs.items() if len(key) == 2 and key[0] == name]
    processor = whole.cpu_seconds - sum(cost.cpu_seconds for cost in inner)
    clock = whole.seconds - sum(cost.seconds for cost in inner)
    return Cost(max(processor, 0.0), max(clock, 0.0), whole.peak_bytes)


def _peak_bytes() -> int:
    try:
        status = Path("/proc/self/status").read_text("ascii", "replace")
    except OSError:
        return 0
    lines = (line.split() for line in status.splitlines() if line.startswith("VmHWM:"))
    return next((int(line[1]) * 1024 for line in lines), 0)


def _forget_peak() -> None:
    """Start the peak anew; where that is not allowed, peaks are those since the process began."""
    try:
        Path("/proc/self/clear_refs").write_text("5", "ascii")
    except OSError:
        return
