"""Hours of processes that come and go, at random: whatever a sensor may miss of them is missed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tests.watching.acts import CONTAINERS, Act

__all__ = ["Lives"]

_PROGRAMS = ("/bin/sh", "/usr/bin/curl", "/usr/bin/python3", "/opt/app", "/bin/ls")
_PIDS = 60
_UNSEEN = ("fork", "exit", "exec", "sight")
"""What of a process the sensor may not see; ``sight``: it does nothing but fork, and exit."""


@dataclass
class Lives:
    """Acts of ``hours``: one new process after the other, each of a parent that lives, or of nobody."""

    seed: int
    hours: float = 4.0
    every: float = 90.0
    living: list[Act] = field(default_factory=list)

    def acts(self) -> list[Act]:
        """Return what happens, in the order of time."""
        chance = random.Random(self.seed)
        self.living = [self._first(name) for name in CONTAINERS[:3]]
        found = [act for one in self.living[:2] for act in self._sighted(one, 1.0)]
        second = 5.0
        while second < 3600 * self.hours:
            second += chance.expovariate(1 / self.every)
            found += list(self._life(chance, second))
        return sorted(found, key=lambda act: act.second)

    def _first(self, name: str) -> Act:
        return Act(1.0, name, "open", exe="/usr/sbin/main", started=-100.0, parent_started=-500.0)

    def _sighted(self, one: Act, second: float) -> Iterator[Act]:
        yield replace(one, kind="open", second=second, to="/etc/conf")

    def _life(self, chance: random.Random, second: float) -> Iterator[Act]:
        self.living = [one for one in self.living if one.port > second or not one.port]
        parent = chance.choice(self.living)
        pid = chance.choice([n for n in range(2, _PIDS) if n not in {one.pid for one in self.living}])
        length = chance.choice([0.5, 2.0, 60.0, 1000.0, 5000.0, 20_000.0])
        lost = {what for what in _UNSEEN if chance.random() < 0.15}
        own = replace(
            parent, second=second, pid=pid, ppid=parent.pid, exe=chance.choice(_PROGRAMS), uid=33,
            started=second, parent_started=parent.started, port=int(second + length) + 2,
        )  # fmt: skip
        own = replace(own, cmdline=f"{own.exe} {pid}", exe=parent.exe if "exec" in lost else own.exe)
        if "fork" not in lost:
            yield replace(parent, kind="fork", second=second, to=str(own.host_pid))
        if chance.random() < 0.1:
            return  # a thread: nothing else is seen of it
        self.living.append(own)
        if "exec" not in lost:
            yield replace(own, kind="exec", second=second + 0.01)
        yield from self._doing(chance, own, length, lost)

    def _doing(self, chance: random.Random, own: Act, length: float, lost: set[str]) -> Iterator[Act]:
        if "sight" not in lost:
            for _ in range(chance.randint(0, 3)):
                yield from self._sighted(own, own.second + 0.02 + chance.random() * 0.9 * length)
        if length > 500 and chance.random() < 0.3:
            again = own.second + 0.5 * length
            yield replace(own, kind="exec", second=again, exe=chance.choice(_PROGRAMS), cmdline="again")
        if "exit" not in lost:
            yield replace(own, kind="exit", second=own.second + length)
