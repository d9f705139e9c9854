"""The audit table: what a Kubernetes API server says of each request, beside the events table.

Every event of kind ``audit`` has one row here, found by ``host`` and ``seq``. The API server logs a
request at several *stages* (received, response started, response complete, panic). All of them are
kept; ``final`` marks the one row per request that rules and features look at.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

__all__ = ["AUDIT", "STAGES", "with_final", "write_audit"]

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
    rows = audit.with_columns(_from=pl.col("source_ips").list.join(" "), _rank=rank)
    copy = pl.struct("host", "seq").rank("ordinal").over(*_REQUEST, "_rank", "stage_time")
    latest = pl.col("_rank") == pl.col("_rank").max().over(_REQUEST)
    return rows.with_columns(final=latest & (copy == 1)).drop("_from", "_rank")


def write_audit(folder: Path, audit: pl.DataFrame) -> None:
    """Write the audit table as ``audit/part-0.parquet``; nothing where there is none."""
    if audit.is_empty():
        return
    (folder / "audit").mkdir(parents=True)
    audit.write_parquet(folder / "audit" / "part-0.parquet", compression="zstd")
