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
    fields = nested(record, "output_fields")
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
    )


def _own(fields: Mapping[str, Any]) -> Reject:
    """Falco speaks of itself: of what it dropped, or of something else."""
    lost = str(fields.get("n_drops", ""))
    # Counts stand as text in some versions; no capture holds 2**53 events.
    return Lost(int(lost)) if re.fullmatch(r"[0-9]{1,15}", lost) else Reject("a message of Falco itself")


FALCO = Format("falco", falco)
