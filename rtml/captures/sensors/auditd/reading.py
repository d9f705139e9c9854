"""auditd (raw log): one event is several records, put together by node, time and serial.

Records of an event may stand between those of others; lines may begin with syslog's words, whose host counts
where a record names no node; enriched logs (``log_format = ENRICHED``) have names behind a mark. What
``ausearch`` writes, and go-audit, is read too. Events without a call (a login, a setting) are beside.
The log names no container, but where SELinux labels them (`labels`). What a filter of calls tells (SECCOMP)
is an event (`filters`). Forks are processes where the child is seen; threads are not told apart.

References
----------
https://github.com/linux-audit/audit-documentation/wiki
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import polars as pl

from rtml.captures.sensors.auditd.go_audit import MESSAGES
from rtml.captures.sensors.auditd.groups import grouped
from rtml.captures.sensors.auditd.lines import EVENT, records_in
from rtml.captures.sensors.auditd.losses import losses_of
from rtml.captures.sensors.auditd.mapping import BLIND, events_of, host_name
from rtml.captures.sensors.contract import Reading, Sensor, Written
from rtml.captures.sensors.recognise import recognise, wrong_format
from rtml.captures.sensors.records.format import BESIDE, LOSS, PROBLEM
from rtml.captures.sensors.records.moments import when
from rtml.captures.sensors.signature import has_keys
from rtml.errors import RtmlError
from rtml.reading.content import first_bytes
from rtml.schema import POLARS, REJECTS

__all__ = ["SENSOR", "read"]

_TWICE = "a record that stands there twice"


def read(path: Path) -> Reading:
    """Read one file of an audit log."""
    records, accounts, bad = records_in(path)
    if records.is_empty():
        raise _nothing(path)
    distinct = records.unique([*EVENT, "type", "body"], keep="first", maintain_order=True)
    rows = grouped(distinct)
    rows = rows.with_columns(time=when(pl.format("{}.{}", "seconds", pl.col("fraction").str.head(9))))
    told = events_of(rows).with_columns(sensor=pl.lit("auditd"))
    refused = told[PROBLEM].is_not_null() & told[BESIDE].is_null()
    first = distinct.group_by(EVENT, maintain_order=True).agg(pl.col("line", "body").first())
    first = first.unique("line", keep="first")  # several events may stand on one line
    shown = (
        told.filter(refused)
        .select("line", reason=PROBLEM)
        .join(first.select("line", text=pl.col("body")), on="line")
    )
    rejects = pl.concat([bad, shown]).sort("line", maintain_order=True)
    events = told.filter(~refused & told[BESIDE].is_null())
    beside = Counter(dict(told[BESIDE].drop_nulls().value_counts().iter_rows()))
    beside += Counter({_TWICE: records.height - distinct.height, LOSS: accounts.height})
    return Reading(
        events=events.select(name for name in POLARS if name in events.columns),
        rejects=_rejects(rejects, path),
        records=events.height + rejects.height,
        lost=losses_of(_of_the_kernel(told), accounts.with_columns(host=host_name(pl.col("node")))),
        beside=dict(beside),
    )


def _nothing(path: Path) -> RtmlError:
    """Make the error of a file without one record."""
    head = first_bytes(path)
    if recognise(head) == "auditd":
        return RtmlError(f"{path}: no record of auditd can be read, although it looks like its log")
    return wrong_format(path, "a log of auditd", head)


def _of_the_kernel(told: pl.DataFrame) -> pl.DataFrame:
    own = pl.col("types").list.first().str.starts_with("DAEMON_")
    known = told.filter(~own & pl.col("time").is_not_null()).sort("line")
    return known.select("line", "host", "time", pl.col("serial").cast(pl.Int64, strict=False)).drop_nulls()


def _rejects(rejects: pl.DataFrame, path: Path) -> pl.DataFrame:
    text = pl.col("text").str.slice(0, 200)
    return rejects.with_columns(text, file=pl.lit(path.name)).select(REJECTS.names()).cast(REJECTS)


def _signature(head: bytes) -> bool:
    record = re.search(rb"(?:^|\s)type=\S{1,40} (?:msg=)?audit\(\d+\.\d+:\d+\)", head)
    return record is not None or has_keys(head, *MESSAGES, "data")


SENSOR = Sensor(
    name="auditd",
    read=read,
    blind=BLIND,
    signature=_signature,
    written=Written("pairs", alone=False, nothing=("(null)", "?")),
)
