"""Pods as ``kubectl get pods -o json`` prints them: a list, or one of them."""

from __future__ import annotations

from typing import Any

from rtml.captures.inventory.rows import Row, mappings
from rtml.captures.sensors.k8s_audit.values import mapping, word
from rtml.captures.sensors.pods import owner_of

__all__ = ["rows_of"]

_KINDS = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
_SPECS = ("containers", "initContainers", "ephemeralContainers")


def rows_of(value: Any) -> list[Row] | None:
    """Return the containers of pods, those that ended and were started anew too; None: these are no pods.

    Examples
    --------
    >>> status = {"containerID": "containerd://0123456789ab", "name": "app", "image": "web:1"}
    >>> pod = {"kind": "Pod", "metadata": {"name": "web-0", "namespace": "shop"},
    ...        "status": {"containerStatuses": [status]}}
    >>> [(row["container_id"], row["pod"], row["image"]) for row in rows_of({"kind": "List", "items": [pod]})]
    [('containerd://0123456789ab', 'web-0', 'web:1')]
    """
    pods = _pods(value)
    return None if pods is None else [row for pod in pods for row in _containers(pod)]


def _pods(value: Any) -> list[dict[str, Any]] | None:
    if isinstance(value, dict):
        kind, items = value.get("kind"), value.get("items")
        if kind == "Pod":
            return [value]
        if kind == "PodList":
            return mappings(items)
        value = items if kind == "List" else None
    found = [one for one in mappings(value) if one.get("kind") == "Pod"]
    return found or None


def _containers(pod: dict[str, Any]) -> list[Row]:
    about, spec, status = (mapping(pod, name) for name in ("metadata", "spec", "status"))
    common: Row = {
        "namespace": word(about.get("namespace")),
        "pod": word(about.get("name")),
        "service_account": word(spec.get("serviceAccountName")),
        "owner": owner_of(about, word(spec.get("nodeName"))),
    }
    specs = [one for name in _SPECS for one in mappings(spec.get(name))]
    wanted = {word(one.get("name")): word(one.get("image")) for one in specs}
    return [
        {**common, **_container(one, wanted), "container_id": container}
        for name in _KINDS
        for one in mappings(status.get(name))
        for container in _ids(one)
    ]


def _container(status: dict[str, Any], wanted: dict[str | None, str | None]) -> Row:
    image = word(status.get("image"))
    nameless = image is None or image.startswith("sha256:")
    return {
        "container_name": word(status.get("name")),
        "image": wanted.get(word(status.get("name"))) or image if nameless else image,
        "image_id": word(status.get("imageID")),
    }


def _ids(status: dict[str, Any]) -> list[str]:
    """Return the ids of a container: of the one that runs or ended, and of the one before."""
    ended = [mapping(status, state, "terminated").get("containerID") for state in ("state", "lastState")]
    found = [word(one) for one in (status.get("containerID"), *ended)]
    return list(dict.fromkeys(one for one in found if one is not None))
