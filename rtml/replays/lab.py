"""The lab while it is up: containers by place, their names, replacing one, taking all down."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from rtml.errors import RtmlError
from rtml.replays.containers import Container, Podman
from rtml.replays.contract import Workload
from rtml.replays.journal import Journal
from rtml.replays.network import Network
from rtml.replays.reading import HERE

__all__ = ["FIRST", "PARTNERS", "Lab"]

FIRST = ("infra", "cache", "db", "app", "api")
"""Workloads that others need, in the order of their start."""

PARTNERS = {
    "pay.partner.example": 200,
    "mail.partner.example": 200,
    "hooks.partner.example": 201,
    "mirror.partner.example": 202,
    "backup.partner.example": 203,
    "rates.partner.example": 204,
    "pay2.partner.example": 204,
    "stats.partner.example": 204,
}
"""Services out there, and the last part of their addresses; the infra container plays them."""


class Lab:
    """Containers of a sitting by place (``web-1``); a place keeps its address when replaced."""

    def __init__(self, folder: Path, podman: Podman, journal: Journal) -> None:
        self.places: dict[str, Container] = {}
        self.podman = podman
        self._share = folder / "share"
        self._journal = journal
        self._network = Network()
        self._generations: dict[str, int] = {}
        self._lock = threading.Lock()

    def up(self, workloads: Mapping[str, tuple[Workload, int]]) -> None:
        """Start everything in order; each workload serves before those that need it start."""
        shutil.copytree(HERE / "artefacts", self._share / "artefacts", copy_function=_readable)
        order = sorted(workloads, key=lambda n: (FIRST.index(n) if n in FIRST else 99, n))
        names = {n: self._join(n, workloads[n][1]) for n in order}
        self._write_tables(names, workloads)
        for name in order:
            for place, ip in names[name]:
                self._start(place, workloads[name][0], ip, 1)
            self._await(name)

    def _join(self, name: str, replicas: int) -> list[tuple[str, str]]:
        if name == "infra":
            numbers = [2, *sorted(set(PARTNERS.values()))]
            return [("infra", self._network.join("infra", numbers))]
        places = [f"{name}-{number + 1}" for number in range(replicas)]
        return [(place, self._network.join(place)) for place in places]

    def _write_tables(
        self, names: Mapping[str, list[tuple[str, str]]], workloads: Mapping[str, tuple[Workload, int]]
    ) -> None:
        """Write the name server's table and the visitors' plan."""
        table = {f"{n}.shop.internal": [ip for _, ip in places] for n, places in names.items()}
        table |= {name: [f"10.99.0.{number}"] for name, number in PARTNERS.items()}
        plan = [
            {"host": f"{name}.shop.internal", **load.model_dump()}
            for name, (workload, _) in workloads.items()
            for load in workload.load
        ]
        for name, value in (("names", table), ("plan", plan)):
            path = self._share / f"{name}.json"
            path.write_text(json.dumps(value))
            path.chmod(0o644)

    def _start(self, place: str, workload: Workload, ip: str, version: int) -> Container:
        generation = self._generations[place] = self._generations.get(place, 0) + 1
        name = place if generation == 1 else f"{place}.{generation}"
        container = self.podman.start(name, place, workload, ip, version)
        with self._lock:
            self.places[place] = container
        self._journal.write("container", name=name, **container.facts())
        return container

    def _await(self, workload: str, patience: float = 30.0) -> None:
        """Wait until every replica's port is open."""
        deadline = time.monotonic() + patience
        for container in self.replicas(workload):
            port = container.workload.ready
            while port and not answers(container.ip, port):
                if time.monotonic() > deadline:
                    words = self.podman.output(container.name)[-300:]
                    raise RtmlError(f"{container.name} does not serve port {port}: {words}")
                time.sleep(0.1)

    def replicas(self, workload: str) -> list[Container]:
        """Containers of a workload, in the order of their places."""
        with self._lock:
            return [c for _, c in sorted(self.places.items()) if c.workload.name == workload]

    def replace(self, place: str, version: int | None = None) -> Container:
        """Stop the container of a place and start another one, perhaps of another image version.

        It waits for an attack or an action in the old one to end.
        """
        old = self.places[place]
        with old.lock:
            self.podman.stop(old.name)
            return self._start(place, old.workload, old.ip, version or old.version)

    def dead(self) -> list[str]:
        """Places whose container has ended by itself."""
        running = self.podman.running()
        with self._lock:
            return [p for p, c in self.places.items() if c.name not in running]


def _readable(source: str, target: str) -> None:
    shutil.copyfile(source, target)
    Path(target).chmod(0o644)


def answers(ip: str, port: int) -> bool:
    """Tell whether a TCP port can be connected to."""
    with socket.socket() as line:
        line.settimeout(2)
        return line.connect_ex((ip, port)) == 0
