"""Alerts of the node-agent as Alertmanager has them: labels of rule, container and process, and a message."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.kubescape.messages import said_in
from rtml.captures.sensors.records import JSON
from rtml.captures.sensors.records.fields import Fields

__all__ = ["LABELLED", "of_labels"]

_LABELS = {
    "rule_id": "rule",
    "rule_name": "alert",
    "container_id": "k8s.containerID",
    "container_name": "k8s.containerName",
    "namespace": "k8s.namespace",
    "pod_name": "k8s.podName",
    "pid": "infected",
}
"""Labels, and the columns of the agent's own log in which the same stands."""
_OF_PROCESS = ("pid", "ppid", "comm", "pcomm", "uid")

LABELLED: Fields = {
    "rule": "labels/alertname",
    "base": ("annotations", JSON),
    "label.at": "startsAt",
    "label.status": "status",
    **{
        f"label.{name}": f"labels/{name}"
        for name in dict.fromkeys((*_LABELS, *_OF_PROCESS, "node_name", "host"))
    },
}

_OURS = "KubescapeRuleViolated"


def of_labels(rows: pl.DataFrame) -> pl.DataFrame:
    """Return alerts in which what labels and messages say stands where the agent's own log has it.

    Adds ``notice``: what a record of Alertmanager is that is no event.

    Parameters
    ----------
    rows
        ``generation`` (from 1 on: of Alertmanager), the columns of `LABELLED`, and those of the log.
    """
    labelled = pl.col("generation") > 0
    if not rows.select(labelled.any()).item():
        return rows.with_columns(notice=pl.lit(None, pl.String))
    arguments = said_in(rows["message"])
    whole = rows.join(arguments, on="message", how="left", maintain_order="left", suffix=":said")
    same = {name: pl.coalesce(name, f"{name}:said") for name in arguments.columns if name != "message"}
    labels = {column: f"label.{name}" for name, column in _LABELS.items()}
    return whole.with_columns(
        **same,
        **{name: pl.when(labelled).then(label).otherwise(name) for name, label in labels.items()},
        **{
            "notice": pl.when(labelled).then(_notice()),
            "at": pl.coalesce("at", "label.at"),
            # The agent's own host is often the name of its pod: only where no node is named.
            "k8s.nodeName": pl.coalesce("k8s.nodeName", "label.node_name", "label.host"),
            "tree": pl.when(labelled).then(_tree()).otherwise("tree"),
        },
    )


def _notice() -> pl.Expr:
    """Say why a record is no event; Alertmanager has alerts of all makers, and says when one is over."""
    name = pl.col("rule")
    return (
        pl.when(~name.str.starts_with("Kubescape"))
        .then(pl.lit("an alert of another maker"))
        .when(name != _OURS)
        .then(pl.lit("an alert about a file, of no process"))
        .when(pl.col("label.status") == "resolved")
        .then(pl.lit("a notice that an alert is over"))
    )


def _tree() -> pl.Expr:
    """Return a tree of the one process that labels tell of (`rtml.captures.sensors.kubescape.trees`)."""
    others = [pl.col(f"label.{name}").alias(name) for name in _OF_PROCESS if name != "pid"]
    pid = pl.col("label.pid")
    process = pl.struct(pl.when(pid != "0").then(pid).alias("pid"), *others)
    return pl.struct(process.alias("processTree")).struct.json_encode()
