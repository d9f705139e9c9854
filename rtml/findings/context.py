"""What lets a finding stand alone: who did it, under whom, what was reached, and the events that show it.

A finding points at events of a capture that its reader does not have. Here their content comes into the
table of findings: when it is made, or later from the capture (`rtml findings export`).
"""

from __future__ import annotations

import polars as pl

from rtml.asof import asof
from rtml.findings.redaction import redacted
from rtml.instants import UTC_NS
from rtml.lineage import PROCESS
from rtml.schema import EVENT, FINDINGS, conform

__all__ = ["MOST_NAMED", "MOST_PARENTS", "MOST_SHOWN", "from_events", "with_context"]

MOST_SHOWN = 10
"""Events whose content a finding shows, the weightiest first."""

MOST_NAMED = 10
"""Destinations and files that a finding names."""

MOST_PARENTS = 8
"""Ancestors that a finding names, the nearest first."""

_OF_PROCESS = ("pid", "user", "exe", "exe_sha256", "cmdline", "output")
_READ = [name for name in EVENT if name not in ("user", "output")]


def with_context(
    findings: pl.DataFrame, events: pl.LazyFrame, processes: pl.LazyFrame, audit: pl.LazyFrame | None = None
) -> pl.DataFrame:
    """Fill what a capture knows of the events of findings.

    Parameters
    ----------
    findings
        `FINDINGS`, those of this capture; what is of another one stays as it is.
    events, processes
        Tables of the capture; the events are read once.
    audit
        Its table of Kubernetes API calls, if it has one: the ``request`` of such an event is its verb,
        resource, object and answer ("create pods/exec shop/web-1 101"), its user the caller.

    Returns
    -------
    The same rows in the same order, with ``pid``, ``user`` (the number of the user), ``exe``,
    ``exe_sha256``, ``cmdline``, ``parents``, ``destinations``, ``files`` and ``events`` where the capture
    knows them. Command lines are `redacted`. A finding without events is described by the process that
    it names.

    Notes
    -----
    Fails where a program started before the capture began: a sensor may know neither path nor command line.
    """
    rows = conform(findings, FINDINGS).with_row_index("_row")
    if rows.is_empty():
        return rows.drop("_row")
    shown = _called(_shown(rows, events), audit)
    images = _images(rows, shown, processes)
    told = _told(shown, images)
    own = pl.coalesce("events", "_events")  # what was told before is not told otherwise by another capture
    joined = rows.join(told, on="_row", how="left", maintain_order="left").with_columns(events=own)
    filled = joined.join(
        _about(rows, shown, images), on="_row", how="left", maintain_order="left"
    ).with_columns(
        pl.coalesce(name, f"_{name}").alias(name) for name in ("pid", "user", "exe", "cmdline", "parents")
    )
    # Destinations and files are those of all the events, not only of those that are shown.
    named = from_events(filled.with_columns(events=pl.coalesce("_all", "events")))
    return named.with_columns(events=filled["events"]).select(FINDINGS.names())


def from_events(findings: pl.DataFrame) -> pl.DataFrame:
    """Fill process, destinations and files from ``events``; what is known already stays.

    Examples
    --------
    >>> event = {"exe": "/bin/nc", "cmdline": "nc 10.0.0.7 99", "dst_ip": "10.0.0.7", "dst_port": 99}
    >>> one = conform(pl.DataFrame({"events": [[event]]}, strict=False), FINDINGS)
    >>> from_events(one).select("exe", "destinations").row(0)
    ('/bin/nc', ['10.0.0.7:99'])
    """
    first = pl.col("events").list.first()
    process = [pl.coalesce(name, first.struct.field(name)).alias(name) for name in _OF_PROCESS]
    field = pl.element().struct.field
    address = field("dst_ip")
    bracketed = pl.when(address.str.contains(":")).then(pl.format("[{}]", address)).otherwise(address)
    with_port = pl.format("{}:{}", bracketed, field("dst_port"))
    place = pl.coalesce(with_port, address, field("domain"))
    lists = {"destinations": place, "files": pl.coalesce(field("path_to"), field("path"))}
    named = [
        pl.coalesce(name, _some(pl.col("events").list.eval(what))).alias(name) for name, what in lists.items()
    ]
    return findings.with_columns(*process, *named)


def _some(values: pl.Expr) -> pl.Expr:
    found = values.list.drop_nulls().list.unique(maintain_order=True).list.head(MOST_NAMED)
    return pl.when(found.list.len() > 0).then(found)


def _shown(rows: pl.DataFrame, events: pl.LazyFrame) -> pl.DataFrame:
    """Return the events of each finding by weight: ``_row``, ``_rank``, columns of events."""
    listed = rows.select("_row", "evidence").explode("evidence").drop_nulls("evidence").unnest("evidence")
    ranked = listed.with_columns(_rank=pl.int_range(pl.len()).over("_row"))
    asked = ranked.lazy().select("host", "seq").unique()
    wanted = [*_READ, "uid", "process_id"]
    # Numbers first: few events are asked for, and only of those is the rest read.
    numbered = events.filter(pl.col("seq").is_in(listed["seq"].unique().implode()))
    named = numbered.select(wanted).with_columns(pl.col("host").cast(pl.String))
    found = named.join(asked, on=["host", "seq"], how="semi").collect(engine="streaming")
    return ranked.join(found, on=["host", "seq"]).sort("_row", "_rank")


