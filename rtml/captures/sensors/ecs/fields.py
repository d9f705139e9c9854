"""Fields of ECS that are mapped, as auditbeat, Elastic's agents and SysFlow's exporter write them."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.records.fields import Field, Fields

__all__ = ["GENERATIONS", "LISTS"]

_TEXTS = """
@timestamp event/kind event/module event/outcome event/sf_ret event/sf_type event/created event/start
auditd/data/syscall auditd/data/exit auditd/result auditd/data/tty auditd/message_type
auditd/data/socket/family auditd/data/socket/addr auditd/data/socket/port auditd/data/socket/path
process/pid process/ppid process/parent/pid process/executable process/exe process/name process/command_line
process/title process/working_directory process/cwd process/start process/entity_id process/hash/sha256
process/parent/start process/parent/entity_id process/parent/executable process/parent/command_line
user/id user/uid user/effective/id user/euid process/user/id
host/hostname host/name agent/hostname agent/name beat/hostname
container/id container/name container/image/name container/image.name
kubernetes/namespace kubernetes/pod/name orchestrator/namespace orchestrator/resource/name
orchestrator/resource.name
file/path file/target_path file/Ext/original/path
network/direction network/transport network/protocol
source/ip source/port source/bytes destination/ip destination/port destination/bytes
dns/question/name dns/question/type dns/response_code
""".split()

LISTS = (
    *("event/category", "event/type", "event/action", "process/args", "dns/resolved_ip"),
    *("container/image/tag", "container/image.tag"),
)
"""Texts, or lists of them."""

_DOTTED = {
    "host.name": "host.name",
    "container.id": "container.id",
    "pod.name": "kubernetes/pod.name",
    "namespace.name": "kubernetes/namespace.name",
}
"""Where names with dots stand in documents that are nested else (Kubescape's export)."""


def _fields(prefix: str, flat: bool = False) -> Fields:
    def place(name: str) -> str:
        return prefix + (name.replace("/", ".") if flat else name)

    lists: dict[str, Field] = {name: (place(name), pl.List(pl.String())) for name in LISTS}
    dotted: Fields = {} if flat else {name: prefix + path for name, path in _DOTTED.items()}
    return {**{name: place(name) for name in _TEXTS}, **lists, **dotted}


GENERATIONS = (_fields(""), _fields("_source/"), _fields("", flat=True))
"""Nested; as Elasticsearch gives documents back; with dotted names. Some agents write dots inside objects."""
