"""The sensor over a whole sitting: one bpftrace after another where its buffer changes size."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from rtml.errors import RtmlError
from rtml.replays.clock import stamp
from rtml.replays.journal import Journal
from rtml.replays.sensor import Sensor

__all__ = ["Watch", "busy_ticks"]


class Watch:
    """Keep a sensor running; `switch` to another buffer size without a gap.

    Both sensors run for a moment; the journal says up to when the log of each counts. ``losing`` is set while
    the buffer is too small.
    """

    def __init__(self, folder: Path, raw: Path, pages: int, journal: Journal) -> None:
        self._folder, self._raw, self._journal = folder, raw, journal
        self._pages = pages
        self._lock = threading.Lock()
        self._count = 0
        self._from = 0
        self.losing = threading.Event()
        self._sensor = self._begin(pages)

    def _begin(self, pages: int) -> Sensor:
        sensor = Sensor.start(self._folder, self._raw / f"sensor-{self._count}.jsonl", pages)
        self._count += 1
        try:
            sensor.wait_until_ready()
        except RtmlError:  # one that comes too late would write every event a second time
            sensor.stop()
            sensor.log.unlink(missing_ok=True)
            raise
        return sensor

    def switch(self, pages: int) -> None:
        """Go on with a ring buffer of this many pages."""
        with self._lock:
            following = self._begin(pages)
            now = stamp()["boot_ns"]
            time.sleep(1.0)
            self._close(now)
            self._sensor, self._from = following, now

    def lose(self, pages: int, seconds: float, stopping: threading.Event) -> None:
        """Use a smaller ring buffer for a while."""
        self.switch(pages)
        self.losing.set()
        stopping.wait(seconds)
        self.losing.clear()
        if not stopping.is_set():
            self.switch(self._pages)

    def _close(self, until: int | None) -> None:
        cpu = self._sensor.cpu_seconds()
        self._sensor.stop()
        self._journal.write(
            "sensor",
            log=self._sensor.log.name,
            pages=self._sensor.pages,
            since=self._from,
            until=until,
            cpu_seconds=cpu,
        )

    def ended(self) -> bool:
        """Tell whether the sensor ended by itself."""
        return not self._lock.locked() and self._sensor.ended()

    def words(self) -> str:
        """Return the sensor's last error message."""
        return self._sensor.words()

    def stop(self) -> None:
        """Stop for good."""
        with self._lock:
            self._close(None)


def busy_ticks() -> tuple[int, int]:
    """Clock ticks that all CPUs have worked, and all their ticks, since boot."""
    first = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    ticks = [int(word) for word in first]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)
