"""What a job was asked for, and the days (UTC) that are its units.

A day's result is a function of what was asked and of the captures that hold time of it, and of nothing else:
not of how many runs brought them, nor of the order in which they came. Around a day lies context that is
read and judged but not told: an hour before it, for what looks back (a beacon's pace, what detectors learn as
they go), ten minutes after it, for what replicas take up together.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rtml.captures.scope import Scope
from rtml.features.shared import TOGETHER
from rtml.findings.suppression.archiving import Suppression
from rtml.job.known import Index, Known
from rtml.rules.chosen import Chosen
from rtml.times import Window

__all__ = ["AFTER", "BEFORE", "Asked", "Day", "Told", "days_of"]

BEFORE = dt.timedelta(hours=1)
AFTER = Window.of(TOGETHER).length
LAYOUT = 1
"""Changes when the same captures give other results; every day is then scored again."""

_NAMED = 20
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Told:
    """The rules that a job runs: what was ``chosen``, and a ``digest`` of all their files.

    Of our packs those are run that fit a day, where any was chosen.
    """

    chosen: Chosen
    digest: str
    skipped: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """Return what ``score.json`` says of them."""
        files = [str(path) for path in (*self.chosen.sigma, *self.chosen.falco, self.chosen.lists) if path]
        return {
            "packs": self.chosen.pack is not None,
            "files": files,
            "skipped": list(self.skipped[:_NAMED]),
            "digest": self.digest,
        }


@dataclass(frozen=True)
class Asked:
    """What decides the result, beside the captures."""

    model: Path
    digest: str
    uri: str
    budget: float | None = None
    scope: Scope = field(default_factory=Scope)
    rules: tuple[Suppression, ...] = ()
    adopt: bool = False
    told: Told | None = None

    @property
    def key(self) -> str:
        """What of it scores and findings depend on."""
        parts = [self.digest, self.budget, asdict(self.scope)]
        return json.dumps(parts if self.told is None else [*parts, self.told.digest], sort_keys=True)


@dataclass(frozen=True)
class Day:
    """A day, and the captures that are read for it, in their order."""

    name: str
    members: tuple[tuple[str, Known], ...]

    @property
    def span(self) -> tuple[dt.datetime, dt.datetime]:
        """Its begin and its end."""
        begin = dt.datetime.fromisoformat(self.name).replace(tzinfo=dt.UTC)
        return begin, begin + _DAY

    @property
    def view(self) -> tuple[dt.datetime, dt.datetime]:
        """What is read."""
        begin, end = self.span
        return begin - BEFORE, end + AFTER

    @property
    def key(self) -> str:
        """What of captures the result of the day depends on, as a digest."""
        parts = [str(LAYOUT), self.name, *(known.content for _, known in self.members)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def days_of(index: Index) -> list[Day]:
    """Return the days that captures hold time of, in order."""
    taken = index.taken()
    names = sorted({name for _, known in taken for name in _names(known)})
    return [_day(name, taken) for name in names]


def _day(name: str, taken: Iterable[tuple[str, Known]]) -> Day:
    view = Day(name, ()).view
    return Day(name, tuple((url, known) for url, known in taken if known.touches(*view)))


def _names(known: Known) -> Iterable[str]:
    if known.days is not None:
        return known.days
    if known.start is None or known.end is None:
        return []
    first, last = (dt.datetime.fromisoformat(at).astimezone(dt.UTC).date() for at in (known.start, known.end))
    return (str(first + n * _DAY) for n in range((last - first).days + 1))
