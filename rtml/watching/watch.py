"""Watch a log that grows: follow it, look at what has come, tell what is found, keep where that stands."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from rtml.captures import Manifest
from rtml.captures.following.follow import Pulse, follow
from rtml.captures.following.lock import locked
from rtml.captures.sensors import Sensor
from rtml.errors import RtmlError
from rtml.findings.exports import Export
from rtml.watching.aside import Aside
from rtml.watching.judges import Judges
from rtml.watching.output import open_output
from rtml.watching.remarks import Remarks
from rtml.watching.watcher import Watcher

__all__ = ["Watched", "watch"]


@dataclass(frozen=True)
class Watched:
    """What a watch did: the manifest of the log, and counts of what was told, by what they count."""

    manifest: Manifest
    counts: dict[str, int]


def watch(
    sensor: str | Sensor,
    source: str,
    judges: Judges,
    export: Export,
    *,
    out: Path | None = None,
    state: Path | None = None,
    pulse: Pulse | None = None,
    scope: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
    sent: Callable[[pl.DataFrame, Path], None] | None = None,
) -> Watched:
    """Watch a log until it ends or somebody says stop.

    Parameters
    ----------
    sensor, source, scope
        As for `rtml.captures.following.follow.follow`.
    judges
        Who judges.
    export, out
        In which format findings are told, and where; None: on standard output.
    state
        Folder that keeps the log as a capture, and where the watch stands; None: a folder for this time.
    pulse
        When to look, and when to stop. Once, or without a ``state``, what the hold still holds is told at the
        end, as it stands.
    say
        Told whatever a reader of findings should know besides.
    sent
        Given what is told, and a folder for what does not arrive.

    Raises
    ------
    RtmlError
        Another watch has this ``state``; or as for `follow`.
    """
    pulse = pulse or Pulse(seconds=3.0)
    with ExitStack() as stack:
        place = state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rtml-watch-")))
        _require_ours(place)
        stack.enter_context(locked(place / "watch" / "lock", place))
        output = open_output(out, export, place / "watch" / "told")
        watcher = Watcher(place, judges, output, Remarks(say), sent)
        watcher.resume()
        looks = stack.enter_context(Aside(watcher.take))
        stopped = watcher.idle(pulse, looks)
        beat = replace(pulse, stopped=stopped, border=watcher.border, busy=looks.busy)
        manifest = follow(sensor, source, place / "capture", beat, looks, scope)
        looks.wait()
        if state is None or not pulse.stopped():
            watcher.finish()
        return Watched(manifest, dict(watcher.kept.position.counts))


def _require_ours(place: Path) -> None:
    """Refuse a folder that holds something else."""
    if place.exists() and (
        not place.is_dir() or {path.name for path in place.iterdir()} - {"capture", "watch", "spool"}
    ):
        raise RtmlError(
            f"{place}: exists already and is no state of a watch; choose another place", argument="state"
        )
