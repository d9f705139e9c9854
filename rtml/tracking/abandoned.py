"""Runs that nobody will end: their process was killed, and MLflow still shows them as running.

Every run is tagged with its process: boot of the machine, process namespace, number, and when it started.
The next tracked run looks for runs of processes that are gone and closes them. Only where boot and
namespace are its own, for of another machine's processes nobody here can know; such a run, and one of before
a reboot, stays as it is (``rtml.process`` says whose it was).
"""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

from rtml.tracking.tags import PROCESS, REASON

__all__ = ["close_abandoned", "this_process"]

_PROC = Path("/proc")


def this_process() -> str | None:
    """Return what tells this process from every other one; null where there is no ``/proc``."""
    place, started = _place(), _started(os.getpid())
    return None if place is None or started is None else f"{place} {os.getpid()} {started}"


def close_abandoned(mlflow: ModuleType, experiment_id: str) -> int:
    """Mark the experiment's runs whose process is gone as killed; return how many there were."""
    place = _place()
    if place is None:
        return 0
    client = mlflow.MlflowClient()
    wanted = f"attributes.status = 'RUNNING' AND tags.`{PROCESS}` LIKE '{place} %'"
    gone = [
        run.info.run_id
        for run in client.search_runs([experiment_id], wanted, max_results=1000)
        if not _alive(run.data.tags[PROCESS])
    ]
    for run_id in gone:
        client.set_tag(run_id, REASON, "its process was killed; closed by a later run")
        client.set_terminated(run_id, "KILLED")
    return len(gone)


def _alive(process: str) -> bool:
    """Whether a process of this boot and namespace is still there, and not another one of its number.

    Examples
    --------
    >>> _alive(this_process() or "x 0 1"), _alive(f"boot namespace {os.getpid()} 1")
    (True, False)
    """
    *_, number, started = process.split()
    return not number.isdigit() or _started(int(number)) == started


def _place() -> str | None:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot} {(_PROC / 'self/ns/pid').readlink().name}"
    except (OSError, ValueError):
        return None


def _started(process: int) -> str | None:
    """Return when a process started, in ticks since boot: the 22nd word, behind a name with blanks."""
    try:
        status = (_PROC / str(process) / "stat").read_text("ascii", "replace")
    except OSError:
        return None
    words = status.rpartition(")")[2].split()
    return None if words[0] in "ZX" else words[19]
