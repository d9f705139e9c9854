"""Can this machine record? Every piece is checked, and what is missing is listed with its remedy.

Nothing is changed by looking.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rtml.errors import RtmlError
from rtml.replays.folders import cache_folder

__all__ = ["PROGRAMS", "Check", "examine", "require"]

PROGRAMS = {
    "podman": "podman",
    "runc": "runc",
    "bpftrace": "bpftrace",
    "mmdebstrap": "mmdebstrap",
    "ip": "iproute2",
    "unshare": "util-linux",
    "setpriv": "util-linux",
    "mount": "mount",
}
"""Programs that a recording needs, and the Debian packages that have them."""

_PROBE = [
    "unshare",
    "--mount",
    "--propagation",
    "private",
    "sh",
    "-c",
    "mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null;"
    " exec timeout 20 bpftrace -e 'tracepoint:raw_syscalls:sys_enter { exit(); }'",
]

GIGABYTES_OF_DISK = 6.0
GIGABYTES_OF_MEMORY = 2.0


@dataclass(frozen=True)
class Check:
    """One piece: is it there, what was found, and how to get it (empty when it is there)."""

    name: str
    ok: bool
    found: str
    remedy: str = ""


def examine(cache: Path | None = None) -> list[Check]:
    """Look at everything that a recording needs; see `Check`."""
    return [
        _root(),
        *_programs(),
        _file("BTF of the kernel", Path("/sys/kernel/btf/vmlinux")),
        _tracing(),
        _attaching(),
        _disk(cache or cache_folder()),
        _memory(),
    ]


def require(checks: list[Check]) -> None:
    """Raise one error that names everything missing, with one line to install it all.

    Examples
    --------
    >>> require([Check("runc", False, "not found", "runc")])
    Traceback (most recent call last):
    ...
    rtml.errors.RtmlError: this machine cannot record: runc (not found)
      apt-get install -y --no-install-recommends runc
    """
    missing = [check for check in checks if not check.ok]
    if not missing:
        return
    packages = sorted({check.remedy for check in missing if check.remedy in PROGRAMS.values()})
    lines = [f"this machine cannot record: {', '.join(f'{c.name} ({c.found})' for c in missing)}"]
    if packages:
        lines.append(f"  apt-get install -y --no-install-recommends {' '.join(packages)}")
    other_remedies = [c.remedy for c in missing if c.remedy and c.remedy not in PROGRAMS.values()]
    raise RtmlError("\n".join([*lines, *(f"  {remedy}" for remedy in other_remedies)]))


def _root() -> Check:
    uid = os.geteuid()
    return Check("root", uid == 0, f"uid {uid}", "" if uid == 0 else "run it as root (sudo)")


def _programs() -> Iterator[Check]:
    for program, package in PROGRAMS.items():
        path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        yield Check(program, path is not None, path or "not found", "" if path else package)


def _file(name: str, path: Path) -> Check:
    exists = path.exists()
    remedy = "" if exists else f"{path} is absent: a kernel with CONFIG_DEBUG_INFO_BTF is needed"
    return Check(name, exists, str(path) if exists else "absent", remedy)


def _tracing() -> Check:
    has_folder = Path("/sys/kernel/tracing").is_dir()
    has_tracefs = "tracefs" in Path("/proc/filesystems").read_text("utf-8")
    ok = has_folder and has_tracefs
    remedy = "" if ok else "a kernel with tracefs and system call tracepoints is needed"
    return Check("tracefs", ok, "mountable" if ok else "absent", remedy)


def _attaching() -> Check:
    """Attach the smallest sensor there is, in a mount namespace of its own, for a moment."""
    name, wanted = "BPF attaches", "a kernel that lets root attach BPF to tracepoints is needed"
    if os.geteuid() != 0 or shutil.which("bpftrace") is None or shutil.which("unshare") is None:
        return Check(name, True, "not tried: needs root and bpftrace")
    try:
        done = subprocess.run(_PROBE, capture_output=True, text=True, timeout=30, check=False)
    except subprocess.TimeoutExpired:
        return Check(name, False, "no answer in 30 s", wanted)
    complaint = (done.stderr.strip().splitlines() or ["refused"])[-1][:80]
    return Check(
        name,
        not done.returncode,
        "yes" if not done.returncode else complaint,
        "" if not done.returncode else wanted,
    )


def _disk(folder: Path) -> Check:
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    ok = free >= GIGABYTES_OF_DISK
    remedy = "" if ok else f"free {GIGABYTES_OF_DISK:g} GB, or set RTML_LAB to a larger disk"
    return Check(f"disk at {folder}", ok, f"{free:.1f} GB free", remedy)


def _memory() -> Check:
    lines = Path("/proc/meminfo").read_text("utf-8").splitlines()
    free = next((int(x.split()[1]) for x in lines if x.startswith("MemAvailable")), 0) / 1e6
    ok = free >= GIGABYTES_OF_MEMORY
    return Check("memory", ok, f"{free:.1f} GB available", "" if ok else "free some memory")
