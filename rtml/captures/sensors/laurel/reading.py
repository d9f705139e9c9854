"""laurel (JSON lines): whole events of the audit log, with the container that they happened in.

What an event means is read by auditd's own `rtml.captures.sensors.auditd.mapping.events_of`. Bytes that are
no text laurel spells ``%ff``. What it says of parents (``PPID``, ``PARENT_INFO``) is not read: they are
found as for auditd. An event without a node is of the host that syslog's head names.

References
----------
https://github.com/threathunters-io/laurel
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote_to_bytes

import polars as pl

from rtml.captures.sensors.auditd.mapping import BLIND, events_of
from rtml.captures.sensors.auditd.rings import apart
from rtml.captures.sensors.auditd.sockets import decoded
from rtml.captures.sensors.contract import Lines, Reading, Sensor
from rtml.captures.sensors.laurel.fields import FIELDS
from rtml.captures.sensors.records import Format, read_records
from rtml.captures.sensors.records.moments import when
from rtml.captures.sensors.signature import has_keys
from rtml.reading.escapes import readable

__all__ = ["LAUREL", "SENSOR", "read"]

_ID = r"^(\d+\.\d+):(\d+)$"
_ESCAPED = r"%[0-9a-fA-F]{2}"
_TOLD_BY = ("SYSCALL", "PROCTITLE", "URINGOP", "DAEMON_START", "CONFIG_CHANGE", "USER_CMD")
_TEXTS = ("comm", "exe", "cwd", "socket", "title", "argv_text")


def grouped(rows: pl.DataFrame) -> pl.DataFrame:
    """Give laurel's events the columns of events that are put together."""
    address = pl.col("sockaddr").list.first()
    parsed, raw = address.struct.field("SADDR").struct, _raw_address(rows)
    words = pl.col("call_arguments")
    shaped = rows.with_columns(
        *(pl.coalesce(f"a{i}", words.list.get(i, null_on_oob=True)).alias(f"a{i}") for i in range(4)),
        time=when(pl.col("id").str.extract(_ID)),
        types=_types(),
        family=pl.coalesce(parsed.field("saddr_fam"), raw["family"]),
        address=pl.coalesce(parsed.field("addr"), raw["address"]),
        port=pl.coalesce(parsed.field("port"), raw["port"]),
        socket=pl.coalesce(parsed.field("path"), raw["socket"]),
        title=pl.coalesce(pl.col("title_words").list.join(" "), "title_text"),
        opid=pl.col("obj_pid").list.first().struct.field("opid"),
        oflag=_digits(pl.col("openat2").list.first().struct.field("oflag")),
        omode=pl.col("openat2").list.first().struct.field("mode"),
        container=pl.coalesce("container_info", "container_older"),
        subj=pl.lit(None, pl.String),  # containers are told already
        code=pl.lit(None, pl.String),
        filtered=pl.lit(False),
    )
    plain = shaped.with_columns(_plain(shaped[name]).alias(name) for name in _TEXTS)
    plain = plain.with_columns(_each_plain(plain["argv"]).alias("argv"))
    named = plain.with_columns(
        argv=pl.coalesce("argv", pl.when(pl.col("argv_text").is_not_null()).then(pl.concat_list("argv_text")))
    )
    return named.with_columns(paths=_each_plain(named["paths"]))


def _raw_address(rows: pl.DataFrame) -> pl.DataFrame:
    """Decode addresses that laurel left as bytes, as it does unless it is told to translate."""
    raw = rows.select(pl.col("sockaddr").list.first().struct.field("saddr")).to_series()
    known = raw.drop_nulls().unique()
    digits = pl.Series([unquote_to_bytes(text).hex() for text in known], dtype=pl.String)
    return decoded(raw.replace_strict(known, digits, default=None, return_dtype=pl.String))


def _digits(octal: pl.Expr) -> pl.Expr:
    """Return octal digits, which laurel before 0.6 takes for hexadecimal ones of bytes."""
    taken = pl.when(octal.str.contains(r"^(?:%[0-9a-fA-F]{2})+$")).then(
        octal.str.replace_all("%", "", literal=True)
    )
    return pl.coalesce(taken, octal)


def _types() -> pl.Expr:
    """Return the records that matter: of a call, parts of one, or others, whose types are not told apart."""
    part = pl.any_horizontal(pl.col("paths", "argv", "cwd", "sockaddr").is_not_null())
    kind = pl.when(pl.col("syscall").is_not_null()).then(pl.lit("SYSCALL")).when(part).then(pl.lit("PATH"))
    return pl.concat_list(kind.otherwise(pl.lit("other than SYSCALL")))


def _plain(texts: pl.Series) -> pl.Series:
    """Undo laurel's escapes; few texts have any."""
    odd = texts.str.contains(_ESCAPED).arg_true()
    return (
        texts.scatter(odd, [readable(unquote_to_bytes(text)) for text in texts.gather(odd)])
        if odd.len()
        else texts
    )


def _each_plain(lists: pl.Series) -> pl.Series:
    """Undo escapes in lists of texts, or of structs with a ``name``."""
    places = lists.to_frame("x").with_row_index("i")
    rows = places.explode("x")  # an empty list may have no row here
    each = rows["x"]
    if isinstance(each.dtype, pl.Struct):
        told = rows.unnest("x").with_columns(_plain(each.struct.field("name")).alias("name"))
        told = told.select("i", x=pl.struct(pl.exclude("i")))
    else:
        told = rows.with_columns(_plain(each).alias("x"))
    kept = told.filter(each.is_not_null()).group_by("i", maintain_order=True).agg("x")
    return places.select("i").join(kept, on="i", how="left", maintain_order="left")["x"]


def _events(rows: pl.DataFrame) -> pl.DataFrame:
    return events_of(apart(grouped(rows)))


LAUREL = Format(
    name="laurel",
    what="a log of laurel (JSON lines)",
    writers=("laurel", "audit"),
    generations=(FIELDS,),
    claims=pl.col("id").str.contains(_ID),
    events=_events,
    host="node",
)


def read(path: Path) -> Reading:
    """Read one file of laurel's log."""
    return read_records(path, LAUREL)


def _signature(head: bytes) -> bool:
    return has_keys(head, "ID") and any(has_keys(head, kind) for kind in _TOLD_BY)


SENSOR = Sensor(name="laurel", read=read, blind=BLIND, signature=_signature, lines=Lines())
