"""Remove what a killed sitting may have left: its folder, its control groups, its processes.

A sitting holds a lock on its folder as long as it runs. A folder whose lock is free is a left-over.
Processes, mounts and networks end with the sitting's namespaces; that is checked, not assumed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from rtml.replays.auditing import forget_rules
from rtml.replays.folders import PREFIX, cgroup_folders, work_folder

__all__ = ["claim", "leftovers", "remove", "sweep"]


@contextlib.contextmanager
def claim(name: str) -> Iterator[Path]:
    """Make the work folder of a sitting, hold its lock, remove everything at the end."""
    folder = work_folder() / name
    folder.mkdir(parents=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            remove(name)


def leftovers() -> list[str]:
    """Names of sittings that ended without cleaning up."""
    folders = [path for path in work_folder().glob(f"{PREFIX}*") if path.is_dir()]
    ours = {path.name for path in folders if not _held(path / "lock")}
    groups = {path.name for path in cgroup_folders(f"{PREFIX}*")} - {p.name for p in folders}
    return sorted(ours | {name for name in groups if not _alive(name)})


def sweep() -> list[str]:
    """Remove every left-over sitting; return their names."""
    names = leftovers()
    if names:
        forget_rules()
    for name in names:
        remove(name)
    return names


def remove(name: str) -> None:
    """End the processes of a sitting, remove its control groups and its folder."""
    if not name.startswith(PREFIX):
        raise ValueError(f"{name!r} is not the lab's")
    for group in cgroup_folders(name):
        _remove_group(group)
    shutil.rmtree(work_folder() / name, ignore_errors=True)


def _alive(name: str) -> bool:
    """Tell whether the recorder whose number a name holds still runs (on another cache)."""
    number = name.removeprefix(PREFIX).partition("-")[0]
    return number.isdigit() and Path("/proc", number).exists()


def _held(lock: Path) -> bool:
    try:
        with lock.open("w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _remove_group(group: Path) -> None:
    """Empty a control group from below; killed processes need a moment to leave."""
    nested = sorted((p for p in group.rglob("*") if p.is_dir()), reverse=True)
    for folder in [*nested, group]:
        for _ in range(100):
            _end_processes(folder)
            try:
                folder.rmdir()
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(0.05)
            else:
                break


def _end_processes(group: Path) -> None:
    with contextlib.suppress(OSError):
        for pid in (group / "cgroup.procs").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
