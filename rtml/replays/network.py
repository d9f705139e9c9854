"""The lab's network: a bridge in a namespace of its own, a namespace for each container.

It runs inside the private namespaces of a sitting. Nothing connects them to the machine: there is
no route out, and all of it ends with the sitting.
"""

from __future__ import annotations

import subprocess
from itertools import count
from pathlib import Path

__all__ = ["GATEWAY", "INFRA", "Network", "table_overflows"]

GATEWAY = "10.99.0.1"
INFRA = "10.99.0.2"
_NET = "10.99.0.{}/24"
_BRIDGE = "rtml0"
_STATISTICS = Path("/proc/net/stat/arp_cache")


class Network:
    """Bridge and container namespaces; `join` makes one more place at the bridge.

    A replaced container keeps its place, hence its address, as behind a service.
    """

    def __init__(self) -> None:
        self._numbers = count(10)
        self._links = count()
        _ip("link", "set", "lo", "up")
        _ip("link", "add", _BRIDGE, "type", "bridge")
        _ip("addr", "add", _NET.format(1), "dev", _BRIDGE)
        _ip("link", "set", _BRIDGE, "up")

    def join(self, name: str, numbers: list[int] | None = None) -> str:
        """Make the namespace of a container with one address, or these; return the first."""
        numbers = numbers or [next(self._numbers)]
        link, inside = f"rtml-v{next(self._links)}", ["-n", f"rtml-{name}"]
        _ip("netns", "add", f"rtml-{name}")
        _ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", f"rtml-{name}")
        _ip("link", "set", link, "master", _BRIDGE, "up")
        for number in numbers:
            _ip(*inside, "addr", "add", _NET.format(number), "dev", "eth0")
        for device in ("lo", "eth0"):
            _ip(*inside, "link", "set", device, "up")
        return _NET.format(numbers[0]).partition("/")[0]

    @staticmethod
    def path(name: str) -> Path:
        """File that stands for a container's network namespace."""
        return Path("/run/netns") / f"rtml-{name}"


def table_overflows(text: str | None = None) -> int:
    r"""Count how often the kernel's neighbour table was too full to find an address, since boot.

    The table is one for all network namespaces of a machine (``net.ipv4.neigh.default.gc_thresh3``,
    1,024 entries by default). Several large sittings at once fill it, and connections then fail
    after seconds that no workload asked for. 0 where the kernel does not count it.
    It is counted outside the sitting's own network namespace only.

    Examples
    --------
    >>> table_overflows("entries  table_fulls\n00000229 00001664\n00000229 00000001\n")
    5733
    """
    if text is None:
        text = _STATISTICS.read_text() if _STATISTICS.exists() else ""
    lines = text.splitlines() or [""]
    names = lines[0].split()
    if "table_fulls" not in names:
        return 0
    return sum(int(line.split()[names.index("table_fulls")], 16) for line in lines[1:])


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
