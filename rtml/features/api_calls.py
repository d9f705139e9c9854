"""The Kubernetes audit log as a source of features: windows of API users instead of containers.

The user takes the place of container and workload, so everything that learns per workload learns
per user: baselines, windows, calibration, alarms. Only the final row of each request counts.
"""

from __future__ import annotations

import polars as pl

from rtml.captures.processes import PROCESSES
from rtml.captures.store import Capture
from rtml.errors import UsageError
from rtml.features.source import LOST, Events, Source, Unit
from rtml.images import named_repository
from rtml.schema import IDENTITY, conform, empty
from rtml.times import MINUTE, Length, Window

__all__ = ["CALL_COLUMNS", "NOBODY", "audit_source", "calls_of"]

NOBODY = "(no name)"
"""User of a request that names none."""

_ACCOUNT = r"^system:serviceaccount:[^:]+:(.+)$"
CALL_COLUMNS = ("call", "agent", "source", "space", "image_set", "permission", "grants", "pod_workload")
"""What the family ``audit`` counts, one text per request each."""


def calls_of(capture: Capture) -> pl.LazyFrame:
    """Events of kind audit with their audit rows, one per request, and `CALL_COLUMNS`.

    ``call`` is verb and resource, ``agent`` the program of the user agent without its version,
    ``source`` the address that the caller gives first, ``space`` the namespace (``-`` for none),
    ``image_set`` the images of a pod spec without tag and digest, ``permission`` what an access
    review asked, ``grants`` what a change gives beyond the ordinary (`_grants`). ``container_id``
    and ``workload`` are the user; the workload that the request is about is ``pod_workload``.
    """
    events = capture.events(kinds=["audit"]).with_columns(pl.col("host").cast(pl.String))
    rows = events.join(capture.audit().filter("final"), on=["host", "seq"])
    resource = pl.concat_str("resource", "subresource", separator="/", ignore_nulls=True)
    images = pl.col("images").list.eval(named_repository(pl.element()))
    user = pl.col("username").fill_null(NOBODY)
    return rows.with_columns(
        call=pl.concat_str(
            "verb",
            pl.when(resource != "").then(resource).otherwise(pl.lit("(path)")),
            separator=" ",
            ignore_nulls=True,
        ),
        agent=pl.col("user_agent").str.extract(r"^([^/\s]+)"),
        source=pl.col("source_ips").list.last(),  # those before it are what the caller says
        space=pl.col("object_namespace").fill_null("-"),
        image_set=images.list.unique().list.sort().list.join(", "),
        grants=_grants(),
        pod_workload=pl.col("workload").cast(pl.String).fill_null("-"),
        container_id=user.cast(pl.Categorical()),
        workload=user.cast(pl.Categorical()),
    ).with_columns(process_id=_object())


def _grants() -> pl.Expr:
    """Return what a change gives to whom it is for: power over the node, a role, all verbs; else ``nothing``.

    Null for what changes nothing.
    """
    flags = [
        pl.when(pl.col(name)).then(pl.lit(said))
        for name, said in (
            ("privileged", "privileged"),
            ("host_pid", "processes of the host"),
            ("host_ipc", "memory of the host"),
            ("host_network", "network of the host"),
        )
    ]
    paths = pl.col("host_paths").list.eval(pl.element().str.extract(r"^(/[^/]*)")).list.unique().list.sort()
    lists = [
        pl.lit("path of the host ") + paths.list.join(", "),
        pl.lit("capability ") + pl.col("capabilities").list.sort().list.join(", "),
        pl.lit("role ") + pl.col("role"),
        pl.when(pl.col("rule_verbs").list.contains("*")).then(pl.lit("all verbs")),
        pl.when(pl.col("rule_resources").list.contains("*")).then(pl.lit("all resources")),
    ]
    given = pl.concat_str([*flags, *lists], separator=", ", ignore_nulls=True)
    told = pl.when(given == "").then(pl.lit("nothing")).otherwise(given)
    return pl.when(pl.col("verb").is_in(["create", "update", "patch"])).then(told)


def _object() -> pl.Expr:
    """Return a number for what a request is about: what stands for a process tree here."""
    named = pl.concat_str(
        pl.col("space"),
        pl.col("resource").fill_null("-"),
        pl.col("object_name").fill_null("-"),
        separator="/",
    )
    return named.hash(seed=0).reinterpret(signed=True)


def audit_source(events: Events, every: Length = MINUTE, unit: Unit = "container") -> Source:
    """Turn the audit log of a capture into a source whose containers are users.

    Raises
    ------
    UsageError
        ``events`` is a bare table: it has no audit rows.
    """
    if not isinstance(events, Capture):
        raise UsageError("the feature family audit needs a capture: a table has no audit rows")
    calls = calls_of(events)
    users = (
        calls.group_by(pl.col("container_id").cast(pl.String))
        .agg(pl.col(name).cast(pl.String).drop_nulls().first() for name in ("cluster", "account"))
        .collect()
        .sort("container_id")
    )
    accounts = users.with_columns(
        workload="container_id", service_account=pl.col("container_id").str.extract(_ACCOUNT)
    )
    lost = [interval.model_dump() for interval in events.manifest.lost_intervals]
    gaps = conform(pl.DataFrame(lost, schema=[*LOST, "count"], infer_schema_length=None), LOST)
    identity = conform(accounts, pl.Schema({name: pl.String() for name in IDENTITY}))
    return Source(calls, empty(PROCESSES).lazy(), identity, gaps, Window.of(every), unit)
