"""Sigma selections that single events suggest: for each kind of event a few, the broadest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

__all__ = ["Draft", "drafts", "escaped"]

_PROGRAM = {"Image": "exe"}
_CATEGORIES: dict[str, tuple[str, list[dict[str, str]]]] = {
    "exec": (
        "process_creation",
        [{"Image": "exe", "ParentImage": "parent"}, {"Image": "exe", "CommandLine": "cmdline"}],
    ),
    "read": ("file_access", [{"TargetFilename": "path"}, {**_PROGRAM, "TargetFilename": "path"}]),
    "written": ("file_event", [{**_PROGRAM, "TargetFilename": "target"}]),
    "unlink": ("file_delete", [{**_PROGRAM, "TargetFilename": "path"}]),
    "chmod": ("file_mode", [{**_PROGRAM, "TargetFilename": "path"}]),
    "connect": (
        "network_connection",
        [
            {"DestinationIp": "dst_ip", "DestinationPort": "dst_port"},
            {**_PROGRAM, "DestinationIp": "dst_ip", "DestinationPort": "dst_port"},
        ],
    ),
    "socket": ("local_socket", [{**_PROGRAM, "SocketPath": "socket_path"}]),
    "dns": ("dns_query", [{"QueryName": "domain"}, {**_PROGRAM, "QueryName": "domain"}]),
    "listen": ("network_listen", [{**_PROGRAM, "SourcePort": "src_port"}]),
    "bind": ("network_listen", [{**_PROGRAM, "SourcePort": "src_port"}]),
    "ptrace": ("process_access", [{**_PROGRAM, "Request": "request"}]),
    "vm_write": ("process_access", [{**_PROGRAM, "Request": "request"}]),
    "memfd": ("memory_file", [{**_PROGRAM, "TargetFilename": "path"}]),
    "mount": ("mount", [{**_PROGRAM, "MountPoint": "path"}]),
    "module_load": ("kernel_module", [{**_PROGRAM, "ModulePath": "path"}]),
    "kill": ("signal", [{**_PROGRAM, "Signal": "request"}]),
    **dict.fromkeys(
        ("syscall", "userfaultfd", "bpf", "capset", "setuid", "unshare", "setns"),
        ("system_call", [{**_PROGRAM, "SystemCall": "request"}]),
    ),
}
"""Kind of event to Sigma's category, and per draft the field of Sigma to the column of the event."""

_WRITTEN = ("create", "write", "rename", "link")


@dataclass(frozen=True)
class Draft:
    """A selection of one category; ``rank`` is that of its event (0: the weightiest) and its breadth."""

    category: str
    selection: tuple[tuple[str, Any], ...]
    rank: tuple[int, int]


def drafts(events: pl.DataFrame) -> list[Draft]:
    """Return what events suggest, each selection once.

    Parameters
    ----------
    events
        Weightiest first: ``kind``, the columns of `rtml.schema.EVENT` and ``parent``, the parent's program.

    Returns
    -------
    Per event the broadest draft first. Events that lack a field that a draft needs suggest nothing.

    Examples
    --------
    >>> event = {"kind": "dns", "exe": "/bin/x", "domain": "a.test"}
    >>> [dict(draft.selection) for draft in drafts(pl.DataFrame([event]))]
    [{'QueryName': 'a.test'}, {'Image': '/bin/x', 'QueryName': 'a.test'}]
    """
    listed: dict[tuple[Any, ...], Draft] = {}
    for place, event in enumerate(events.iter_rows(named=True)):
        for draft in _of(event, place):
            listed.setdefault((draft.category, draft.selection), draft)
    return list(listed.values())


def _of(event: dict[str, Any], place: int) -> Iterator[Draft]:
    category, shapes = _CATEGORIES.get(_kind(event), ("", []))
    values = {**event, "target": event.get("path_to") or event.get("path")}
    for breadth, shape in enumerate(shapes):
        filled = {field: values.get(column) for field, column in shape.items()}
        if all(value not in (None, "") for value in filled.values()):
            tests = {field: escaped(value) for field, value in filled.items()}
            yield Draft(category, tuple(tests.items()), (place, breadth))


def _kind(event: dict[str, Any]) -> str:
    """Return the kind, with what tells two categories of it apart."""
    kind = str(event["kind"])
    if kind in _WRITTEN or (kind == "open" and event.get("wrote")):
        return "written"
    if kind == "open":
        return "read"
    return "socket" if kind == "connect" and event.get("socket_path") else kind


def escaped(value: Any) -> Any:
    r"""Return a value that means itself in a Sigma rule: wildcards and backslashes are escaped.

    Examples
    --------
    >>> print(escaped("a*b?c\\d"), escaped(443))
    a\*b\?c\\d 443
    """
    if not isinstance(value, str):
        return value
    return value.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")
