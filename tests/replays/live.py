"""What tests that record need: a machine that can, and eyes for what is left behind."""

from pathlib import Path

import pytest

from rtml.replays.cleanup import leftovers
from rtml.replays.doctor import examine
from rtml.replays.folders import cgroup_folders, work_folder

_MISSING = [f"{check.name}: {check.found}" for check in examine() if not check.ok]
live = pytest.mark.skipif(bool(_MISSING), reason=f"cannot record here ({'; '.join(_MISSING)})")


def left_behind() -> list[str]:
    """Everything of the lab that the machine still shows."""
    found = [f"process {p.name}" for p in Path("/proc").glob("[0-9]*") if _of_lab(p)]
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    found += [f"mount {line}" for line in mounts if str(work_folder()) in line or "rtml-" in line]
    found += [f"namespace {path}" for path in Path("/run/netns").glob("rtml-*")]
    found += [f"network {path.name}" for path in Path("/sys/class/net").glob("rtml*")]
    found += [f"control group {path}" for path in cgroup_folders("rtml-*")]
    return found + leftovers()


def _of_lab(process: Path) -> bool:
    try:
        words = (process / "cmdline").read_bytes() + (process / "cgroup").read_bytes()
    except OSError:
        return False
    return str(work_folder()).encode() in words or b"/rtml-" in words
