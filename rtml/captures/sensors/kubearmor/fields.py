"""Fields of KubeArmor's logs that are mapped: as its relay writes them, and in the older spelling."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.records.fields import Fields

__all__ = ["GENERATIONS", "LOST", "TYPES", "asked", "word"]

TYPES = (
    *("ContainerLog", "HostLog", "MatchedPolicy", "MatchedHostPolicy", "SystemEvent"),
    *("SystemLog", "PolicyMatched", "MatchedNativePolicy"),
)
"""Telemetry and alerts, of containers and of hosts (``SystemEvent`` speaks of KubeArmor itself), and what
they were called in 2021."""

LOST = ("AlertThreshold", "NetworkLimit")
"""Operations by which KubeArmor says that it leaves events out from now on."""

_NAMES = """
Timestamp UpdatedTime ClusterName HostName NamespaceName PodName ContainerID ContainerName ContainerImage
HostPPID HostPID PPID PID UID ParentProcessName ProcessName Type Source Operation Resource Data Action Result
Cwd TTY
""".split()
_OLDER = {
    "HostPPID": "hostPPid",
    "HostPID": "hostPid",
    "PPID": "ppid",
    "PID": "pid",
    "UID": "uid",
    "TTY": "tty",
}
_DETAILS = ("Syscall", "Lsm", "Kprobe", "Flags", "Domain")


def _camel(name: str) -> str:
    return _OLDER.get(name, name[0].lower() + name[1:])


_OWNER = {"owner.name": "Owner/Name", "owner.namespace": "Owner/Namespace"}
GENERATIONS: tuple[Fields, ...] = (
    {
        **{name: name for name in _NAMES},
        **_OWNER,
        **{f"details.{name}": f"EventData/{name}" for name in _DETAILS},
    },
    {
        **{name: _camel(name) for name in _NAMES},
        "owner.name": "owner/name",
        "owner.namespace": "owner/namespace",
    },
)


def asked(text: pl.Expr, name: str) -> pl.Expr:
    """Return one value of ``name=value`` pairs, with blanks or commas between them.

    Examples
    --------
    >>> rows = pl.DataFrame({"d": ["syscall=SYS_OPEN flags=O_RDWR", "kfunc=X,domain=a.example", "flags="]})
    >>> rows.select(a=asked(pl.col("d"), "flags"), b=asked(pl.col("d"), "domain")).rows()
    [('O_RDWR', None), (None, 'a.example'), (None, None)]
    """
    found = text.str.extract(rf"(?:^|[ ,]){name}=([^ ,]*)")
    return pl.when(found != "").then(found)


def word(text: pl.Expr) -> pl.Expr:
    """Return the first word of a command.

    Examples
    --------
    >>> pl.DataFrame({"c": ["/bin/sh -c id", None]}).select(word(pl.col("c")))["c"].to_list()
    ['/bin/sh', None]
    """
    return text.str.extract(r"^(\S+)")
