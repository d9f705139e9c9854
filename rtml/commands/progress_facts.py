"""What progress shows of a step: how much of how much, how fast, how long it will take."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rich.filesize import decimal, pick_unit_and_suffix

__all__ = ["OpenStep", "amount", "duration"]

_SOON = 0.5  # seconds; a rate over less time says nothing


@dataclass
class OpenStep:
    """A step that has begun: see `rtml.progress.report`; ``since`` is when, in seconds."""

    name: str
    done: float
    total: float | None
    unit: str
    since: float

    def move(self, done: float, total: float | None) -> None:
        """Set how far the step is now."""
        self.done, self.total = done, total

    def copy(self) -> OpenStep:
        """Return the step as it is now."""
        return replace(self)

    def facts(self, now: float) -> str:
        """Say how far the step is; only for how long it has run where nothing else is known.

        Examples
        --------
        >>> OpenStep("reading", 3, 12, "files", since=0.0).facts(10.0)
        '3 of 12 files · 25 % · 18 files/min · 30 s left'
        >>> OpenStep("decoding", 340e6, 1.2e9, "bytes", since=0.0).facts(10.0)
        '340.0 MB of 1.2 GB · 28 % · 34.0 MB/s · 25 s left'
        >>> OpenStep("writing", 0, None, "", since=0.0).facts(10.0)
        '10 s'
        >>> OpenStep("scoring", 0, 5, "detectors", since=0.0).facts(10.0)
        '0 of 5 detectors · 10 s'
        """
        seconds = now - self.since
        if not self.done:
            return " · ".join(filter(None, [self._place() if self.total else "", duration(seconds)]))
        rate = self.done / seconds if seconds > _SOON else 0.0
        parts = [self._place(), self._share(), self._speed(rate), self._left(rate)]
        return " · ".join(filter(None, parts))

    def _place(self) -> str:
        if self.total is None:
            return amount(self.done, self.unit)
        if self.unit == "bytes":
            return f"{amount(self.done, self.unit)} of {amount(self.total, self.unit)}"
        return f"{amount(self.done)} of {amount(self.total, self.unit)}"

    def _share(self) -> str:
        return f"{100 * self.done / self.total:.0f} %" if self.total else ""

    def _speed(self, rate: float) -> str:
        if not rate:
            return ""
        slow = rate < 1
        return f"{amount(rate * 60 if slow else rate, self.unit)}/{'min' if slow else 's'}"

    def _left(self, rate: float) -> str:
        return f"{duration((self.total - self.done) / rate)} left" if rate and self.total else ""


def amount(number: float, unit: str = "") -> str:
    """Write a number of things so that it is read at a glance.

    Examples
    --------
    >>> amount(7, "files"), amount(0.4, "files"), amount(1_234_567, "events"), amount(5e7, "bytes")
    ('7 files', '0.4 files', '1.2 M events', '50.0 MB')
    """
    if unit == "bytes":
        return decimal(int(number))
    size, suffix = pick_unit_and_suffix(int(number), ["", " k", " M", " G"], 1000)
    value = number / size
    short = f"{value:.0f}" if value >= 10 else f"{value:.2g}"
    return f"{short}{suffix} {unit}".rstrip()


def duration(seconds: float) -> str:
    """Write a length of time.

    Examples
    --------
    >>> duration(7.4), duration(200), duration(3900)
    ('7 s', '3 min 20 s', '1 h 05 min')
    """
    rounded = round(seconds)
    if rounded < 60:
        return f"{rounded} s"
    if rounded < 3600:
        return f"{rounded // 60} min {rounded % 60:02d} s"
    return f"{rounded // 3600} h {rounded % 3600 // 60:02d} min"
