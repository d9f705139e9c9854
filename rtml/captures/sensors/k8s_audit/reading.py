"""Kubernetes audit log: events of ``audit.k8s.io``, one a line, pretty-printed, or an EventList.

Plain, gzip or zstd, also in a transport's envelope (`rtml.reading.envelopes`), or as entries of Google
Cloud's audit log (`google`), which name their cluster. Else the log does not say which it is of: a
``cluster.json`` beside the file may (``{"cluster": "prod", "account": "…",
"host": "…"}``). ``time`` is when the request was received. ``result`` is 0 for an HTTP status below
400, else the error number that comes closest. Stages of one request are all kept
(`rtml.captures.audit`). ``src_ip`` is the address that connected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from rtml.captures.audit import AUDIT
from rtml.captures.sensors.contract import Lines, NothingReadError, Reading, Sensor, Written
from rtml.captures.sensors.k8s_audit.gathering import Gathered
from rtml.captures.sensors.k8s_audit.google import event_of, is_entry, place_of
from rtml.captures.sensors.k8s_audit.values import mapping, word
from rtml.captures.sensors.recognise import wrong_format
from rtml.captures.sensors.signature import has_keys
from rtml.errors import RtmlError
from rtml.reading.content import first_bytes
from rtml.reading.documents import Document
from rtml.reading.envelopes import Inside
from rtml.reading.json_text import json_value, redacted
from rtml.reading.known_lines import records_but
from rtml.reading.text import read_text
from rtml.schema import KINDS, REJECTS

__all__ = ["API_SERVER", "SENSOR", "read"]

API_SERVER = "kube-apiserver"
"""Host of audit events where ``cluster.json`` names none: they happen in the API server."""

_EXPECTED = Inside(writers=("apiserver", "audit"))
_API = re.compile(rb'"audit\.k8s\.io/')
_MOST_PLACE = 1_000_000  # bytes of ``cluster.json``
_ERRORS = {401: -1, 403: -13, 404: -2, 408: -110, 409: -17, 429: -11, 504: -110}
_OTHER_ERROR = -5
_WORKLOADS = (
    "deployments",
    "daemonsets",
    "statefulsets",
    "replicasets",
    "jobs",
    "cronjobs",
    "replicationcontrollers",
)
_Where = tuple[str | None, str | None]
"""Cluster and account."""
_NO_TIME = "no time that can be read, or none of the years 1970 to 2199"


def read(path: Path) -> Reading:
    """Read one log; every event of it is a row or a reject."""
    rows, rejects, places = _read(path)
    late = rows.filter(pl.col("time").is_null())
    rejects += [(line, _NO_TIME, "") for line in late["line"]]
    rows = rows.drop_nulls("time").sort("time", maintain_order=True)
    if rows.is_empty():
        raise _nothing(path, rejects)
    place = _place(path.parent / "cluster.json", places)
    named = rows.with_columns(
        host=pl.lit(place["host"] or API_SERVER), seq=pl.int_range(pl.len(), dtype=pl.Int64)
    )
    refused = _refused(path, rejects)
    return Reading(
        events=_events(named, place),
        rejects=refused.sort("line", maintain_order=True),
        records=rows.height + refused.height,
        audit=named.with_columns(final=pl.lit(None, pl.Boolean)).select(AUDIT.names()).cast(AUDIT),
    )


def _nothing(path: Path, rejects: list[tuple[int, str, str]]) -> RtmlError:
    """Make the error of a file without one event; where it speaks of audit, the reason is inside."""
    head = first_bytes(path)
    if not rejects or not _signature(head):
        error = wrong_format(path, "a Kubernetes audit log", head)
        return NothingReadError(str(error), _refused(path, rejects)) if rejects else error
    line, reason, _ = rejects[0]
    return RtmlError(
        f"{path}: no audit event can be read; line {line}: {reason}."
        " Take the events out of what they were shipped in, to one a line"
    )


def _refused(path: Path, rejects: list[tuple[int, str, str]]) -> pl.DataFrame:
    rows = pl.DataFrame(rejects, schema=["line", "reason", "text"], orient="row")
    return rows.with_columns(file=pl.lit(path.name)).select(REJECTS.names()).cast(REJECTS)


def _signature(head: bytes) -> bool:
    of_google = has_keys(head, "protoPayload", "methodName") and b'"k8s.io"' in head
    return of_google or has_keys(head, "auditID") or _API.search(head) is not None


def _read(path: Path) -> tuple[pl.DataFrame, list[tuple[int, str, str]], set[_Where]]:
    """Read blocks of events, so that what is kept of only one is in memory as objects; and their places."""
    events, rejects, places = Gathered(), list[tuple[int, str, str]](), set[_Where]()
    for document in records_but(path, events, _EXPECTED):
        for event, problem in _split(document, places):
            if problem is not None:
                rejects.append((document.line, problem, redacted(document.raw)))
            else:
                events.add(event, document.line, len(document.raw))
    return events.table(), rejects, places


def _split(document: Document, places: set[_Where]) -> Iterator[tuple[Any, str | None]]:
    """Yield the events of a document with what is wrong with each; note where they are of."""
    if document.problem is not None:
        yield None, document.problem
        return
    value, listed = document.value, False
    if isinstance(value, dict) and value.get("kind") == "EventList":
        value, listed = value.get("items"), True
    for event in value if isinstance(value, list) else [value]:
        problem = None
        if is_entry(event):
            places.add(place_of(event))
            event, problem = event_of(event)
        yield event, problem or _problem(event, listed)


def _problem(event: Any, listed: bool) -> str | None:
    if not isinstance(event, dict):
        return "not a JSON object"
    version = event.get("apiVersion", "audit.k8s.io/" if listed or "auditID" in event else "")
    ours = isinstance(version, str) and version.startswith("audit.k8s.io/")
    if event.get("kind", "Event") != "Event" or not ours:
        return "not an audit event (kind Event of audit.k8s.io)"
    return None if word(event.get("auditID")) else "no auditID"


def _events(rows: pl.DataFrame, place: dict[str, str | None]) -> pl.DataFrame:
    what = pl.concat_str("resource", "subresource", separator="/", ignore_nulls=True)
    is_pod = pl.col("resource") == "pods"
    error = pl.col("code").replace_strict(_ERRORS, default=_OTHER_ERROR, return_dtype=pl.Int32)
    one_image = pl.when(pl.col("images").list.len() == 1).then(pl.col("images").list.first())
    return rows.select(
        "time",
        "seq",
        "host",
        kind=pl.lit("audit"),
        sensor=pl.lit("k8s-audit"),
        result=pl.when(pl.col("code") < 400).then(0).when(pl.col("code") >= 400).then(error),
        cluster=pl.lit(place["cluster"], pl.String),
        account=pl.lit(place["account"], pl.String),
        namespace="object_namespace",
        pod=pl.when(is_pod).then("object_name"),
        workload=pl.when(pl.col("resource").is_in(_WORKLOADS)).then("object_name").when(is_pod).then("owner"),
        service_account="pod_service_account",
        image=one_image,
        src_ip=pl.col("source_ips").list.last(),
        request=pl.concat_str("verb", what.replace("", None), separator=" ", ignore_nulls=True).replace(
            "", None
        ),
    )


def _place(path: Path, places: set[_Where]) -> dict[str, str | None]:
    """Return what a file says of a log's place; none: what the log itself says, if it is of one cluster."""
    names = ("cluster", "account", "host")
    if not path.is_file():
        cluster, account = places.pop() if len(places) == 1 else (None, None)
        return {"cluster": cluster, "account": account, "host": None}
    try:
        facts = json_value(read_text(path, _MOST_PLACE))
    except ValueError as error:
        raise RtmlError(f"{path}: not JSON ({error})") from error
    return {name: word(mapping(facts).get(name)) for name in names}


SENSOR = Sensor(
    name="k8s-audit",
    read=read,
    blind=frozenset(KINDS) - {"audit"},
    identified=True,
    signature=_signature,
    lines=Lines(("cluster.json",)),
    written=Written(nothing=("",)),
)
