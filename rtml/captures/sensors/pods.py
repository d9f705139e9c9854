"""Workloads of Kubernetes: what its pods and containers are copies of."""

from __future__ import annotations

import polars as pl

__all__ = ["controller", "workload"]

_ENDING = r"(-[bcdf-hj-np-tv-z2456789]{6,10})?-[bcdf-hj-np-tv-z2456789]{5}$|-\d+$"
"""What a controller puts behind its name: template hash and random letters, or an ordinal."""


def controller(pod: pl.Expr) -> pl.Expr:
    """Return the name of what made a pod: without template hash, random letters and ordinal.

    Examples
    --------
    >>> pods = pl.DataFrame({"pod": ["web-56f8fc6988-pb8c7", "db-0", "agent-x7k2p", "alone"]})
    >>> pods.select(controller(pl.col("pod")))["pod"].to_list()
    ['web', 'db', 'agent', 'alone']
    """
    return pod.str.replace(_ENDING, "")


def workload(namespace: str, pod: str, container: str, image: str) -> pl.Expr:
    """Return ``namespace/controller/container`` where Kubernetes named the container, else the image.

    Containers of one image are each other's peers.

    Parameters
    ----------
    namespace, pod, container, image
        Names of the columns.

    Examples
    --------
    >>> names = {"n": ["shop", None], "p": ["web-0", None], "c": ["app", "x"], "i": ["web:1", "db:1"]}
    >>> pl.DataFrame(names).select(workload("n", "p", "c", "i")).to_series().to_list()
    ['shop/web/app', 'db:1']
    """
    parts = [pl.col(namespace), controller(pl.col(pod)), pl.col(container)]
    return pl.coalesce(pl.concat_str(parts, separator="/"), image).alias("workload")
