"""Records of the audit log, put together: one row per event, whatever order its records stand in."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.auditd.lines import EVENT
from rtml.captures.sensors.auditd.rings import SAID, apart
from rtml.captures.sensors.auditd.sockets import decoded
from rtml.captures.sensors.auditd.values import as_hex, field, from_hex, text_of

__all__ = ["PATHS", "grouped"]

PATHS = pl.List(pl.Struct(dict.fromkeys(("name", "nametype", "mode"), pl.String())))
"""Files of an event, in the order of their items."""

_CALL = "arch syscall success exit a0 a1 a2 a3 ppid pid uid euid tty comm exe subj code".split()
_WORDS = ("tty", "comm", "exe")
_PIECES = r'\ba\d+(?:\[\d+\])?=(?:"[^"]*"|\S+)'
_PIECE = r"^a(?<argument>\d+)(?:\[(?<piece>\d+)\])?=(?<value>.*)$"


def grouped(records: pl.DataFrame) -> pl.DataFrame:
    """Return one row per event, in the order of time and serial, as `mapping.events_of` takes it.

    Operations of io_uring are rows of their own (`rings.apart`). ``types`` are the types of its records;
    what only a SYSCALL record has is null where there is none. A filter of system calls (SECCOMP) tells of a
    call too, before it is made.
    """
    events = records.group_by(EVENT, maintain_order=True).agg(pl.col("line").min(), types=pl.col("type"))
    events = events.sort(
        "seconds", "fraction", pl.col("serial").cast(pl.UInt64, strict=False), maintain_order=True
    )
    parts = [_calls, _arguments, _paths, _folders, _sockets, _titles, _others, _operations]
    for part in parts:
        events = events.join(part(records), on=EVENT, how="left", nulls_equal=True, maintain_order="left")
    return apart(events.with_columns(container=pl.lit(None, pl.String)))


def _of(records: pl.DataFrame, *types: str) -> pl.DataFrame:
    return records.filter(pl.col("type").is_in(types))


def _one(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.unique(EVENT, keep="first", maintain_order=True)


def _calls(records: pl.DataFrame) -> pl.DataFrame:
    rows = _one(pl.concat([_of(records, "SYSCALL"), _of(records, "SECCOMP")]))
    body = pl.col("body")
    told = rows.select(
        *EVENT,
        *(field(body, name).alias(name) for name in _CALL),
        call=body.str.extract(r"\x1d(?:.* )?SYSCALL=(\w+)"),
        filtered=pl.col("type") == "SECCOMP",
    )
    return told.with_columns(text_of(told[name]).alias(name) for name in _WORDS)


def _arguments(records: pl.DataFrame) -> pl.DataFrame:
    """Return ``argv``: long arguments come in pieces, many come in several records."""
    found = (
        _of(records, "EXECVE").select(*EVENT, word=pl.col("body").str.extract_all(_PIECES)).explode("word")
    )
    each = found.with_columns(pl.col("word").str.extract_groups(_PIECE).alias("w")).unnest("w").drop("word")
    each = each.with_columns(
        pl.col("argument", "piece").cast(pl.Int64, strict=False), hex=as_hex(pl.col("value"))
    )
    each = each.drop_nulls("argument").unique(
        [*EVENT, "argument", "piece"], keep="first", maintain_order=True
    )
    whole = (
        each.sort("argument", pl.col("piece").fill_null(0), maintain_order=True)
        .group_by([*EVENT, "argument"], maintain_order=True)
        .agg(pl.col("hex").str.join(""))
    )
    words = whole.with_columns(from_hex(whole["hex"]).fill_null("").alias("argument_text"))
    return words.group_by(EVENT, maintain_order=True).agg(argv="argument_text")


def _paths(records: pl.DataFrame) -> pl.DataFrame:
    body = pl.col("body")
    names = ("item", "name", "nametype", "mode")
    rows = _of(records, "PATH").select(*EVENT, *(field(body, name).alias(name) for name in names))
    rows = rows.with_columns(
        text_of(rows["name"]).alias("name"), item=pl.col("item").cast(pl.Int64, strict=False)
    )
    rows = rows.sort("item", nulls_last=True, maintain_order=True)
    return rows.group_by(EVENT, maintain_order=True).agg(paths=pl.struct("name", "nametype", "mode"))


def _folders(records: pl.DataFrame) -> pl.DataFrame:
    rows = _one(_of(records, "CWD")).select(*EVENT, cwd=field(pl.col("body"), "cwd"))
    return rows.with_columns(text_of(rows["cwd"]).alias("cwd"))


def _sockets(records: pl.DataFrame) -> pl.DataFrame:
    rows = _one(_of(records, "SOCKADDR")).select(*EVENT, saddr=field(pl.col("body"), "saddr"))
    return rows.select(EVENT).hstack(decoded(rows["saddr"]))


def _titles(records: pl.DataFrame) -> pl.DataFrame:
    """Return ``title``: the words that the process shows of itself, at most 127 bytes."""
    rows = _one(_of(records, "PROCTITLE")).select(*EVENT, title=field(pl.col("body"), "proctitle"))
    return rows.with_columns(text_of(rows["title"]).alias("title"))


def _others(records: pl.DataFrame) -> pl.DataFrame:
    """Return the target of a signal, how ``openat2`` opened, and how many losses were taken back."""
    body = pl.col("body")
    rows = _of(records, "OBJ_PID", "OPENAT2", "CONFIG_CHANGE").select(
        *EVENT,
        opid=field(body, "opid"),
        oflag=field(body, "oflag"),
        omode=pl.when(pl.col("type") == "OPENAT2").then(field(body, "mode")),
    )
    return rows.group_by(EVENT, maintain_order=True).agg(pl.all().drop_nulls().first())


def _operations(records: pl.DataFrame) -> pl.DataFrame:
    said = pl.struct(field(pl.col("body"), name).alias(name) for name in SAID)
    rows = _of(records, "URINGOP").select(*EVENT, operations=said)
    return rows.group_by(EVENT, maintain_order=True).agg("operations")
