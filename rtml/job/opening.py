"""Captures of a job are opened here: from a store by way of this machine, without what is damaged.

Files of a store are fetched once per machine into a cache that ends with the job, by one reader with bounded
retries, so that whatever reads afterwards reads local files.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import polars as pl
import pyarrow as pa
import stamina

from rtml.captures import Capture, open_capture
from rtml.captures.digest import digest_capture
from rtml.captures.joining import place_of
from rtml.captures.parts import scan_table, sound_parts
from rtml.captures.processes import PROCESSES
from rtml.captures.some_files import SomeFiles
from rtml.errors import RtmlError, first_line
from rtml.job.inputs import Found
from rtml.job.known import Known
from rtml.job.places import place_at

__all__ = ["FAULTS", "Failed", "damaged_files", "failing", "known_of", "opened", "reason_of", "tried"]

FAULTS = (RtmlError, OSError, pa.ArrowException, pl.exceptions.PolarsError)
"""What a capture that cannot be read raises."""

ATTEMPTS = 3
SECONDS = 45.0
"""Bounds of trying again, per capture."""

T = TypeVar("T")
logging.getLogger("stamina").addHandler(logging.NullHandler())


class Failed(Exception):
    """What a day is made of could not be read; the first reason."""


def tried(work: Callable[[], T]) -> T:
    """Do what may fail for a while: at most `ATTEMPTS` times in `SECONDS`, with pauses that grow."""
    for attempt in stamina.retry_context(on=FAULTS, attempts=ATTEMPTS, timeout=SECONDS, wait_initial=0.1):
        with attempt:
            return work()
    raise AssertionError("unreachable")


@contextmanager
def failing() -> Iterator[None]:
    """Say of what cannot be read that the day failed."""
    try:
        yield
    except FAULTS as error:
        raise Failed(reason_of(error)) from error


def reason_of(error: BaseException) -> str:
    """Return a reason in a line."""
    if isinstance(error, RtmlError | OSError):
        return first_line(error)
    return f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"


def known_of(found: Found, cache: Path) -> Known:
    """Look at a capture: what it holds, and what of it cannot be read."""
    try:
        return tried(lambda: _sound(found, cache))
    except FAULTS as error:
        try:
            return _looked_at(found, cache)
        except FAULTS:
            return _waiting(found, first_line(error))


def _sound(found: Found, cache: Path) -> Known:
    """Look at a capture that ought to be whole; what is damaged is tried again for a while."""
    known = _looked_at(found, cache)
    if known.aside is not None or known.damaged:
        shutil.rmtree(_mirror(found.url, found.stamp, cache), ignore_errors=True)
        raise RtmlError(known.aside or "damaged")
    return known


def _looked_at(found: Found, cache: Path) -> Known:
    capture = open_capture(fetched(found.url, found.stamp, cache))
    manifest, growing = capture.manifest, capture.manifest.growing
    inside = None if growing is None else [*growing.parts]
    folder = capture.path if growing is not None else f"{capture.path}/events"
    rows, faults = sound_parts(folder, inside)
    held = sum(rows.values())
    aside = None
    if held != manifest.events and not (faults and held < manifest.events):
        aside = f"{held:,} of {manifest.events:,} events are here; the rest may still be on its way"
    elif faults and growing is not None:
        aside = next(iter(faults.values()))
    capture.processes().select(list(PROCESSES)).head(1).collect()
    if manifest.audit:
        capture.audit().head(1).collect()
    sound = SomeFiles(capture.path, manifest, _sound_files(capture, rows, faults)) if faults else capture
    return Known(
        stamp=found.stamp,
        digest="" if aside else digest_capture(capture),
        order=list(place_of(manifest)),
        start=None if manifest.start is None else manifest.start.isoformat(),
        end=None if manifest.end is None else manifest.end.isoformat(),
        events=manifest.events,
        rejected=manifest.rejected,
        lost=manifest.lost,
        aside=aside,
        damaged={} if aside else faults,
        days=None if aside else _days(sound),
    )


def _days(capture: Capture) -> list[str] | None:
    """Return the days (UTC) that hold events; null where its ends tell them, or a file cannot be read.

    A log put together of alerts may span years and hold ten days: the others are not judged.
    """
    start, end = capture.manifest.start, capture.manifest.end
    if start is None or end is None or end - start <= dt.timedelta(days=1):
        return None
    try:
        days = capture.events(["time"]).select(pl.col("time").dt.date().unique().sort()).collect()
    except FAULTS:
        return None
    return [str(day) for day in days["time"]]


def _waiting(found: Found, reason: str) -> Known:
    return Known(
        stamp=found.stamp, digest="", order=["", ""], start=None, end=None, events=0, rejected=0, lost=0,
        aside=reason,
    )  # fmt: skip


def opened(url: str, stamp: str, damaged: list[str], cache: Path) -> Capture:
    """Open a capture that was looked at before, without its ``damaged`` files."""
    capture = open_capture(fetched(url, stamp, cache))
    if not damaged:
        return capture
    rows, _ = sound_parts(f"{capture.path}/events")
    return SomeFiles(capture.path, capture.manifest, _sound_files(capture, rows, damaged))


def _sound_files(capture: Capture, names: Iterable[str], damaged: Collection[str]) -> tuple[str, ...]:
    return tuple(f"{capture.path}/events/{name}" for name in names if name not in damaged)


def damaged_files(url: str, stamp: str, cache: Path) -> dict[str, str]:
    """Read every file of events to its end; return the reasons of those that cannot be."""
    capture = open_capture(fetched(url, stamp, cache))
    if capture.manifest.growing is not None:  # its files are named, and replaced while it grows
        capture.events(["seq"]).select(pl.len()).collect()
        return {}
    rows, faults = sound_parts(f"{capture.path}/events")
    for name in rows:
        try:
            scan_table(f"{capture.path}/events/{name}").select(pl.all().len()).collect()
            pl.read_parquet(f"{capture.path}/events/{name}", hive_partitioning=False, glob=False)
        except FAULTS as error:
            faults[name] = f"{name}: damaged ({first_line(error)})"
    return faults


def fetched(url: str, stamp: str, cache: Path) -> Path:
    """Return the folder of a capture on this machine; one of a store is brought here."""
    place = place_at(url)
    if place.local is not None:
        return place.local
    mirror = _mirror(url, stamp, cache)
    if mirror.is_dir():
        return mirror
    cache.mkdir(parents=True, exist_ok=True)
    half = Path(tempfile.mkdtemp(prefix=".half-", dir=cache))
    for entry in place.entries():
        target = half / entry.name
        if ".." not in Path(entry.name).parts:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(place.read(entry.name) or b"")
    try:
        half.replace(mirror)
    except OSError:  # another worker was faster
        shutil.rmtree(half, ignore_errors=True)
    return mirror


def _mirror(url: str, stamp: str, cache: Path) -> Path:
    return cache / hashlib.sha256(f"{url}\0{stamp}".encode()).hexdigest()[:32]
