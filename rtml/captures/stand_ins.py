"""Containers that a sensor names without telling an id: their names on their host stand in the place of it.

Where one container of the host has these names it is meant; where several have (one that began anew), none.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

__all__ = ["FACTS", "any_stands", "stand_in", "stood_for"]

_NAMES = ("namespace", "pod", "container_name")
FACTS = ("container_id", "host", *_NAMES)
"""What must be known of containers."""
_MARK = "@"


def stand_in() -> pl.Expr:
    """Return what stands in the place of an id: ``namespace/pod/container@host``; null without a name.

    Examples
    --------
    >>> names = {"namespace": ["shop", None, None], "pod": ["web-0", "web-0", None]}
    >>> rows = pl.DataFrame({**names, "container_name": ["app", None, "db"], "host": "n1"})
    >>> rows.select(stand_in()).to_series().to_list()
    ['shop/web-0/app@n1', 'web-0/@n1', 'db@n1']
    """
    namespace, pod, name = (pl.col(column).cast(pl.String) for column in _NAMES)
    of_pod = pl.concat_str((namespace + "/").fill_null(""), pod, pl.lit("/"), name.fill_null(""))
    return (pl.coalesce(of_pod, name) + _MARK + pl.col("host").cast(pl.String)).alias("container_id")


def any_stands(ids: Iterable[str]) -> bool:
    """Say whether any of these ids may be names in the place of one; most captures have none.

    Examples
    --------
    >>> any_stands(["0123456789ab", "app@n1"]), any_stands(["0123456789ab"])
    (True, False)
    """
    return any(_MARK in known for known in ids)


def stood_for(containers: pl.DataFrame) -> dict[str, str]:
    """Say which containers are meant by what stands in the place of their ids.

    Parameters
    ----------
    containers
        Rows of `FACTS`, one per id.

    Examples
    --------
    >>> ids = ["0a", "0b", "0c", "app@n1", "db@n1", "app@n2"]
    >>> rows = {"container_id": ids, "namespace": None, "pod": None}
    >>> names = ["app", "db", "db", "app", "db", "app"]
    >>> hosts = ["n1", "n1", "n1", "n1", "n1", "n2"]
    >>> stood_for(pl.DataFrame({**rows, "container_name": names, "host": hosts}).cast(pl.String))
    {'app@n1': '0a'}
    """
    own = (pl.col("container_id") == stand_in()).fill_null(False)
    real, meant = containers.filter(~own), dict[str, str]()
    for told, some in containers.filter(own).group_by(pl.col(name).is_not_null() for name in _NAMES):
        given = [name for name, known in zip(_NAMES, told, strict=True) if known]
        fitting = some.join(real, on=["host", *given], suffix="_real")
        alone = fitting.filter(pl.col("container_id").is_unique())
        meant |= dict(alone.select("container_id", "container_id_real").iter_rows())
    return meant
