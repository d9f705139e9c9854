"""Touch the memory of an own child by ptrace, ``/proc/PID/mem`` or ``process_vm_writev``.

The child is a fork of this program that waits in a pipe. One word of it is read and the same word
is written back, so that nothing changes in it.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable

LIBC = ctypes.CDLL(None, use_errno=True)
WORD = ctypes.create_string_buffer(b"own-word")
"""The word: at the same address in the child, which is a fork."""
ATTACH, DETACH, PEEKDATA, POKEDATA = 16, 17, 2, 5


class Piece(ctypes.Structure):
    """``struct iovec``."""

    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def by_ptrace(child: int) -> None:
    """Attach, read one word, write it back, detach."""
    call, at = LIBC.ptrace, ctypes.c_void_p(ctypes.addressof(WORD))
    call.restype = ctypes.c_long
    if call(ATTACH, child, None, None) == 0:
        os.waitpid(child, 0)
        word = call(PEEKDATA, child, at, None)
        call(POKEDATA, child, at, ctypes.c_void_p(word))
        call(DETACH, child, None, None)


def by_mem(child: int) -> None:
    """Write the word through ``/proc/PID/mem``."""
    try:
        room = os.open(f"/proc/{child}/mem", os.O_RDWR)
        os.pwrite(room, WORD.raw[:8], ctypes.addressof(WORD))
        os.close(room)
    except OSError as error:
        sys.stderr.write(f"refused: {error}\n")


def by_vm(child: int) -> None:
    """Write the word with ``process_vm_writev``."""
    piece = Piece(ctypes.addressof(WORD), 8)
    LIBC.process_vm_writev(child, ctypes.byref(piece), 1, ctypes.byref(piece), 1, 0)


METHODS: dict[str, Callable[[int], None]] = {"ptrace": by_ptrace, "mem": by_mem, "vm": by_vm}


def main(method: str) -> None:
    """Fork a child that waits for the end of a pipe, touch it, let it go."""
    far, near = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(near)
        os.read(far, 1)
        os._exit(0)
    METHODS[method](child)
    os.close(near)
    os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1])
