"""Which signals belong together: by what they are about, never by what merely is shared.

A *key* is something that several signals name: a container, a pod, an API caller, a service
account, a workload, a host. Signals of one container or pod always belong together. The other keys
are *hubs*: many pods may share one, so they link only

=================== ===============================================================================
hub                 links
=================== ===============================================================================
``actor``           calls of one API user, and the pods that they were about; up to ``most_pods``
``service account`` calls made as a service account, and the one pod that runs as it
``workload``        calls about a workload, and pods of it; up to ``most_pods``
``host``            findings of a host itself, and the one pod on it
=================== ===============================================================================

A hub that more pods share in the time looked at links nothing: which of them it was, is
unknown. A key with a null part is no key.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from rtml.connected import connected
from rtml.findings.sequences.signals import Parameters
from rtml.wildcards import whole

__all__ = ["components", "keys_of"]

_SERVICE_ACCOUNT = r"^system:serviceaccount:([^:]+):(.+)$"
_KEY = ["kind", "a", "b", "c"]


@dataclass(frozen=True)
class _Hub:
    """``direct``: signals about the hub itself, without one it links nothing; ``of_pods``: of its pods."""

    kind: str
    direct: pl.Expr
    parts: tuple[pl.Expr, pl.Expr, pl.Expr]
    of_pods: pl.Expr
    one_pod: bool = field(kw_only=True)


def _cluster() -> pl.Expr:
    """Return the cluster; a sensor that does not know its own watches the unknown one."""
    return pl.col("cluster").fill_null("")


def keys_of(signals: pl.DataFrame, settings: Parameters) -> pl.DataFrame:
    """Return ``finding_id``, ``kind``, ``a``, ``b``, ``c``, ``pod``, ``own``, ``one_pod``.

    Parameters
    ----------
    signals
        `rtml.findings.sequences.signals.signals_of`.
    settings
        Which actors are shared.

    Returns
    -------
    One row per signal and key. ``pod`` names the pod (or container) that the signal is about, null
    for one that is about none.
    """
    rows = _placed(signals)
    none = pl.lit("")
    strong = [
        _keys(rows, "container", (pl.col("container_id"), none, none)),
        _keys(rows, "pod", (_cluster(), pl.col("namespace").fill_null(""), pl.col("pod"))),
    ]
    hubs = [
        _keys(rows.filter(hub.direct | hub.of_pods), hub.kind, hub.parts, hub.direct, one_pod=hub.one_pod)
        for hub in _hubs(settings)
    ]
    return pl.concat([*strong, *hubs])


def _placed(signals: pl.DataFrame) -> pl.DataFrame:
    """Give every signal of a container its pod where any names it, and one name for both."""
    pods = (
        signals.drop_nulls(["container_id", "pod"])
        .sort("first_seen", "finding_id")
        .unique("container_id", keep="first")
        .select("container_id", _ns="namespace", _pod="pod")
    )
    rows = signals.join(pods, on="container_id", how="left")
    rows = rows.with_columns(pod=pl.coalesce("pod", "_pod"), namespace=pl.coalesce("namespace", "_ns"))
    pod = pl.struct(a=_cluster(), b=pl.col("namespace").fill_null(""), c="pod")
    box = pl.struct(a="container_id", b=pl.lit(None, pl.String), c=pl.lit(None, pl.String))
    return rows.with_columns(
        _at=pl.when(pl.col("pod").is_not_null())
        .then(pod)
        .when(pl.col("container_id").is_not_null())
        .then(box)
    )


def _hubs(settings: Parameters) -> list[_Hub]:
    none = pl.lit("")
    called, about = pl.col("actor").is_not_null(), pl.col("_at").is_not_null()
    shared = pl.any_horizontal(pl.col("actor").str.contains(whole(actor)) for actor in settings.shared_actors)
    account = pl.col("actor").str.extract_groups(_SERVICE_ACCOUNT).struct
    space = pl.coalesce(account.field("1"), "namespace")
    name = pl.coalesce(account.field("2"), pl.when(about).then("service_account"))
    as_account = pl.col("actor").str.contains(_SERVICE_ACCOUNT).fill_null(False)
    workload = called & ~about & pl.col("workload").is_not_null()
    return [
        _Hub("actor", called & ~shared, (_cluster(), pl.col("actor"), none), pl.lit(False), one_pod=False),
        _Hub("service account", as_account & ~shared, (_cluster(), space, name), about, one_pod=True),
        _Hub(
            "workload",
            workload,
            (_cluster(), pl.col("namespace").fill_null(""), pl.col("workload")),
            about,
            one_pod=False,
        ),
        _Hub("host", ~called & ~about, (_cluster(), pl.col("host"), none), about & ~called, one_pod=True),
    ]


def _keys(
    rows: pl.DataFrame,
    kind: str,
    parts: tuple[pl.Expr, pl.Expr, pl.Expr],
    direct: pl.Expr | None = None,
    *,
    one_pod: bool = False,
) -> pl.DataFrame:
    a, b, c = parts
    return rows.select(
        "finding_id",
        "first_seen",
        kind=pl.lit(kind),
        a=a,
        b=b,
        c=c,
        pod="_at",
        own=pl.lit(True) if direct is None else direct.fill_null(False),
        one_pod=pl.lit(one_pod),
        hub=pl.lit(direct is not None),
    ).drop_nulls(["a", "b", "c"])


def components(keys: pl.DataFrame, settings: Parameters, within: list[str]) -> pl.DataFrame:
    """Return ``finding_id`` and ``group``: the least id among the signals that it is joined to.

    Parameters
    ----------
    keys
        `keys_of`, perhaps with more columns.
    settings
        How many pods a hub may link.
    within
        Columns of ``keys`` that joined signals must agree on. A key whose signals pause for longer
        than the window begins anew.
    """
    links = _allowed(_sessions(keys, settings.window, within), settings)
    signals = keys.select(pl.col("finding_id").unique().sort()).with_row_index("signal")
    ends = links.join(signals, on="finding_id").select("signal", key=pl.col("edge").rank("dense") - 1)
    size = signals.height + ends["key"].n_unique()
    start, end = ends["signal"].to_numpy(), ends["key"].to_numpy() + signals.height
    joined = signals.with_columns(component=connected(start, end, size)[: signals.height])
    return joined.select("finding_id", group=pl.col("finding_id").min().over("component"))


def _sessions(keys: pl.DataFrame, window: str, within: list[str]) -> pl.DataFrame:
    """Give each key a number, a new one after a pause that is longer than the window."""
    by = [*_KEY, *within]
    late = pl.col("first_seen") > pl.col("first_seen").shift(1).dt.offset_by(window)
    turns = keys.sort(*by, "first_seen", "finding_id").with_columns(
        turn=late.fill_null(False).cast(pl.Int64).cum_sum().over(by)
    )
    return turns.with_columns(edge=pl.struct(*by, "turn").rank("dense"))


def _allowed(groups: pl.DataFrame, settings: Parameters) -> pl.DataFrame:
    """Leave out hubs without a signal of their own, and those that too many pods share."""
    pods = pl.col("pod").drop_nulls().n_unique().over("edge")
    most = pl.when("one_pod").then(1).otherwise(settings.most_pods)
    has_direct = pl.col("own").any().over("edge")
    return groups.filter(~pl.col("hub") | (has_direct & (pods <= most)))
