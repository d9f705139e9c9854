"""Containers as ``crictl ps -o json`` lists them, and as ``crictl inspect`` prints one."""

from __future__ import annotations

from typing import Any

from rtml.captures.inventory.rows import Row, mappings
from rtml.captures.sensors.k8s_audit.values import mapping, word

__all__ = ["labelled", "rows_of"]


def rows_of(value: Any) -> list[Row] | None:
    """Return the containers of a list; None: this is none of crictl.

    Examples
    --------
    >>> labels = {"io.kubernetes.pod.name": "web-0", "io.kubernetes.pod.namespace": "shop"}
    >>> one = {"id": "0123456789ab", "metadata": {"name": "app"}, "labels": labels}
    >>> rows_of({"containers": [one]})[0]["pod"], rows_of({"containers": [{"name": "app"}]})
    ('web-0', None)
    """
    if isinstance(value, list):
        listed = [mapping(one, "status") for one in mappings(value)]
    else:
        status = mapping(value, "status")
        listed = [status] if status else mappings(mapping(value).get("containers"))
        if not listed and mapping(value).get("containers") == []:
            return []
    found = [one for one in listed if word(one.get("id")) and "metadata" in one]
    return [_row(one) for one in found] or None


def _row(one: dict[str, Any]) -> Row:
    image = mapping(one, "image")
    names = [image.get("userSpecifiedImage"), image.get("image")]
    called = [name for name in map(word, names) if name is not None and not name.startswith("sha256:")]
    return {
        **labelled(mapping(one, "labels")),
        "container_id": word(one.get("id")),
        "container_name": word(mapping(one, "metadata").get("name")),
        "image": called[0] if called else None,
        "image_id": word(one.get("imageRef")),
    }


def labelled(labels: dict[str, Any]) -> Row:
    """Return what the labels say that the kubelet puts on every container."""
    names = {"container_name": "container.name", "pod": "pod.name", "namespace": "pod.namespace"}
    return {column: word(labels.get(f"io.kubernetes.{name}")) for column, name in names.items()}
