"""Make system calls that containers seldom make, with arguments that cannot succeed.

Descriptors are -1, pointers null: the kernel (or seccomp before it) refuses each of them. What is
left is the attempt.
"""

from __future__ import annotations

import ctypes
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
CALLS: dict[str, tuple[int, ...]] = {
    "userfaultfd": (323, -1),
    "bpf": (321, -1, 0, 0),
    "perf_event_open": (298, 0, -1, -1, -1, -1),
    "io_uring_setup": (425, 0, 0),
    "keyctl": (250, -1, 0, 0, 0, 0),
    "open_by_handle_at": (304, -1, 0, 0),
    "process_vm_readv": (310, -1, 0, 0, 0, 0, 0),
    "finit_module": (313, -1, 0, 0),
    "init_module": (175, 0, 0, 0),
    "setns": (308, -1, 0),
}
"""x86-64 number and arguments of each call: none of them can be carried out."""


def main(names: list[str]) -> None:
    """Make each named call once and say how it was refused."""
    for name in names:
        number, *values = CALLS[name]
        LIBC.syscall(ctypes.c_long(number), *(ctypes.c_long(value) for value in values))
        sys.stderr.write(f"{name}: errno {ctypes.get_errno()}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
