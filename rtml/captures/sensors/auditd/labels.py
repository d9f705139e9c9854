"""Labels of SELinux that tell containers: each has a pair of categories of its own (``s0:c57,c214``).

Container runtimes draw a pair for each container, Kubernetes one for all containers of a pod, OpenShift one
for all pods of a namespace. A privileged container has none, and the runtime itself has all.
"""

from __future__ import annotations

import polars as pl

__all__ = ["container_by_label"]

_LABEL = (
    r"^[^: ]{1,64}:[^: ]{1,64}:(?:container_(?:t|init_t|kvm_t|userns_t|user_t|logreader_t|logwriter_t"
    r"|device_t|device_plugin_t|device_plugin_init_t|engine_t)|svirt_lxc_net_t):s0:(c\d{1,4},c\d{1,4})$"
)


def container_by_label(label: pl.Expr, host: pl.Expr) -> pl.Expr:
    """Return what stands in the place of a container's id: its categories on its host; null for all else.

    Examples
    --------
    >>> domains = ["container_t:s0:c57,c214", "spc_t:s0", "svirt_t:s0:c1,c2"]
    >>> domains += ["container_runtime_t:s0-s0:c0.c1023"]
    >>> labels = [f"system_u:system_r:{domain}" for domain in domains]
    >>> rows = pl.DataFrame({"label": labels, "host": "web-1"})
    >>> rows.select(container_by_label(pl.col("label"), pl.col("host"))).to_series().to_list()
    ['c57,c214@web-1', None, None, None]
    """
    return (label.str.extract(_LABEL) + "@" + host).alias("container_id")
