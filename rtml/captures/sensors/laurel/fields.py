"""Where laurel's JSON has what an event of the audit log consists of."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.auditd.rings import OPERATIONS
from rtml.captures.sensors.records.fields import Fields

__all__ = ["FIELDS"]

_CALL = "arch syscall success exit a0 a1 a2 a3 ppid pid uid euid tty comm exe".split()
_TEXTS = pl.List(pl.String())
_ITEM = pl.Struct({name: pl.String() for name in ("name", "nametype", "mode")})
_ADDRESS = pl.Struct({name: pl.String() for name in ("saddr_fam", "addr", "port", "path")})

FIELDS: Fields = {
    "id": "ID",
    "node": "NODE",
    **{name: f"SYSCALL/{name}" for name in _CALL},
    "call": "SYSCALL/SYSCALL",
    "call_arguments": ("SYSCALL/ARGV", _TEXTS),
    "argv": ("EXECVE/ARGV", _TEXTS),
    "argv_text": "EXECVE/ARGV_STR",
    "paths": ("PATH", pl.List(_ITEM)),
    "cwd": "CWD/cwd",
    "sockaddr": ("SOCKADDR", pl.List(pl.Struct({"SADDR": _ADDRESS, "saddr": pl.String()}))),
    "title_words": ("PROCTITLE/ARGV", _TEXTS),
    "title_text": "PROCTITLE/ARGV_STR",
    "obj_pid": ("OBJ_PID", pl.List(pl.Struct({"opid": pl.String()}))),
    "operations": ("URINGOP", OPERATIONS),
    "openat2": ("OPENAT2", pl.List(pl.Struct({"oflag": pl.String(), "mode": pl.String()}))),
    "container_info": "CONTAINER_INFO/ID",
    "container_older": "CONTAINER_INFO/id",
}
