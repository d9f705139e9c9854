"""Workloads of Kubernetes: what its pods and containers are copies of."""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from rtml.captures.sensors.k8s_audit.values import items, mapping, word
from rtml.distinct import by_distinct

__all__ = ["controller", "owner_of", "without_hash", "workload"]

_SAFE = "[bcdf-hj-np-tv-z2456789]"
_MINUTE = r"\d{8,10}"
_ENDING = rf"(-(?:{_SAFE}{{6,10}}|{_MINUTE}))?-{_SAFE}{{5}}$|-\d+$"
"""What controllers put behind their names: template hash or minute and random letters, or an ordinal."""

_HASHES = {
    "ReplicaSet": re.compile(rf"-{_SAFE}{{6,10}}$"),
    "Job": re.compile(rf"-(?:{_MINUTE}|{_SAFE}{{5}})$"),
}


def controller(pod: pl.Expr) -> pl.Expr:
    """Return the name of what made a pod: without template hash, random letters and ordinal.

    Examples
    --------
    >>> pods = ["web-56f8fc6988-pb8c7", "db-0", "agent-x7k2p", "backup-28391000-x7k2p", "alone"]
    >>> pl.DataFrame({"pod": pods}).select(controller(pl.col("pod")))["pod"].to_list()
    ['web', 'db', 'agent', 'backup', 'alone']
    """
    return by_distinct(pod, _controller)


def _controller(pod: pl.Expr) -> pl.Expr:
    return pod.str.replace(_ENDING, "")


def workload(namespace: str, pod: str, container: str, image: str) -> pl.Expr:
    """Return ``namespace/controller/container`` as far as Kubernetes named them, else the image.

    Containers of one image are each other's peers; those of pods are not, whose images are often the same. A
    pod of which neither namespace nor image is known is that of its controller.

    Parameters
    ----------
    namespace, pod, container, image
        Names of the columns.

    Examples
    --------
    >>> names = {"n": ["shop", None, "shop", None], "p": ["web-0", None, "db-0", "till-1"]}
    >>> rows = pl.DataFrame({**names, "c": ["app", "x", None, None], "i": ["web:1", "db:1", "alpine", None]})
    >>> rows.select(workload("n", "p", "c", "i")).to_series().to_list()
    ['shop/web/app', 'db:1', 'shop/db', 'till']
    """
    of_pod = [pl.col(namespace), controller(pl.col(pod))]
    whole, pods = (pl.concat_str(parts, separator="/") for parts in ([*of_pod, pl.col(container)], of_pod))
    return pl.coalesce(whole, pods, image, of_pod[1]).alias("workload")


def without_hash(kind: str | None, name: str) -> str:
    """Return the name of what made a pod's owner: a deployment, a schedule; else the owner's own.

    Examples
    --------
    >>> without_hash("ReplicaSet", "web-56f8fc6988"), without_hash("Job", "backup-28391000")
    ('web', 'backup')
    >>> without_hash("ReplicaSet", "web-server"), without_hash("StatefulSet", "db-74")
    ('web-server', 'db-74')
    """
    return _HASHES[kind].sub("", name) if kind in _HASHES else name


def owner_of(metadata: dict[str, Any], node: str | None = None) -> str | None:
    """Return the name of what a pod is a copy of, by its owner references; null where it has none.

    Parameters
    ----------
    metadata
        Of the pod.
    node
        Where it runs: the kubelet puts that behind the name of a static pod.

    Examples
    --------
    >>> owner_of({"ownerReferences": [{"kind": "ReplicaSet", "name": "web-56f8fc6988", "controller": True}]})
    'web'
    >>> owner_of({"name": "etcd-n1", "ownerReferences": [{"kind": "Node", "name": "n1"}]}, "n1")
    'etcd'
    """
    owners = [mapping(owner) for owner in items(metadata.get("ownerReferences"))]
    owners = [owner for owner in owners if word(owner.get("name"))]
    owners.sort(key=lambda owner: owner.get("controller") is not True)
    for owner in owners:
        kind, name = word(owner.get("kind")), word(owner.get("name")) or ""
        if kind == "Node":
            return (word(metadata.get("name")) or name).removesuffix(f"-{node or name}")
        return without_hash(kind, name)
    return None
