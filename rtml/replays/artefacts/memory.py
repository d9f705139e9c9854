"""Run a copy of ``sleep`` from memory: a memfd, written, then executed by its descriptor."""

from __future__ import annotations

import os
import sys


def main(title: str, seconds: str) -> None:
    """Copy ``sleep`` into a memfd called ``title`` and run it for ``seconds`` under that name."""
    room = os.memfd_create(title, 0)
    with open("/bin/sleep", "rb") as program:
        os.write(room, program.read())
    child = os.fork()
    if child == 0:
        os.execve(f"/proc/self/fd/{room}", [title, seconds], {})
    os.waitpid(child, 0)


if __name__ == "__main__":
    main(*sys.argv[1:3])
