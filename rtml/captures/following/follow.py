"""Follow a log that grows into a capture that grows with it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from rtml.captures.following.blocks import BlockReader, refused
from rtml.captures.following.commits import FOLDER, Commits
from rtml.captures.following.gathering import Gathered
from rtml.captures.following.lock import locked
from rtml.captures.following.place import Place
from rtml.captures.following.resuming import begun, require_ours
from rtml.captures.following.spool import Spool
from rtml.captures.following.tail import Tail
from rtml.captures.following.telling import writer_of
from rtml.captures.inventory.joining import named_by
from rtml.captures.manifest import Manifest
from rtml.captures.scope import scoped
from rtml.captures.sensors import SENSORS, Lines, Sensor
from rtml.captures.sensors.choosing import AUTO
from rtml.captures.sensors.sysdig.scap import is_scap_file
from rtml.errors import RtmlError, UsageError, lookup

__all__ = ["STDIN", "Pulse", "follow"]

STDIN = "-"
_BLOCK = 16_000_000
_GATHER = 1.0
"""Seconds that lines gather for at most: what a reader costs is for a good part its start, 50 ms."""
_LONGEST = 64_000_000
_IDLE = 2.0
"""Seconds without news after which lines that might belong to following ones are read as they are."""
_LOOK = 0.05
"""Seconds that a look may take."""
_REST = 4
"""So many times what a commit took pass until the next one, at least: most of the time belongs to reading."""
_LONGEST_REST = 4
"""So many times the seconds that were asked for, and no more, pass for that reason."""


@dataclass(frozen=True)
class Pulse:
    """When to commit: after so many ``seconds`` or ``events``; how long to sleep without news.

    Where commits take long the pause is longer, up to four times. ``once`` stops at the end of what is there.
    ``stopped`` is asked whether to stop there, ``pressed`` whether to leave the rest for the next time: a log
    may grow faster than it is read. ``border`` is asked for a time of the log that somebody waits for: when
    it has come a commit is due, whatever the pause. ``busy`` is asked whether whoever was told of the last
    commit is still at it: until then lines are read, as many as a commit has, and nothing is committed.
    """

    seconds: float = 10.0
    events: int = 250_000
    sleep: float = 0.25
    once: bool = False
    stopped: Callable[[], bool] = field(default=lambda: False)
    pressed: Callable[[], bool] = field(default=lambda: False)
    border: Callable[[], dt.datetime | None] = field(default=lambda: None)
    busy: Callable[[], bool] = field(default=lambda: False)

    def pause(self, took: float) -> float:
        """Return the seconds from a commit, which ``took`` so long, to the next.

        >>> Pulse(3).pause(0.1), Pulse(3).pause(2.0), Pulse(3).pause(60.0)
        (3, 8.0, 12)
        """
        return max(self.seconds, min(_REST * took, _LONGEST_REST * self.seconds))


def follow(
    sensor: str | Sensor,
    source: str,
    out: Path,
    pulse: Pulse | None = None,
    told: Callable[[Manifest], None] | None = None,
    scope: Path | None = None,
    containers: Sequence[Path] = (),
) -> Manifest:
    """Follow a log into the capture ``out``, which can be opened at any time.

    Parameters
    ----------
    sensor
        A registered sensor that reads lines, or ``auto``: told by the capture that was followed into before,
        else by the log's beginning.
    source
        A file, which may be rotated while it is followed, or `STDIN`.
    out
        A new capture, or one into which the same log was followed before: then from where that stopped.
    pulse
        When to commit and when to stop.
    told
        Called with the manifest of every commit.
    scope
        File that says what is looked at (`rtml.captures.scope`); read again when it changes.
    containers
        Files that list containers (`rtml.captures.inventory`); read again when they change.

    Returns
    -------
    The manifest of the last commit.

    Raises
    ------
    UsageError
        No such sensor, or one that cannot read a part of a file.
    RtmlError
        ``source`` is absent or of another format; ``out`` is another capture, or somebody follows into it.
    """
    asked = None if sensor == AUTO else _able(sensor)
    where = source if source == STDIN else str(Path(source).absolute())
    # A log that was followed before may be between two files at this moment.
    if source != STDIN and not Path(source).is_file() and not (out / "capture.json").is_file():
        raise RtmlError(f"{source}: no such file to follow")
    if source != STDIN and is_scap_file(Path(source)):
        raise UsageError(f"{source}: a capture of system calls (scap) is read as a whole: import it")
    require_ours(out)
    pulse = pulse or Pulse()
    with ExitStack() as stack:
        stack.enter_context(locked(out / FOLDER / "lock", out))
        log = None if source == STDIN else Path(where)
        kind = asked or _able(writer_of(log, out, pulse.stopped))
        commits, gathered = begun(kind, where, out)
        tail = _tail(where, out, commits.facts.place)
        stack.callback(tail.close)
        beside = Path.cwd() if source == STDIN else Path(where).parent
        named = named_by(kind, containers) if containers else kind
        seen = named if scope is None else scoped(named, scope)
        reader = BlockReader(seen, beside, known=gathered.counts.events > 0)
        assert kind.lines is not None
        return _Follower(kind.lines, tail, gathered, commits, pulse, told, reader).run()


def _able(sensor: str | Sensor) -> Sensor:
    """Return a sensor that reads lines."""
    kind = sensor if isinstance(sensor, Sensor) else lookup(SENSORS, sensor, "sensor")
    if kind.lines is None:
        able = ", ".join(sorted(name for name in SENSORS if SENSORS[name].lines is not None))
        raise UsageError(
            f"{kind.name} files can only be read as a whole: import them; what can be followed: {able}"
        )
    return kind


def _tail(source: str, out: Path, place: Place) -> Tail:
    if source == STDIN:
        return Spool(out / FOLDER / "spool", place)
    return Tail(Path(source), place)


@dataclass
class _Follower:
    lines: Lines
    tail: Tail
    gathered: Gathered
    commits: Commits
    pulse: Pulse
    told: Callable[[Manifest], None] | None
    reader: BlockReader
    looked: float = field(default_factory=time.monotonic)
    taken: float = 0.0
    waited: float = 0.0
    new: int = 0
    committed: float = field(default_factory=time.monotonic)
    pause: float = 0.0
    border: dt.datetime | None = None

    def run(self) -> Manifest:
        self.pause, dirty = self.pulse.seconds, False
        while True:
            came = self.tail.fill(_BLOCK)
            ended = not came and self.tail.ended()
            over = not came and not ended and self._over()
            self._wait(came)
            # A line without its end, in a file that may grow, is left for the next time.
            finished = ended or (over and isinstance(self.tail, Spool) and self.tail.over)
            if ended or over or self._enough():
                now = over and self.tail.quiet(_IDLE)
                while self._take(finished, now):
                    dirty = True
                self.taken = time.monotonic()
            if ended:
                self.tail.turn()
                dirty = True
            over = over or self.pulse.pressed()
            if over or (dirty and self._due()):
                manifest = self._commit()
                self.committed, dirty = time.monotonic(), False
                if over:
                    return manifest
            if came < _BLOCK and not ended and not (came and self.pulse.once):
                time.sleep(min(self.pulse.sleep, self.tail.rest))

    def _enough(self) -> bool:
        """Tell whether enough lines wait to be worth a reader's start, or have waited long enough."""
        if self.pulse.once or len(self.tail.buffer) >= _BLOCK:
            return True
        return time.monotonic() - self.taken >= min(_GATHER, self.pulse.seconds / 3)

    def _due(self) -> bool:
        """Tell whether a commit is due: the pause is over, much has come, or the time that is waited for."""
        if self.new >= self.pulse.events:
            return True
        if self.pulse.busy():
            return False
        if time.monotonic() - self.committed >= self.pause:
            return True
        border, end = self.pulse.border(), self.gathered.counts.end
        if border is None or end is None or border > end or border == self.border:
            return False
        self.border = border  # one commit for each: who waits may need the time of other hosts, too
        return True

    def _wait(self, came: int) -> None:
        """Note how long there has been no news, after a look for some.

        Of the time between two looks no more counts than was meant to pass: while this process read, wrote or
        was kept from running, nobody looked, and the lines that are waited for may have come.
        """
        now = time.monotonic()
        self.waited = 0.0 if came else self.waited + min(now - self.looked, self.pulse.sleep + _LOOK)
        self.looked = now

    def _over(self) -> bool:
        """Tell whether nothing is to be waited for: the input has ended, or somebody said stop."""
        at_end = self.pulse.once and not isinstance(self.tail, Spool)
        return self.pulse.stopped() or at_end or (isinstance(self.tail, Spool) and self.tail.over)

    def _take(self, everything: bool, now: bool) -> bool:
        """Read the lines of the buffer that are whole; tell whether there were any.

        ``everything``: its end is the end of a line. ``now``: no line waits for those that may belong to it.
        """
        raw = self.tail.buffer
        size = raw.rfind(b"\n") + 1
        endless = len(raw) - size > _LONGEST
        if self.tail.place.skipping or (endless and not size):
            return self._skip(raw, everything)
        if everything:
            size = len(raw)
        elif not (now or endless) and self.waited < _IDLE:
            size = self.lines.cut(raw[:size])
        if not size:
            return False
        place = self.tail.place
        reading = self.reader.read(raw[:size], place.name, place.line)
        if reading is not None:
            self.gathered.add(reading, place.name, size)
            self.new += reading.records
        self.tail.advance(size)
        return True

    def _skip(self, raw: bytes, everything: bool) -> bool:
        """Pass over a line that is longer than any record."""
        if not raw:
            return False
        place, end = self.tail.place, raw.find(b"\n") + 1
        if not place.skipping:
            reason = f"a line of more than {_LONGEST:,} bytes"
            self.gathered.add(refused(raw[:200], place.name, place.line, reason), place.name, len(raw))
        self.tail.advance(end or len(raw))
        self.tail.place = self.tail.place.model_copy(update={"skipping": not end and not everything})
        return True

    def _commit(self) -> Manifest:
        while self.pulse.busy():
            time.sleep(_LOOK)
        self.commits.facts.place = self.tail.place
        begun = time.monotonic()
        manifest = self.commits.commit(self.gathered)
        self.new, self.pause = 0, self.pulse.pause(time.monotonic() - begun)
        if isinstance(self.tail, Spool):
            self.tail.forget()
        if self.told is not None:
            self.told(manifest)
        return manifest
