"""What tests that record need: a machine that can, and eyes for what is left behind."""

from pathlib import Path

import pytest

from rtml.replays.doctor import examine
from rtml.replays.folders import cgroup_folders, work_folder

_MISSING = [f"{check.name}: {check.found}" for check in examine() if not check.ok]
live = pytest.mark.skipif(bool(_MISSING), reason=f"cannot record here ({'; '.join(_MISSING)})")


def left_behind(recorder: int) -> list[str]:
    """Everything that the machine still shows of the sittings of one recording process."""
    name = f"rtml-{recorder}-"
    found = [f"process {p.name}" for p in Path("/proc").glob("[0-9]*") if _of(p, name)]
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    found += [f"mount {line}" for line in mounts if name in line]
    found += [f"namespace {path}" for path in Path("/run/netns").glob("rtml-*")]
    found += [f"network {path.name}" for path in Path("/sys/class/net").glob("rtml*")]
    found += [f"control group {path}" for path in cgroup_folders(f"{name}*")]
    return found + [f"folder {path}" for path in work_folder().glob(f"{name}*")]


def descendants(recorder: int) -> dict[int, str]:
    """Processes that came from a recording process, with the names of their programs."""
    parents, names = {}, {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(process.name)] = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            names[int(process.name)] = (process / "comm").read_text().strip()
        except OSError:
            continue
    found = {recorder}
    for _ in range(20):
        found |= {pid for pid, parent in parents.items() if parent in found}
    return {pid: names[pid] for pid in found if pid in names}


def _of(process: Path, name: str) -> bool:
    try:
        words = (process / "cmdline").read_bytes() + (process / "cgroup").read_bytes()
    except OSError:
        return False
    return name.encode() in words
