"""Run a program in namespaces of its own, so that nothing of it can be left behind.

Mounts, processes and networks made inside belong to the namespaces. When the program ends, however
it ends (kill -9 of it or of its parent too), the kernel ends every process inside and with them
the mounts and networks. Only files and empty control groups remain: see `rtml.replays.cleanup`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

__all__ = ["command", "settle", "tracing"]

_TRACING = Path("/sys/kernel/tracing")


def command(module: str, *arguments: str, network: bool) -> list[str]:
    """Command line that runs a module of this package in private namespaces.

    Parameters
    ----------
    module
        Name of the module, for instance ``rtml.replays.stage``.
    arguments
        Its arguments.
    network
        Keep the machine's network (only to fetch Debian packages), or have an empty one.

    Examples
    --------
    >>> " ".join(command("rtml.replays.stage", "x", network=False)[:8])
    'setpriv --pdeathsig KILL unshare --mount --pid --ipc --uts'
    """
    spaces = ["--mount", "--pid", "--ipc", "--uts", *([] if network else ["--net"])]
    hold = ["setpriv", "--pdeathsig", "KILL", "unshare", *spaces, "--fork", "--kill-child"]
    # The first process of a pid namespace must collect orphans; a shell that waits does.
    first = ["--mount-proc", "sh", "-c", '"$@"; exit $?', "first"]
    return [*hold, *first, sys.executable, "-m", module, *arguments]


def settle(network: bool) -> None:
    """Cover what podman and ip would share with the machine; called first inside."""
    _cover("/dev/shm")  # podman's locks
    _cover("/var/lib/containers")  # what it remembers of images
    if not network:
        _cover("/run")
        Path("/run/netns").mkdir()


def tracing() -> None:
    """Mount tracefs, in this mount namespace only."""
    if not (_TRACING / "events").is_dir():
        subprocess.run(["mount", "-t", "tracefs", "tracefs", str(_TRACING)], check=True)


def _cover(path: str) -> None:
    Path(path).mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", path], check=True, capture_output=True)
