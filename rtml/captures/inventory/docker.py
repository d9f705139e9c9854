"""Containers as ``docker inspect`` prints them; podman and nerdctl print the same."""

from __future__ import annotations

from typing import Any

from rtml.captures.inventory.rows import Row, mappings
from rtml.captures.inventory.runtime import labelled
from rtml.captures.sensors.k8s_audit.values import mapping, word

__all__ = ["rows_of"]


def rows_of(value: Any) -> list[Row] | None:
    """Return the containers; None: this is nothing that docker inspect prints of containers.

    Examples
    --------
    >>> labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web"}
    >>> one = {"Id": "0123456789ab", "Name": "/shop-web-1", "Config": {"Image": "web:1", "Labels": labels}}
    >>> row = rows_of([one])[0]
    >>> row["container_name"], row["workload"]
    ('shop-web-1', 'shop/web')
    """
    listed = [value] if isinstance(value, dict) else mappings(value)
    found = [one for one in listed if word(one.get("Id")) and isinstance(one.get("Config"), dict)]
    containers = [one for one in found if "Name" in one]  # an image has an id and a configuration too
    return [_row(one) for one in containers] or None


def _row(one: dict[str, Any]) -> Row:
    config, labels = mapping(one, "Config"), mapping(one, "Config", "Labels")
    kubernetes = labelled(labels)
    described = word(mapping(one, "ImageManifestDescriptor").get("digest"))
    image = word(config.get("Image")) or word(one.get("ImageName"))
    name = (word(one.get("Name")) or "").removeprefix("/") or None
    return {
        **kubernetes,
        "container_id": word(one.get("Id")),
        "container_name": kubernetes["container_name"] or name,
        "image": image,
        "image_id": f"image@{described}" if described else None,
        "workload": None if kubernetes["pod"] else _service(labels),
    }


def _service(labels: dict[str, Any]) -> str | None:
    """Name the service that a container is a copy of, in Compose or in a swarm."""
    project, service = (word(labels.get(f"com.docker.compose.{what}")) for what in ("project", "service"))
    if service is not None:
        return f"{project}/{service}" if project else service
    return word(labels.get("com.docker.swarm.service.name"))
