"""Fields of the alerts that are mapped. Parts of an alert are objects, or texts of objects: read alike."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.kubescape.labels import of_labels
from rtml.captures.sensors.records import JSON
from rtml.captures.sensors.records.fields import Fields, table_of
from rtml.captures.sensors.records.values import with_said

__all__ = ["FIELDS", "told"]

FIELDS: Fields = {
    "rule": "RuleID",
    "base": ("BaseRuntimeMetadata", JSON),
    "k8s": ("RuntimeK8sDetails", JSON),
    "process": ("RuntimeProcessDetails", JSON),
    "event": ("event", JSON),
}

_NETWORK = "identifiers/network"
_PARTS: dict[str, Fields] = {
    "base": {
        "alert": "alertName",
        "at": "timestamp",
        "infected": "infectedPID",
        "message": "message",
        **{
            name: f"arguments/{name}"
            for name in ("exec", "retval", "path", "syscall", "domain", "port", "ip")
        },
        **{
            name: f"arguments/{name}"
            for name in ("oldPath", "newPath", "proto", "protocol", "module", "address")
        },
        "capability": "arguments/capability",
        "words": ("arguments/args", pl.List(pl.String())),
        "flag_words": ("arguments/flags", pl.List(pl.String())),
        "addresses": ("arguments/addresses", pl.List(pl.String())),
        "named.domain": f"{_NETWORK}/domain",
        "named.address": f"{_NETWORK}/address",
        "named.port": f"{_NETWORK}/dstPort",
        "named.protocol": f"{_NETWORK}/protocol",
        "named.path": "identifiers/file/path",
        "named.directory": "identifiers/file/directory",
        "named.file": "identifiers/file/name",
    },
    "k8s": {
        **{
            f"k8s.{name}": name
            for name in (
                "clusterName containerName image imageDigest namespace podNamespace podName containerID"
                " workloadName workloadNamespace nodeName"
            ).split()
        }
    },
    "process": {"tree.container": "containerID"},
    "event": {
        "node": "k8s/node",
        "event.at": "timestamp",
        "event.container": "runtime/containerId",
        "event.name": "runtime/containerName",
        "event.image": "runtime/containerImageName",
        "event.digest": "runtime/containerImageDigest",
    },
}


def told(rows: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each alert, of what its parts, or its labels, say; null where a part is no object.

    ``tree`` is the part with the tree of processes, as text (`rtml.captures.sensors.kubescape.trees`).
    """
    objects = rows.select(pl.when(pl.col(part).str.starts_with("{")).then(part) for part in _PARTS)
    tables = [table_of(objects[part].fill_null("{}"), fields)[0] for part, fields in _PARTS.items()]
    parts = with_said(pl.concat(tables, how="horizontal"))
    whole = rows.drop(*_PARTS).hstack(parts).with_columns(objects["process"].alias("tree"))
    return of_labels(whole)
