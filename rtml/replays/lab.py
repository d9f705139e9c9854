"""The lab while it is up: containers by place, their names, replacing one, taking all down."""

from __future__ import annotations

import itertools
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

__all__ = ["FIRST", "PARTNERS", "SPARE", "Lab", "answers", "serves"]

FIRST = ("infra", "cache", "db", "broker", "app", "api")
"""Workloads that others need, in the order of their start."""

PARTNERS = {
    "pay.partner.example": 200,
    "mail.partner.example": 200,
    "hooks.partner.example": 201,
    "mirror.partner.example": 202,
    "backup.partner.example": 203,
    "logs.partner.example": 201,
    "rates.partner.example": 204,
    "pay2.partner.example": 204,
    "stats.partner.example": 204,
}
"""Services out there, and the last part of their addresses; the infra container plays them."""


SPARE = range(205, 230)
"""Last parts of the addresses that partners may move to."""

_LOGS = "logs"
"""Folder of the share that workloads write logs into and a shipper reads."""


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
        self._table: dict[str, list[str]] = {}
        self._addresses: dict[str, str] = {}
        self._spare = itertools.cycle(SPARE)

    def up(self, workloads: Mapping[str, tuple[Workload, int]]) -> None:
        """Start everything in order; each workload serves before those that need it start."""
        shutil.copytree(HERE / "artefacts", self._share / "artefacts", copy_function=_readable)
        (self._share / _LOGS).mkdir()
        (self._share / _LOGS).chmod(0o777)
        order = sorted(workloads, key=lambda n: (FIRST.index(n) if n in FIRST else 99, n))
        names = {n: self._join(n, workloads[n][1]) for n in order}
        self._write_tables(names, workloads)
        for name in order:
            for place, ip in names[name]:
                self._start(place, workloads[name][0], ip, 1)
            self._await(name)

    def _join(self, name: str, replicas: int) -> list[tuple[str, str]]:
        if name == "infra":
            numbers = [2, *sorted(set(PARTNERS.values())), *SPARE]
            return [("infra", self._network.join("infra", numbers))]
        return [self._join_one(f"{name}-{number + 1}") for number in range(replicas)]

    def _join_one(self, place: str) -> tuple[str, str]:
        """Return a place and its address, which it keeps when it is left and comes again."""
        if place not in self._addresses:
            self._addresses[place] = self._network.join(place)
        return place, self._addresses[place]

    def _write_tables(
        self, names: Mapping[str, list[tuple[str, str]]], workloads: Mapping[str, tuple[Workload, int]]
    ) -> None:
        """Write the name server's table and the visitors' plan."""
        self._table = {f"{n}.shop.internal": [ip for _, ip in places] for n, places in names.items()}
        self._table |= {name: [f"10.99.0.{number}"] for name, number in PARTNERS.items()}
        plan = [
            {"host": f"{name}.shop.internal", **load.model_dump()}
            for name, (workload, _) in workloads.items()
            for load in workload.load
        ]
        self._write("names", self._table)
        self._write("plan", plan)

    def _write(self, name: str, value: object) -> None:
        """Replace a table whole: it may be read at any moment."""
        path = self._share / f"{name}.json"
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(value))
        fresh.chmod(0o644)
        fresh.rename(path)

    def _start(self, place: str, workload: Workload, ip: str, version: int) -> Container:
        generation = self._generations[place] = self._generations.get(place, 0) + 1
        name = place if generation == 1 else f"{place}.{generation}"
        container = self.podman.start(name, place, workload, ip, version)
        with self._lock:
            self.places[place] = container
        self._journal.write("container", name=name, **container.facts())
        return container

    def _await(self, workload: str) -> None:
        """Wait until every replica's port is open."""
        for container in self.replicas(workload):
            if not serves(container):
                words = self.podman.output(container.name)[-300:]
                raise RtmlError(f"{container.name} does not serve port {container.workload.ready}: {words}")

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

    def grow(self, place: str, workload: Workload) -> Container:
        """Start one more replica; its name server tells of it at once."""
        _, ip = self._join_one(place)
        container = self._start(place, workload, ip, 1)
        with self._lock:
            self._table.setdefault(f"{workload.name}.shop.internal", []).append(ip)
            self._write("names", self._table)
        return container

    def shrink(self, place: str) -> Container:
        """Take a replica away; it waits for an attack or an action in it to end."""
        old = self.places[place]
        with old.lock:
            with self._lock:
                del self.places[place]
                self._table[f"{old.workload.name}.shop.internal"].remove(old.ip)
                self._write("names", self._table)
            self.podman.stop(old.name)
        return old

    def move(self, partner: str) -> str:
        """Let a partner's name lead to another address; return that."""
        ip = f"10.99.0.{next(self._spare)}"
        with self._lock:
            self._table[partner] = [ip]
            self._write("names", self._table)
        return ip

    def dead(self) -> list[Container]:
        """Containers that have ended by themselves: still at their place, and nobody is replacing them."""
        with self._lock:
            known = list(self.places.values())
        running = self.podman.running()  # asked afterwards: one that starts meanwhile is not dead
        gone = [c for c in known if c.name not in running and not c.lock.locked()]
        return [c for c in gone if self.places.get(c.place) is c]


def _readable(source: str, target: str) -> None:
    shutil.copyfile(source, target)
    Path(target).chmod(0o644)


def serves(container: Container) -> bool:
    """Wait until a container's port is open; false when its patience is over."""
    port, deadline = container.workload.ready, time.monotonic() + container.workload.patience
    while port and not answers(container.ip, port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def answers(ip: str, port: int) -> bool:
    """Tell whether a TCP port can be connected to."""
    with socket.socket() as line:
        line.settimeout(2)
        return line.connect_ex((ip, port)) == 0
