"""Where the lab keeps its things: a cache for images, a work folder for each sitting.

Every name that the lab gives begins with ``rtml-``, so that left-overs are known as the lab's own.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["CGROUPS", "PREFIX", "cache_folder", "cgroup_folders", "work_folder"]

PREFIX = "rtml-"
CGROUPS = Path("/sys/fs/cgroup")


def cache_folder() -> Path:
    """Folder that outlives sittings: the base root file system and the images made of it.

    ``RTML_LAB`` names another one; it should lie on a disk, not in memory.
    """
    chosen = os.environ.get("RTML_LAB")
    return Path(chosen) if chosen else Path.home() / ".cache" / "rtml-lab"


def work_folder() -> Path:
    """Folder that holds one subfolder for each sitting that runs (or was killed)."""
    return cache_folder() / "work"


def cgroup_folders(name: str) -> list[Path]:
    """Control groups of that name, in every hierarchy of the machine."""
    return sorted({*CGROUPS.glob(name), *CGROUPS.glob(f"*/{name}")})
