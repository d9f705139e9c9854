"""Lists of containers as Kubernetes, a runtime and Docker print them, and a log that they name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

IDS = [f"{i}{'0123456789abcdef' * 4}"[:64] for i in "abcde"]


def alert(second: int, container: str | None, **fields: Any) -> str:
    told = {"evt.type": "open", "proc.pid": 7, "proc.name": "cat", "fd.name": "/etc/passwd"}
    told |= {"container.id": container, "evt.time": 1793520000000000000 + second * 10**9, **fields}
    head = {"rule": "r", "priority": "Notice", "time": "2026-11-01T08:00:00Z", "output": "x"}
    return json.dumps(head | {"output_fields": told}) + "\n"


def log_of(folder: Path, *lines: str) -> Path:
    (folder / "falco.json").write_text("".join(lines))
    return folder / "falco.json"


def pod(name: str, owner: tuple[str, str] | None = None, **status: Any) -> dict[str, Any]:
    references = [{"kind": owner[0], "name": owner[1], "controller": True}] if owner else []
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "ownerReferences": references},
        "spec": {
            "serviceAccountName": "till",
            "nodeName": "n1",
            "containers": [{"name": "app", "image": "web:1"}],
        },
        "status": status,
    }


def running(
    container: str, name: str = "app", image: str = "docker.io/library/web:1", **more: Any
) -> dict[str, Any]:
    return {
        "name": name,
        "containerID": container,
        "image": image,
        "imageID": f"docker.io/library/web@sha256:{'0a' * 32}",
        **more,
    }


def written(folder: Path, value: Any, name: str = "list.json") -> Path:
    (folder / name).write_text(value if isinstance(value, str) else json.dumps(value, indent=4))
    return folder / name


def pods_of(*pods: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": list(pods)}


LABELS = {
    "io.kubernetes.container.name": "app",
    "io.kubernetes.pod.name": "web-5c9f8d7b6-x7k2p",
    "io.kubernetes.pod.namespace": "shop",
}
CRICTL = {
    "containers": [
        {
            "id": IDS[0],
            "podSandboxId": IDS[1],
            "metadata": {"name": "app", "attempt": 0},
            "image": {"image": "sha256:" + "0c" * 32, "userSpecifiedImage": "web:1"},
            "imageRef": "sha256:" + "0c" * 32,
            "labels": LABELS,
        }
    ]
}
DOCKER = [
    {
        "Id": IDS[0],
        "Name": "/k8s_app_web-5c9f8d7b6-x7k2p_shop_uid_0",
        "Image": "sha256:" + "0c" * 32,
        "Config": {"Image": "web:1", "Labels": LABELS},
    }
]
COMPOSE = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web"}
PLAIN = [
    {"Id": IDS[0], "Name": "/shop-web-1", "Config": {"Image": "web:1", "Labels": COMPOSE}},
    {"Id": IDS[1], "Name": "/db", "Config": {"Image": "db:2", "Labels": None}},
]