def _called(shown: pl.DataFrame, audit: pl.LazyFrame | None) -> pl.DataFrame:
    """Add ``_caller``, and say of calls of the API what was asked; addresses with their queries stay out."""
    if audit is None:
        return shown.with_columns(_caller=pl.lit(None, pl.String))
    resource = pl.concat_str("resource", "subresource", separator="/", ignore_nulls=True)
    name = pl.concat_str("object_namespace", "object_name", separator="/", ignore_nulls=True)
    code = pl.col("code").cast(pl.String)
    words = [
        pl.when(part != "").then(part) for part in (pl.col("verb").cast(pl.String), resource, name, code)
    ]
    calls = audit.select(
        pl.col("host").cast(pl.String),
        "seq",
        _caller=pl.col("username").cast(pl.String),
        _request=pl.concat_str(words, separator=" ", ignore_nulls=True),
    )
    asked = shown.lazy().select("host", "seq").unique()
    known = (
        calls.join(asked, on=["host", "seq"], how="semi")
        .unique(["host", "seq"], maintain_order=True)
        .collect()
    )
    joined = shown.join(known, on=["host", "seq"], how="left", maintain_order="left")
    return joined.with_columns(request=pl.coalesce("request", "_request")).drop("_request")


def _images(rows: pl.DataFrame, shown: pl.DataFrame, processes: pl.LazyFrame) -> pl.DataFrame:
    """Return the images of all processes on the hosts that are asked about."""
    columns = [*PROCESS, "parent_id", "pid", "uid", "exe", "cmdline", "since"]
    hosts = pl.concat([rows["host"], shown["host"]]).drop_nulls().unique()
    named = processes.select(columns).with_columns(
        pl.col("host").cast(pl.String), pl.col("exe").cast(pl.String)
    )
    return named.filter(pl.col("host").is_in(hosts.implode())).collect().sort("since", maintain_order=True)


def _at(asked: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    """Return the image that a process was at a ``time``, else its first: one row per row of ``asked``.

    Neither grows with the other: who is executed again and again has as many images, and as many events.
    """
    told = [name for name in images.columns if name not in asked.columns]
    theirs = images.join(asked, on=PROCESS, how="semi", maintain_order="left")
    known = theirs.with_columns(_begun=pl.col("since").fill_null(pl.lit(0).cast(UTC_NS)))
    images_once = known.unique([*PROCESS, "_begun"], keep="last", maintain_order=True).sort("_begun")
    numbered = asked.with_row_index("_number").sort("time", maintain_order=True)
    at = asof(numbered, images_once, left_on="time", right_on="_begun", by=PROCESS)
    first = known.unique(PROCESS, keep="first", maintain_order=True).select(*PROCESS, *told)
    both = at.join(first, on=PROCESS, how="left", maintain_order="left", suffix="_first").sort("_number")
    return both.select(*asked.columns, *(pl.coalesce(name, f"{name}_first") for name in told))


def _told(shown: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    """Return ``_row``, ``_events`` (the first of them) and ``_all``."""
    asked = shown.select("_row", "_rank", *PROCESS, "time")
    of_process = _at(asked, images).select(
        "_row", "_rank", _exe="exe", _cmdline="cmdline", _pid="pid", _uid="uid"
    )
    known = shown.join(of_process, on=["_row", "_rank"], how="left", maintain_order="left").with_columns(
        pl.coalesce(pl.col(name).cast(pl.String), f"_{name}") for name in ("exe", "cmdline")
    )
    event = known.with_columns(
        cmdline=redacted(pl.col("cmdline")),
        request=redacted(pl.col("request")),
        user=pl.coalesce("_caller", pl.coalesce("uid", "_uid").cast(pl.String)),
        pid=pl.coalesce("pid", "_pid"),
        output=pl.lit(None, pl.String),
    )
    cast = pl.struct(pl.col(name).cast(kind) for name, kind in EVENT.items())
    return event.group_by("_row", maintain_order=True).agg(_events=cast.head(MOST_SHOWN), _all=cast)


def _about(rows: pl.DataFrame, shown: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    """Return process and ancestors of each finding: those of its first event, else of its own."""
    first = shown.group_by("_row", maintain_order=True).first().select("_row", *PROCESS, "time")
    named = rows.select("_row", *PROCESS, time="last_seen").join(first, on="_row", how="anti")
    places = pl.concat([first.drop_nulls("process_id"), named.drop_nulls("process_id")])
    here = _at(places, images)
    told = here.select(
        "_row",
        _pid=pl.col("pid").cast(pl.Int64),
        _user=pl.col("uid").cast(pl.String),
        _exe="exe",
        _cmdline=redacted(pl.col("cmdline")),
    )
    return told.join(_ancestors(here, images), on="_row", how="left", maintain_order="left")


def _ancestors(here: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    """Return ``_row`` and ``_parents``, generation by generation; who is his own parent is the last."""
    generations = []
    for _ in range(MOST_PARENTS):
        above = here.filter(pl.col("parent_id").is_not_null() & (pl.col("parent_id") != pl.col("process_id")))
        asked = above.select("_row", "host", "time", process_id="parent_id")
        here = _at(asked, images).filter(pl.col("pid").is_not_null() | pl.col("exe").is_not_null())
        if here.is_empty():
            break
        generations.append(here.select("_row", "pid", "exe", "cmdline"))
    if not generations:
        schema = {"_row": pl.UInt32(), "_parents": FINDINGS["parents"]}
        return pl.DataFrame(schema=schema)
    chain = pl.concat(generations).with_columns(
        pl.col("pid").cast(pl.Int64), cmdline=redacted(pl.col("cmdline"))
    )
    parents = pl.struct("pid", "exe", "cmdline")
    return chain.group_by("_row", maintain_order=True).agg(_parents=parents)
