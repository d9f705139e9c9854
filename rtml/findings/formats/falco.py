"""Alerts of Falco: ``rule, priority, time, tags, output_fields``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rtml.findings.formats.contract import Alert, Format, Lost, Reject, alert, nested, text
from rtml.findings.levels import level_of

__all__ = ["FALCO", "falco"]


def falco(record: Mapping[str, Any]) -> Alert:
    """Read one alert of Falco; its own report of dropped system calls is `Lost`."""
    fields = _dotted(nested(record, "output_fields"))
    source = text(record.get("source")) or "syscall"
    if source == "internal":
        raise _own(fields)
    if source != "syscall" and text(fields.get("container.id")) is None:
        raise Reject(f"of source {source}, about no container")
    tags = record.get("tags")
    container = text(fields.get("container.full_id")) or fields.get("container.id")
    image, tag = (text(fields.get(f"container.image.{part}")) for part in ("repository", "tag"))
    return alert(
        record.get("rule"),
        record.get("time"),
        level_of(str(record.get("priority", ""))),
        [str(tag) for tag in tags] if isinstance(tags, list) else [],
        host=record.get("hostname"),
        container_id=container,
        container_name=fields.get("container.name"),
        pod=fields.get("k8s.pod.name"),
        namespace=fields.get("k8s.ns.name"),
        image=f"{image}:{tag}" if image and tag else image,
        image_digest=fields.get("container.image.digest"),
        output=record.get("output"),
        pid=fields.get("proc.pid"),
        user=text(fields.get("user.name")) or fields.get("user.uid"),
        exe=text(fields.get("proc.exepath")) or fields.get("proc.name"),
        exe_sha256=fields.get("proc.hash.sha256"),
        cmdline=fields.get("proc.cmdline"),
        cwd=fields.get("proc.cwd"),
        path=fields.get("fs.path.name") or _path(fields),
        **_remote(fields),
    )


def _dotted(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give names their dots again, where Falcosidekick was told to write none (``flattenfields``)."""
    if any("." in name for name in fields) or not any("_" in name for name in fields):
        return fields
    named = {name.replace("_", "."): value for name, value in fields.items()}
    return {**fields, **named, "container.full_id": named.get("container.full.id")}


def _path(fields: Mapping[str, Any]) -> str | None:
    """Return the file of a descriptor; the name of a socket is none."""
    name = text(fields.get("fd.name"))
    return name if name and name.startswith("/") else None


def _remote(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the other side of a connection, else the server's."""
    side = "r" if text(fields.get("fd.rip")) else "s"
    address = text(fields.get(f"fd.{side}ip"))
    if address is None:
        return {}
    return {"dst_ip": address, "dst_port": fields.get(f"fd.{side}port"), "protocol": fields.get("fd.l4proto")}


def _own(fields: Mapping[str, Any]) -> Reject:
    """Falco speaks of itself: of what it dropped, or of something else."""
    lost = str(fields.get("n_drops", ""))
    # Counts stand as text in some versions; no capture holds 2**53 events.
    return Lost(int(lost)) if re.fullmatch(r"[0-9]{1,15}", lost) else Reject("a message of Falco itself")


FALCO = Format("falco", falco, writers=("falco",))
