"""Find and end the processes of one attack or action: they carry a mark in their environment.

The mark (``RTML_MARK``) is in no path, argument or name, so no sensor and no model sees it.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

__all__ = ["end_marked", "end_others", "first_started", "marked"]


def marked(mark: str) -> Iterator[int]:
    """Process ids, here, of those whose environment holds the mark and that run in a container."""
    wanted = f"RTML_MARK={mark}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                yield int(folder.name)


def first_started(mark: str) -> int | None:
    """Start of the oldest marked process, in clock ticks since boot; null when there is none."""
    starts = []
    for pid in marked(mark):
        with contextlib.suppress(OSError, IndexError):
            text = Path(f"/proc/{pid}/stat").read_text()
            starts.append(int(text.rpartition(")")[2].split()[19]))
    return min(starts, default=None)


def end_marked(mark: str) -> int:
    """Kill every marked process; return how many there were."""
    return _end(list(marked(mark)))


def end_others(group: Path, keep: set[int]) -> int:
    """Kill the processes of a control group but for those in ``keep``; return how many."""
    with contextlib.suppress(OSError):
        pids = {int(pid) for pid in (group / "cgroup.procs").read_text().split()}
        return _end(sorted(pids - keep - {0}))
    return 0


def _end(pids: list[int]) -> int:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return len(pids)
