"""Lines of an audit log to records: type, time, serial, and the rest; also behind syslog's own words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import polars as pl

from rtml.captures.sensors.auditd.accounts import ACCOUNT, account_of
from rtml.captures.sensors.auditd.go_audit import unpacked
from rtml.captures.sensors.auditd.values import sound_text
from rtml.captures.sensors.heads import host_of
from rtml.captures.sensors.records.text_blocks import text_blocks
from rtml.reading.escapes import readable

__all__ = ["EVENT", "Lines", "records_in"]

_WRITERS = ("audit",)
EVENT = ["node", "seconds", "fraction", "serial"]
"""What names the event that a record belongs to."""

_TYPES = {
    "1300": "SYSCALL",
    "1302": "PATH",
    "1303": "IPC",
    "1304": "SOCKETCALL",
    "1305": "CONFIG_CHANGE",
    "1306": "SOCKADDR",
    "1307": "CWD",
    "1309": "EXECVE",
    "1317": "FD_PAIR",
    "1318": "OBJ_PID",
    "1320": "EOE",
    "1321": "BPRM_FCAPS",
    "1322": "CAPSET",
    "1323": "MMAP",
    "1326": "SECCOMP",
    "1327": "PROCTITLE",
    "1330": "KERN_MODULE",
    "1336": "URINGOP",
    "1337": "OPENAT2",
}
"""What the kernel's log, and a tool that is older than the kernel, says in numbers."""

_RECORD = (
    r"(?:\bnode=(?<node>\S+) )?\btype=(?:UNKNOWN\[)?(?<type>[A-Z0-9_]{1,40})\]? (?:msg=)?"
    r"audit\((?<seconds>\d{1,12})\.(?<fraction>\d{1,9}):(?<serial>\d{1,20})\):? *(?<body>[^\n]*)$"
)

_SEPARATOR = r"^(?:----|time->.{1,60})$"
"""What ``ausearch`` writes between events: no more a record than an empty line is."""

_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,253}")
_NEXT = r"(?:^|[ \t])((?:node=\S+ )?type=(?:UNKNOWN\[)?[A-Z0-9_]{1,40}\]? (?:msg=)?audit\(\d+\.\d+:\d+\))"


class Lines(NamedTuple):
    """What lines are: ``records``, ``accounts`` of what the kernel lost, and ``bad`` ones.

    ``records`` have ``line, type, body`` and `EVENT`, ``accounts`` ``line, node`` and `accounts.ACCOUNT`,
    ``bad`` ones ``line, reason, text``.
    """

    records: pl.DataFrame
    accounts: pl.DataFrame
    bad: pl.DataFrame


def records_in(path: Path) -> Lines:
    """Read the lines of a file, plain or packed.

    Raises
    ------
    RtmlError
        No such file, a folder, or an unreadable one.
    """
    read = [_split(1, b"")]
    for block in text_blocks(path, _WRITERS, _on_host):
        if block.problem is None:
            read.append(_split(block.first, block.raw))
            continue
        text = [block.raw[:200].decode("utf-8", "backslashreplace")]
        bad = pl.DataFrame({"line": [block.first], "reason": [block.problem], "text": text})
        read.append(read[0]._replace(bad=bad))
    return Lines(*map(pl.concat, zip(*read, strict=True)))


def _on_host(line: bytes, host: str | None) -> bytes:
    """Write the host that an envelope names before a line that has no head, as syslog would have written."""
    if host is None or not line.startswith((b"type=", b"{")) or _NAME.fullmatch(host) is None:
        return line
    return b"\n".join(b"Jan  1 00:00:00 %b audit: %b" % (host.encode(), part) for part in line.split(b"\n"))


def _split(first: int, raw: bytes) -> Lines:
    lines = _text(raw).to_frame("text").with_row_index("line", offset=first)
    lines = lines.with_columns(pl.col("line").cast(pl.Int64), pl.col("text").str.strip_chars(" \t\r\0"))
    lines = lines.filter(pl.col("text") != "", ~pl.col("text").str.contains(_SEPARATOR))
    lines = _apart(unpacked(lines.with_columns(_host())))
    told = lines.with_columns(pl.col("text").str.extract_groups(_RECORD).alias("r")).unnest("r")
    known = told.filter(pl.col("type").is_not_null())
    others = told.filter(pl.col("type").is_null()).with_columns(account_of(pl.col("text")))
    accounts = others.filter(pl.col(ACCOUNT).is_not_null())
    bad = others.filter(pl.col(ACCOUNT).is_null())
    return Lines(
        known.drop("text", "host").with_columns(
            pl.col("type").replace(_TYPES), node=pl.coalesce(known["node"], known["host"])
        ),
        accounts.select("line", ACCOUNT, "number", node="host"),
        bad.select(
            "line", reason=pl.lit("not a record of the audit log"), text=pl.col("text").str.slice(0, 200)
        ),
    )


def _host() -> pl.Expr:
    """Return the host that a line's head names; most lines are records from their first letter on."""
    headed = ~pl.col("text").str.contains(r"^(?:type|node)=")
    return host_of(pl.when(headed).then("text")).alias("host")


def _apart(lines: pl.DataFrame) -> pl.DataFrame:
    """Give each record a line of its own, where an agent put those of one event behind one another.

    Values with a blank are written in hexadecimal digits: none holds the beginning of a record.
    """
    several = pl.col("text").str.count_matches("audit(", literal=True) > 1
    if not lines.select(several.any()).item():
        return lines
    cut = pl.col("text").str.replace_all(_NEXT, "\n${1}")
    parts = pl.when(several).then(cut).otherwise("text").str.split("\n")
    # What stands before the first record is the head that syslog wrote.
    whole = ~pl.col("several") | pl.col("text").str.contains("audit(", literal=True)
    return lines.with_columns(several=several, text=parts).explode("text").filter(whole).drop("several")


def _text(raw: bytes) -> pl.Series:
    try:
        return sound_text(pl.Series("text", raw.decode().split("\n")))
    except UnicodeDecodeError:
        return pl.Series("text", [readable(line) for line in raw.split(b"\n")])
