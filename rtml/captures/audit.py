"""The audit table: what a Kubernetes API server says of each request, beside the events table.

Every event of kind ``audit`` has one row here, found by ``host`` and ``seq``. The API server logs a
request at several *stages* (received, response started, response complete, panic). All of them are
kept; ``final`` marks the one row per request that rules and features look at.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

__all__ = ["AUDIT", "STAGES", "earlier_stages", "more_earlier_stages", "with_final", "write_audit"]

_TEXT, _MANY, _FLAG = pl.String(), pl.List(pl.String), pl.Boolean()

AUDIT = pl.Schema(
    {
        "host": _TEXT,
        "seq": pl.Int64(),
        "audit_id": _TEXT,
        "stage": _TEXT,
        "stage_time": pl.Datetime("ns", "UTC"),
        "received": pl.Datetime("ns", "UTC"),
        "level": _TEXT,
        "final": _FLAG,
        "cut": _FLAG,
        # the request
        "verb": _TEXT,
        "uri": _TEXT,
        "api_group": _TEXT,
        "api_version": _TEXT,
        "resource": _TEXT,
        "subresource": _TEXT,
        "object_namespace": _TEXT,
        "object_name": _TEXT,
        # who asked, and what was answered
        "username": _TEXT,
        "user_uid": _TEXT,
        "groups": _MANY,
        "impersonated": _TEXT,
        "source_ips": _MANY,
        "user_agent": _TEXT,
        "code": pl.Int32(),
        "decision": _TEXT,
        "decision_reason": _TEXT,
        # what the objects of request and response hold
        "object_kind": _TEXT,
        "owner": _TEXT,
        "labels": _MANY,
        "images": _MANY,
        "commands": _MANY,
        "privileged": _FLAG,
        "capabilities": _MANY,
        "host_paths": _MANY,
        "host_network": _FLAG,
        "host_pid": _FLAG,
        "host_ipc": _FLAG,
        "pod_service_account": _TEXT,
        "node": _TEXT,
        "rule_groups": _MANY,
        "rule_resources": _MANY,
        "rule_verbs": _MANY,
        "role": _TEXT,
        "subjects": _MANY,
        "service_type": _TEXT,
        "ports": _MANY,
        "selector": _MANY,
        "data_keys": _MANY,
        "holds_secret": _FLAG,
        "secret_type": _TEXT,
        "permission": _TEXT,
        "allowed": _FLAG,
    }
)
"""Columns of the audit table; absent is null, never ``""`` or an empty list.

``source_ips`` is as the API server wrote it: the last one connected, those before it are what the
caller says (``X-Forwarded-For``). ``received`` is null where the log does not say it.
``host`` is the API server's, ``cut``: some value was longer than what is kept. ``role`` reads
``ClusterRole/admin``, ``subjects`` ``ServiceAccount:default/builder`` or ``User:alice``, labels and
selectors ``key=value``, ``permission`` (of an access review) ``create pods/exec``. Of config maps
and secrets only ``data_keys`` are kept, and whether a config map's values look like credentials
(``holds_secret``): never a value.
"""

STAGES = {"RequestReceived": 0, "ResponseStarted": 1, "ResponseComplete": 2, "Panic": 3}
"""Stages of a request in order."""


_REQUEST = ("audit_id", "verb", "uri", "username", "received", "user_agent", "_from")
_TOLD = ("host", "seq", "stage", "stage_time", "source_ips", *(name for name in _REQUEST if name != "_from"))
"""Columns that say which row of a request is the last."""


def with_final(audit: pl.LazyFrame) -> pl.LazyFrame:
    """Set ``final``: of the rows of one request, the one of the latest stage, once.

    A request that was logged when received and when answered is one request; so is one that stands
    in two overlapping files. The caller may choose the ``audit_id`` (a header of that name): only
    rows that also agree in what was asked, by whom, from where, and when it was received are one
    request, and no request comes to one stage at two moments.

    Examples
    --------
    >>> rows = pl.LazyFrame({"audit_id": ["a", "a", "b"], "host": ["h"] * 3, "seq": [1, 2, 3],
    ...     "stage": ["RequestReceived", "ResponseComplete", "RequestReceived"]})
    >>> with_final(pl.concat([AUDIT.to_frame().lazy(), rows], how="diagonal")).collect()["final"].to_list()
    [False, True, True]
    """
    rank = pl.col("stage").replace_strict(STAGES, default=-1, return_dtype=pl.Int8)
    rows = _keyed(audit).with_columns(_rank=rank)
    copy = pl.struct("host", "seq").rank("ordinal").over(*_REQUEST, "_rank", "stage_time")
    latest = pl.col("_rank") == pl.col("_rank").max().over(_REQUEST)
    return rows.with_columns(final=latest & (copy == 1)).drop("_from", "_rank")


def earlier_stages(audit: pl.LazyFrame) -> int:
    """Count rows that are an earlier stage or a copy of another (`with_final`)."""
    rows = with_final(audit.select(_TOLD))
    return int(rows.select((~pl.col("final")).sum()).collect().item())


def more_earlier_stages(before: pl.LazyFrame, new: pl.DataFrame) -> int:
    """Return how many more rows are an earlier stage or a copy with ``new`` rows behind those ``before``.

    Only rows of the same requests are read of those before: they were received at the same moments.

    Examples
    --------
    >>> rows = pl.DataFrame({"audit_id": ["a", "b"], "host": ["h"] * 2, "seq": [1, 2],
    ...     "stage": ["RequestReceived", "ResponseComplete"]})
    >>> whole = pl.concat([AUDIT.to_frame(), rows], how="diagonal")
    >>> more_earlier_stages(whole.lazy(), whole.head(1).with_columns(stage=pl.lit("ResponseComplete")))
    1
    """
    first, last = new["received"].min(), new["received"].max()
    at = pl.col("received")
    same_time = (
        pl.lit(False)
        if first is None
        else at.is_between(pl.lit(first, AUDIT["received"]), pl.lit(last, AUDIT["received"]))
    )
    if new["received"].null_count():
        same_time |= at.is_null()
    asked = _keyed(new.lazy()).select(_REQUEST).unique()
    near = _keyed(before.select(_TOLD).filter(same_time))
    same = near.join(asked, on=_REQUEST, how="semi", nulls_equal=True).drop("_from").collect()
    return earlier_stages(pl.concat([same, new.select(_TOLD)]).lazy()) - earlier_stages(same.lazy())


def _keyed(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.with_columns(_from=pl.col("source_ips").list.join(" "))


def write_audit(folder: Path, audit: pl.DataFrame) -> None:
    """Write the audit table as ``audit/part-0.parquet``; nothing where there is none."""
    if audit.is_empty():
        return
    (folder / "audit").mkdir(parents=True)
    audit.write_parquet(folder / "audit" / "part-0.parquet", compression="zstd")
