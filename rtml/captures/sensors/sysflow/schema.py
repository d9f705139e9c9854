"""Fields of SysFlow's records that rtml reads; what an older schema lacks is null.

References
----------
SysFlow specification: https://sysflow.readthedocs.io/en/latest/spec.html
"""

from __future__ import annotations

import polars as pl

__all__ = ["ENTITIES", "EVENTS", "OPEN_FLAGS", "OPERATIONS"]

_Fields = dict[str, pl.DataType | type[pl.DataType]]

_OID = pl.Struct({"createTS": pl.Int64, "hpid": pl.Int64})
_EVENT: _Fields = {"procOID": _OID, "ts": pl.Int64, "tid": pl.Int64, "opFlags": pl.Int64}
_VOLUME: _Fields = dict.fromkeys(("numRRecvOps", "numWSendOps", "numRRecvBytes", "numWSendBytes"), pl.Int64)
_PEERS: _Fields = dict.fromkeys(("sip", "sport", "dip", "dport", "proto"), pl.Int64)
_RETURN: _Fields = {"ret": pl.Int64}
_PROCESS: _Fields = {
    "oid": _OID,
    "poid": _OID,
    "exe": pl.String,
    "exeArgs": pl.String,
    "uid": pl.Int64,
    "tty": pl.Boolean,
    "containerId": pl.String,
    "entry": pl.Boolean,
    "cwd": pl.String,
}

EVENTS = {
    "ProcessEvent": pl.Schema(_EVENT | _RETURN | {"args": pl.List(pl.String)}),
    "FileEvent": pl.Schema(_EVENT | _RETURN | {"fileOID": pl.Binary, "newFileOID": pl.Binary}),
    "NetworkEvent": pl.Schema(_EVENT | _RETURN | _PEERS),
    "FileFlow": pl.Schema(_EVENT | _VOLUME | {"fileOID": pl.Binary, "openFlags": pl.Int64}),
    "NetworkFlow": pl.Schema(_EVENT | _VOLUME | _PEERS),
    "ProcessFlow": pl.Schema(_EVENT | {"numThreadsCloned": pl.Int64, "numThreadsExited": pl.Int64}),
}
"""Record types that become events."""

ENTITIES = {
    "SFHeader": pl.Schema({"version": pl.Int64, "exporter": pl.String}),
    "Container": pl.Schema(
        {"id": pl.String, "name": pl.String, "image": pl.String, "imageid": pl.String, "podId": pl.String}
    ),
    "Pod": pl.Schema({"id": pl.String, "name": pl.String, "namespace": pl.String}),
    "Process": pl.Schema(_PROCESS),
    "File": pl.Schema({"oid": pl.Binary, "restype": pl.Int64, "path": pl.String}),
}
"""Record types that later records refer to."""

OPERATIONS = (
    (1 << 1, "exec", "exec"),
    (1 << 2, "exit", "exit"),
    (1 << 3, "setuid", "setuid"),
    (1 << 4, "setns", "setns"),
    (1 << 5, "accept", "accept"),
    (1 << 6, "connect", "connect"),
    (1 << 20, "rename", "rename"),
    (1 << 17, "link", "link"),
    (1 << 19, "symlink", "link"),
    (1 << 18, "unlink", "unlink"),
    (1 << 15, "mkdir", "syscall"),
    (1 << 16, "rmdir", "syscall"),
    (1 << 7, "open", "open"),
    (1 << 0, "clone", "syscall"),
    (1 << 9, "write", "write"),
    (1 << 8, "read", "syscall"),
    (1 << 13, "mmap", "syscall"),
    (1 << 12, "shutdown", "syscall"),
    (1 << 10, "close", "syscall"),
    (1 << 11, "truncate", "syscall"),
    (1 << 14, "digest", "syscall"),
)
"""Operation bits from the most to the least telling: bit, name, event kind."""

OPEN_FLAGS = {
    1 << 2: "O_CREAT",
    1 << 3: "O_APPEND",
    1 << 4: "O_DSYNC",
    1 << 5: "O_EXCL",
    1 << 6: "O_NONBLOCK",
    1 << 7: "O_SYNC",
    1 << 8: "O_TRUNC",
    1 << 9: "O_DIRECT",
    1 << 10: "O_DIRECTORY",
    1 << 11: "O_LARGEFILE",
    1 << 12: "O_CLOEXEC",
    1 << 13: "O_TMPFILE",
}
"""Open flags as the collector's probe numbers them, not as Linux does."""
