"""Names of what ``ptrace`` is asked for, by their numbers in Linux (``include/uapi/linux/ptrace.h``)."""

from __future__ import annotations

__all__ = ["PTRACE"]

PTRACE = {
    0: "TRACEME",
    1: "PEEKTEXT",
    2: "PEEKDATA",
    3: "PEEKUSER",
    4: "POKETEXT",
    5: "POKEDATA",
    6: "POKEUSER",
    7: "CONT",
    8: "KILL",
    9: "SINGLESTEP",
    12: "GETREGS",
    13: "SETREGS",
    16: "ATTACH",
    17: "DETACH",
    24: "SYSCALL",
    0x4200: "SETOPTIONS",
    0x4204: "GETREGSET",
    0x4205: "SETREGSET",
    0x4206: "SEIZE",
    0x4207: "INTERRUPT",
}
