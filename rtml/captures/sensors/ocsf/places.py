"""Where a record of OCSF happened: container, pod, host, account."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.containers import container_id, digest, image_name, plain_image
from rtml.captures.sensors.ocsf.fields import PLACES
from rtml.captures.sensors.records.values import named
from rtml.distinct import by_distinct

__all__ = ["ours_is_source", "places"]


def places() -> dict[str, pl.Expr]:
    """Return ``account, host, container_id, container_name, image, image_digest, namespace, pod``.

    Flows and queries that a cloud's network saw name no container: the network interface, or the instance,
    or the address that asked stands in its place, so that destinations of each are held together.
    """
    image, tag = _of("image/name"), _of("image/tag")
    is_whole = by_distinct(image, _has_tag, pl.Boolean())
    tagged = pl.when(is_whole).then(image).otherwise(image_name(image, tag))
    network = pl.col("class_uid").is_in(["4001", "4003"]) & pl.col("pid").is_null()
    return {
        "account": pl.coalesce("cloud/account_uid", "cloud/account/uid"),
        "host": pl.coalesce(
            "device/hostname",
            "device/name",
            "device/instance_uid",
            "device/uid",
            "src_endpoint/instance_uid",
            "src_endpoint/vpc_uid",
            "dst_endpoint/instance_uid",
            "dst_endpoint/vpc_uid",
            "device/ip",
            pl.lit("unknown"),
        ),
        "container_id": pl.coalesce(container_id(_of("uid")), pl.when(network).then(_stand_in())),
        "container_name": named(_of("name")),
        "image": plain_image(named(tagged)),
        "image_digest": digest(pl.coalesce(_of("image/uid"), _of("image/name"))),
        "namespace": by_distinct(_of("labels"), _namespace),
        "pod": by_distinct(_of("labels"), _pod),
    }


def ours_is_source() -> pl.Expr:
    """Say whether the source of a flow is ours: it has an interface, or the flow leaves."""
    way = pl.col("connection_info/direction_id").replace_strict(
        {"1": False, "2": True}, default=None, return_dtype=pl.Boolean
    )
    has = pl.col("src_endpoint/interface_uid").is_not_null() & pl.col("dst_endpoint/interface_uid").is_null()
    other = (
        pl.col("dst_endpoint/interface_uid").is_not_null() & pl.col("src_endpoint/interface_uid").is_null()
    )
    return pl.coalesce(way, pl.when(has).then(True).when(other).then(False))


def _stand_in() -> pl.Expr:
    flow = pl.coalesce("src_endpoint/interface_uid", "dst_endpoint/interface_uid", "device/instance_uid")
    query = pl.coalesce("src_endpoint/instance_uid", "src_endpoint/ip")
    return pl.when(pl.col("class_uid") == "4001").then(flow).otherwise(query)


def _of(name: str) -> pl.Expr:
    return pl.coalesce(f"{place}/{name}" for place in PLACES)


def _has_tag(image: pl.Expr) -> pl.Expr:
    return image.str.contains(r":[^/]+$")


def _namespace(labels: pl.Expr) -> pl.Expr:
    return _label(labels, "namespace")


def _pod(labels: pl.Expr) -> pl.Expr:
    return _label(labels, "name")


def _label(labels: pl.Expr, name: str) -> pl.Expr:
    """Return what Kubernetes' own label of a container says, however a list or an object spells it."""
    return named(labels.str.extract(rf'io\.kubernetes\.pod\.{name}"?\s*[:=]\s*"?([^",\s\]}}]+)'))
