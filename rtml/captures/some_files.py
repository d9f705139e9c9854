"""A capture of which only some files of events are read: the sound ones, or those of a stretch of time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property

from rtml.captures.in_scope import InScope
from rtml.captures.joining import JoinedCapture
from rtml.captures.parts import Parts, time_range
from rtml.captures.store import Capture
from rtml.instants import nanoseconds

__all__ = ["SomeFiles", "within"]


@dataclass(frozen=True, repr=False)
class SomeFiles(Capture):
    """A capture whose events are those of ``files``; processes and containers are those of the whole."""

    files: tuple[str, ...] = ()

    @cached_property
    def _parts(self) -> Parts:
        return list(self.files)


def within(capture: Capture, begin: dt.datetime, end: dt.datetime) -> Capture:
    """Return a capture that opens only files which may hold events of a stretch of time.

    Each look at a capture opens all its files, however little of them it reads: who looks at a stretch a
    hundred times saves as much. Events outside the stretch may still be among those that it gives.

    Examples
    --------
    >>> from rtml.captures import open_capture
    >>> lab = open_capture("datasets/lab-v1/capture")
    >>> within(lab, lab.span[0], lab.span[1]).events().collect().height == lab.manifest.events
    True
    >>> within(lab, dt.datetime(1999, 1, 1, tzinfo=dt.UTC), lab.span[0]).events().collect().height
    0
    """
    if isinstance(capture, JoinedCapture):
        return replace(capture, parts=tuple(within(part, begin, end) for part in capture.parts))
    if isinstance(capture, InScope) and capture.whole is not None:
        return replace(capture, whole=within(capture.whole, begin, end))
    if type(capture) not in (Capture, SomeFiles) or capture.manifest.growing is not None:
        return capture
    first, last = nanoseconds(begin), nanoseconds(end)
    ranges = {name: time_range(name) for name in capture._parts}
    files = [name for name, held in ranges.items() if held is None or (held[1] >= first and held[0] < last)]
    return SomeFiles(capture.path, capture.manifest, tuple(files))
