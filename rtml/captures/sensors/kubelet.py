"""Names that the kubelet gave containers of Docker: ``k8s_<container>_<pod>_<namespace>_<uid>_<attempt>``.

With dockershim and cri-dockerd a sensor that asks Docker tells them, and often nothing else of Kubernetes.
Uid and attempt would make each start of a pod a workload of its own.
"""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.pods import workload

__all__ = ["KUBELET", "SANDBOX", "named_by_kubelet", "sandboxes_by_kubelet"]

KUBELET = r"^/?k8s_(?<part>[^_]+)_(?<pod>[^_]+)_(?<space>[^_]+)_"
SANDBOX = r"^/?k8s_POD_"
"""What only holds the namespaces of a pod."""
_WHOLE = KUBELET + r"[^_]+_\d+$"
_NAMES = ("image", "namespace", "pod", "workload")


def named_by_kubelet(events: pl.DataFrame) -> pl.DataFrame:
    """Return events in which container, pod, namespace and workload are those of the kubelet's names.

    What the sensor itself says of pod and namespace stays.

    Examples
    --------
    >>> name = "k8s_app_web-5c9f8d7b6-x7k2p_shop_75cf460d-dd27-41e7-9d29-19b517dc730f_3"
    >>> rows = pl.DataFrame({"container_name": [name, "web"], "image": ["web:1", "web:1"]})
    >>> named_by_kubelet(rows).select("container_name", "pod", "namespace", "workload").rows()
    [('app', 'web-5c9f8d7b6-x7k2p', 'shop', 'shop/web/app'), ('web', None, None, None)]
    """
    if not _any(events, _WHOLE):
        return events
    absent = [pl.lit(None, pl.String).alias(name) for name in _NAMES if name not in events.columns]
    rows = events.with_columns(absent)
    names = pl.col("container_name").str.extract_groups(_WHOLE).struct
    told = rows.with_columns(
        _part=names["part"],
        pod=pl.coalesce("pod", names["pod"]),
        namespace=pl.coalesce("namespace", names["space"]),
    )
    own, whole = pl.col("workload"), pl.col("container_name")
    of_names = own.is_null() | (own == pl.col("image")) | own.str.ends_with(whole)
    by_names = workload("namespace", "pod", "_part", "image")
    return told.with_columns(
        container_name=pl.coalesce("_part", whole),
        workload=pl.when(pl.col("_part").is_not_null() & of_names.fill_null(True))
        .then(by_names)
        .otherwise(own),
    ).drop("_part")


def sandboxes_by_kubelet(containers: pl.DataFrame) -> pl.DataFrame:
    """Return containers (`rtml.captures.sensors.contract`); those that only hold a pod have a role.

    Examples
    --------
    >>> rows = pl.DataFrame({"container_name": ["k8s_POD_web-0_shop_75cf_0"], "role": [None]})
    >>> sandboxes_by_kubelet(rows)["role"].to_list()
    ['infrastructure']
    """
    if not _any(containers, SANDBOX):
        return containers
    sandbox = pl.col("container_name").str.contains(SANDBOX)
    return containers.with_columns(
        role=pl.when(sandbox).then(pl.lit("infrastructure")).otherwise(pl.col("role").cast(pl.String))
    )


def _any(rows: pl.DataFrame, names: str) -> bool:
    """Tell whether any container is called so; most files have few names, or none."""
    if rows.schema.get("container_name") != pl.String:
        return False
    return bool(rows["container_name"].unique().drop_nulls().str.contains(names).any())
