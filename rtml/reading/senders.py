"""Whose host a wrapper names, as the agent says that shipped the line: many records name none themselves.

Where a relay receives the lines of others, some agents name the relay: so what a head before the line says
(`rtml.captures.sensors.heads`) counts more, and what the record says most.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["sender", "sender_among"]

_NAMES = (
    "kubernetes.host kubernetes.node.name kubernetes.pod_node_name k8s.node.name log.syslog.hostname"
    " _HOSTNAME HOST hostname host.hostname host.name host Computer predecoder.hostname"
    " agent.hostname agent.name beat.hostname"
    " labels.node_name labels.node labels.nodename labels.hostname labels.host"
    " labels.compute.googleapis.com/resource_name resource.labels.node_name"
).split()
"""Where they do, the surest first: the node of a pod, then the machine that wrote, then the one that sent."""
_PATHS = [(name, *name.partition(".")[::2]) for name in _NAMES]
_NOBODY = ("", "-", "unknown")
_LONGEST = 253


def sender(value: Mapping[str, Any]) -> str | None:
    """Return the host that a wrapper names; None where it names none.

    Examples
    --------
    >>> sender({"message": "{}", "host": {"name": "relay"}, "log": {"syslog": {"hostname": "web-1"}}})
    'web-1'
    >>> sender({"log": "{}", "kubernetes": {"host": "node-1", "pod_name": "falco-x"}}), sender({"host": "-"})
    ('node-1', None)
    """
    for whole, first, rest in _PATHS:
        name = _at(value.get(first), rest) if first in value else None
        name = name or (_text(value.get(whole)) if rest else None)
        if name is not None:
            return name
    fields = value.get("fields") if "_index" in value else None
    if not isinstance(fields, dict):
        return None
    return sender({key: given[0] for key, given in fields.items() if isinstance(given, list) and given})


def sender_among(names: list[str]) -> int | None:
    """Return the place of the column that names the host in a table; None where none does.

    Examples
    --------
    >>> sender_among(["_time", "host", "_raw"]), sender_among(["Date", "Line"])
    (1, None)
    """
    lower = [name.strip().lower() for name in names]
    return next((lower.index(name.lower()) for name in _NAMES if name.lower() in lower), None)


def _at(value: Any, path: str) -> str | None:
    if not path:
        return _text(value)
    if not isinstance(value, dict):
        return None
    first, _, rest = path.partition(".")
    whole = _text(value.get(path)) if rest else None
    return whole or (_at(value[first], rest) if first in value else None)


def _text(value: Any) -> str | None:
    is_name = isinstance(value, str) and value not in _NOBODY and len(value) <= _LONGEST
    return value if is_name else None
