"""Alerts of Falco: ``rule, priority, time, tags, output_fields``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rtml.findings.formats.contract import Alert, Format, alert, nested
from rtml.findings.levels import level_of

__all__ = ["FALCO", "falco"]


def falco(record: Mapping[str, Any]) -> Alert:
    """Read one alert of Falco."""
    fields = nested(record, "output_fields")
    tags = record.get("tags")
    image, tag = fields.get("container.image.repository"), fields.get("container.image.tag")
    return alert(
        record.get("rule"),
        record.get("time"),
        level_of(str(record.get("priority", ""))),
        [str(tag) for tag in tags] if isinstance(tags, list) else [],
        host=record.get("hostname"),
        container_id=fields.get("container.id"),
        container_name=fields.get("container.name"),
        pod=fields.get("k8s.pod.name"),
        namespace=fields.get("k8s.ns.name"),
        image=f"{image}:{tag}" if image and tag else image,
    )


FALCO = Format("falco", falco)
