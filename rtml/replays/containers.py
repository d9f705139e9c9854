"""Containers of a sitting: podman with runc, on a store of the sitting's own.

Each container is unprivileged, under podman's default seccomp profile, in its own control group
below the sitting's, at its place in the lab's network, and limited in memory and processes.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rtml.errors import RtmlError
from rtml.replays.clock import Stamp, stamp
from rtml.replays.contract import Workload
from rtml.replays.folders import CGROUPS
from rtml.replays.network import INFRA, Network

__all__ = ["Container", "Podman"]

_LIMITS = ["--ulimit", "nofile=20000:20000", "--ulimit", "nproc=20000:20000", "--pids-limit", "400"]


@dataclass
class Container:
    """A container that runs: identity, address, control group. ``lock`` is held by an attack."""

    name: str
    workload: Workload
    version: int
    ip: str
    id: str
    pid: int
    group: Path
    pidns: int
    started: Stamp
    place: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def facts(self) -> dict[str, Any]:
        """Return what ``sitting.json`` says of it."""
        return {
            "id": self.id,
            "image": f"rtml/{self.workload.image}:{self.version}",
            "workload": self.workload.name,
            "ip": self.ip,
            "cmd": self.workload.command,
            "cgroup_v2_id": self.group.stat().st_ino,
            "pidns": self.pidns,
            "started": self.started,
            "role": self.workload.role,
        }


class Podman:
    """The container engine of one sitting: `start`, `run` a command inside, `stop`."""

    def __init__(self, folder: Path, images: Path, group: str) -> None:
        self._group = group
        self._share = folder / "share"
        self._share.mkdir(exist_ok=True)
        self._share.chmod(0o777)
        self._base = [
            "podman",
            "--tmpdir",
            str(folder / "tmp"),
            "--cgroup-manager=cgroupfs",
            "--runtime",
            "runc",
        ]
        config = folder / "storage.conf"
        config.write_text(_storage(folder, images))
        self._env = {**os.environ, "CONTAINERS_STORAGE_CONF": str(config), "TMPDIR": str(folder)}

    def start(self, name: str, place: str, workload: Workload, ip: str, version: int = 1) -> Container:
        """Create and start a container at its place in the network."""
        image = f"rtml/{workload.image}:{version}"
        words = ["run", "-d", "--name", name, "--hostname", place, *self._options(place, workload)]
        self._call([*words, image, *workload.command], f"start {name}")
        started = stamp()
        inspected = json.loads(self._call(["inspect", name], f"look at {name}"))[0]
        pid = int(inspected["State"]["Pid"])
        if not pid:
            log = self.output(name)
            raise RtmlError(f"container {name} ended at once: {log[-300:] or 'without a word'}")
        return Container(
            name,
            workload,
            version,
            ip,
            inspected["Id"],
            pid,
            self._cgroup(inspected["Id"]),
            os.stat(f"/proc/{pid}/ns/pid").st_ino,
            started,
            place,
        )

    def _options(self, place: str, workload: Workload) -> list[str]:
        user = [] if workload.user is None else ["--user", str(workload.user)]
        variables = [f"--env={key}={value}" for key, value in workload.env.items()]
        shares = [f"-v={self._share / source}:{target}" for source, target in workload.shares.items()]
        net = ["--network", f"ns:{Network.path(place)}", "--dns", INFRA, "--no-hosts"]
        group = ["--cgroup-parent", f"/{self._group}", "--memory", workload.memory]
        return [*_LIMITS, *group, *net, *user, *variables, *shares]

    def _cgroup(self, identity: str) -> Path:
        """Find the v2 control group; its inode is the number that the sensor reports."""
        inside = f"{self._group}/libpod-{identity}"
        for root in (CGROUPS / "unified", CGROUPS):
            if (root / inside).is_dir():
                return root / inside
        raise RtmlError(f"no v2 control group {inside} below {CGROUPS}")

    def enter(
        self, name: str, command: list[str], user: int | str | None = None, mark: str = ""
    ) -> subprocess.Popen[str]:
        """Start a command in a container; ``mark`` goes into RTML_MARK, which no sensor sees."""
        user_options = [] if user is None else ["--user", str(user)]
        words = [*self._base, "exec", "-i", f"--env=RTML_MARK={mark}", *user_options, name, *command]
        return subprocess.Popen(
            words,
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )

    def stop(self, name: str) -> None:
        """Stop and remove a container."""
        self._call(["rm", "-f", "-t", "2", name], f"stop {name}")

    def output(self, name: str) -> str:
        """Return what a container has written so far."""
        return self._call(["logs", name], f"read the log of {name}")

    def running(self) -> set[str]:
        """Names of the containers that run."""
        return set(self._call(["ps", "--format", "{{.Names}}"], "list containers").split())

    def _call(self, words: list[str], purpose: str) -> str:
        done = subprocess.run(
            [*self._base, *words],
            env=self._env,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=120,
        )
        if done.returncode:
            raise RtmlError(f"cannot {purpose}: {done.stderr.strip()[-300:]}")
        return done.stdout + (done.stderr if words[0] == "logs" else "")


def _storage(folder: Path, images: Path) -> str:
    return f"""[storage]
driver = "overlay"
graphroot = "{folder}/storage"
runroot = "{folder}/run"
[storage.options]
additionalimagestores = ["{images}/storage"]
"""
