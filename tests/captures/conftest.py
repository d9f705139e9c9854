"""Write SysFlow files for tests, so that each kind of damage can be made on purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import fastavro
import pytest

TIME = 1_600_000_000_000_000_000
FOID = b"f" * 20
_OID = {
    "type": "record",
    "name": "sysflow.type.OID",
    "fields": [
        {"name": "createTS", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "hpid", "type": "long"},
    ],
}
_FOID = {"type": "fixed", "name": "sysflow.type.FOID", "size": 20}
_FIELDS = {
    "SFHeader": {"version": "long", "exporter": "string"},
    "Container": {
        "id": "string",
        "name": "string",
        "image": "string",
        "imageid": "string",
        "podId": ["null", "string"],
    },
    "Pod": {"id": "string", "name": "string", "namespace": "string"},
    "Process": {
        "oid": _OID,
        "poid": ["null", "sysflow.type.OID"],
        "ts": "long",
        "exe": "string",
        "exeArgs": "string",
        "uid": "int",
        "tty": "boolean",
        "containerId": ["null", "string"],
        "entry": "boolean",
        "cwd": "string",
    },
    "File": {"oid": _FOID, "restype": "int", "path": "string"},
    "ProcessEvent": {
        "procOID": "sysflow.type.OID",
        "ts": "long",
        "tid": "long",
        "opFlags": "int",
        "args": {"type": "array", "items": "string"},
        "ret": "int",
    },
    "FileEvent": {
        "procOID": "sysflow.type.OID",
        "ts": "long",
        "tid": "long",
        "opFlags": "int",
        "fileOID": "sysflow.type.FOID",
        "ret": "int",
        "newFileOID": ["null", "sysflow.type.FOID"],
    },
    "ProcessFlow": {
        "procOID": "sysflow.type.OID",
        "ts": "long",
        "opFlags": "int",
        "numThreadsCloned": "long",
        "numThreadsExited": "long",
    },
    "FileFlow": {
        "procOID": "sysflow.type.OID",
        "ts": "long",
        "tid": "long",
        "opFlags": "int",
        "openFlags": "int",
        "fileOID": "sysflow.type.FOID",
        "numRRecvOps": "long",
        "numWSendOps": "long",
        "numRRecvBytes": "long",
        "numWSendBytes": "long",
    },
    "NetworkFlow": {
        "procOID": "sysflow.type.OID",
        "ts": "long",
        "tid": "long",
        "opFlags": "int",
        "sip": "int",
        "sport": "int",
        "dip": "int",
        "dport": "int",
        "proto": "int",
        "numRRecvOps": "long",
        "numWSendOps": "long",
        "numRRecvBytes": "long",
        "numWSendBytes": "long",
    },
    "K8sEvent": {"ts": "long", "message": "string"},
    "Quantum": {"spin": "int"},
}
_BLANK = {
    "Container": {"name": "", "image": "", "imageid": "", "podId": None},
    "Process": {
        "poid": None,
        "ts": TIME,
        "exe": "/bin/sh",
        "exeArgs": "",
        "uid": 0,
        "tty": False,
        "containerId": None,
        "entry": False,
        "cwd": "/",
    },
    "File": {"oid": FOID, "restype": ord("f"), "path": "/etc/passwd"},
    "ProcessEvent": {"ts": TIME, "tid": 7, "opFlags": 2, "args": [], "ret": 0},
    "FileEvent": {"ts": TIME, "tid": 7, "opFlags": 1 << 18, "fileOID": FOID, "ret": 0, "newFileOID": None},
    "ProcessFlow": {"ts": TIME, "opFlags": 5, "numThreadsCloned": 1, "numThreadsExited": 0},
    "FileFlow": {
        "ts": TIME,
        "tid": 7,
        "opFlags": 128,
        "openFlags": 1,
        "fileOID": FOID,
        "numRRecvOps": 0,
        "numWSendOps": 0,
        "numRRecvBytes": 0,
        "numWSendBytes": 0,
    },
    "NetworkFlow": {
        "ts": TIME,
        "tid": 7,
        "opFlags": 64,
        "sip": 0,
        "sport": 0,
        "dip": 0,
        "dport": 0,
        "proto": 6,
        "numRRecvOps": 0,
        "numWSendOps": 0,
        "numRRecvBytes": 0,
        "numWSendBytes": 0,
    },
}
SCHEMA = {
    "type": "record",
    "name": "sysflow.SysFlow",
    "fields": [
        {
            "name": "rec",
            "type": [
                {
                    "type": "record",
                    "name": f"sysflow.{name}",
                    "fields": [{"name": field, "type": kind} for field, kind in fields.items()],
                }
                for name, fields in _FIELDS.items()
            ],
        }
    ],
}

HEADER = ("SFHeader", {"version": 4, "exporter": "node-1"})


def oid(pid: int, created: int = TIME) -> dict[str, int]:
    return {"hpid": pid, "createTS": created}


Record = tuple[str, dict[str, object]]
Write = Callable[..., Path]


def write_records(path: Path, records: Iterable[Record], **options: object) -> Path:
    """Write records, given as (type, fields); fields that are left out get plain values."""
    rows = [{"rec": (f"sysflow.{kind}", _BLANK.get(kind, {}) | body)} for kind, body in records]
    with path.open("wb") as file:
        fastavro.writer(file, SCHEMA, rows, **{"codec": "deflate"} | options)
    return path


@pytest.fixture
def write_sysflow(tmp_path: Path) -> Write:
    """Write records into a file of the test."""

    def write(*records: Record, **options: object) -> Path:
        return write_records(tmp_path / "made.sf", records, **options)

    return write
