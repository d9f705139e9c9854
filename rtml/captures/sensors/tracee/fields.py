"""Fields of Tracee's events that are mapped: flat and nested ones side by side, and those of ``v1beta1``."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.records import JSON
from rtml.captures.sensors.records.fields import Fields

__all__ = ["CAPITALS", "GENERATIONS", "NAMED", "NEW", "TYPED"]

TYPED = ("str", "int32", "int64", "uInt32", "uInt64", "bool")
"""Keys under which a value stands where its type is said, as protobuf writes it."""

_ARGUMENT = pl.Struct(
    {
        "name": pl.String(),
        "argMeta": pl.Struct({"name": pl.String()}),
        "value": JSON,
        **dict.fromkeys(TYPED, pl.String()),
        "sockaddr": JSON,
        "strArray": pl.Struct({"value": JSON}),
    }
)
_ANCESTOR = pl.Struct(
    {
        "unique_id": pl.String(),
        "host_pid": pl.String(),
        "executable": pl.Struct({"path": pl.String()}),
        "real_user": pl.Struct({"id": pl.String()}),
        "thread": pl.Struct({"start_time": pl.String()}),
    }
)

NAMED: Fields = {
    "at": "timestamp",
    "call": "eventName",
    "mark": "returnValue",
    "started_at": "threadStartTime",
    "own_pid": "processId",
    "host_pid": "hostProcessId",
    "host_ppid": "hostParentProcessId",
    "host_tid": "hostThreadId",
    "user": "userId",
    "process_name": "processName",
    "program": "executable/path",
    "hostName": "hostName",
    "entity": "processEntityId",
    "parent_entity": "parentEntityId",
    "flat.id": "containerId",
    "flat.name": "containerName",
    "flat.image": "containerImage",
    "flat.digest": "containerImageDigest",
    "flat.pod": "podName",
    "flat.namespace": "podNamespace",
    "flat.sandbox": "podSandbox",
    "id": "container/id",
    "name": "container/name",
    "image_name": "container/image",
    "digest": "container/imageDigest",
    "pod_name": "kubernetes/podName",
    "pod_namespace": "kubernetes/podNamespace",
    "sandbox": "kubernetes/podSandbox",
    "syscall": "syscall",
    "detection": "metadata/Properties/Severity",
    "args": ("args", pl.List(_ARGUMENT)),
}
"""To v0.12 names of containers and pods stand on top, from v0.13 to v0.24 in objects; some have both."""

CAPITALS: Fields = {
    **NAMED,
    "own_pid": "processID",
    "host_pid": "hostProcessID",
    "host_ppid": "hostParentProcessID",
    "host_tid": "hostThreadID",
    "user": "userID",
}
"""The oldest spelling: ``ID`` in capitals."""

ALERT: Fields = {
    **{
        name: f"Context/{field}" if isinstance(field, str) else (f"Context/{field[0]}", field[1])
        for name, field in NAMED.items()
    },
    "detection": "SigMetadata/Properties/Severity",
}
"""What tracee-rules wrote: the event inside an alert."""

_PROCESS = "workload/process"
NEW: Fields = {
    "at": "timestamp",
    "call": "name",
    "mark": "id",
    "host_pid": f"{_PROCESS}/host_pid",
    "own_pid": f"{_PROCESS}/pid",
    "host_tid": f"{_PROCESS}/thread/host_tid",
    "started_at": f"{_PROCESS}/thread/start_time",
    "user": f"{_PROCESS}/real_user/id",
    "process_name": f"{_PROCESS}/thread/name",
    "program": f"{_PROCESS}/executable/path",
    "entity": f"{_PROCESS}/unique_id",
    "syscall": f"{_PROCESS}/thread/syscall",
    "ancestors": (f"{_PROCESS}/ancestors", pl.List(_ANCESTOR)),
    "id": "workload/container/id",
    "name": "workload/container/name",
    "image_name": "workload/container/image/name",
    "digests": ("workload/container/image/repo_digests", pl.List(pl.String())),
    "image_id": "workload/container/image/id",
    "pod_name": "workload/k8s/pod/name",
    "pod_namespace": "workload/k8s/namespace/name",
    "detection": "threat/severity",
    "args": ("data", pl.List(_ARGUMENT)),
}
"""``v1beta1``, as its marshaller writes it: times as text, bare numbers, what a call returned in ``data``."""

GENERATIONS: tuple[Fields, ...] = (NAMED, CAPITALS, NEW, ALERT)
