"""Lines of an audit log to records: type, time, serial, and the rest; also behind syslog's own words."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import polars as pl

from rtml.captures.sensors.auditd.values import sound_text
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


_NEXT = r"(?:^|[ \t])((?:node=\S+ )?type=(?:UNKNOWN\[)?[A-Z0-9_]{1,40}\]? (?:msg=)?audit\(\d+\.\d+:\d+\))"


class Lines(NamedTuple):
    """``records``: ``line, type, body`` and `EVENT`; ``bad``: ``line, reason, text`` of other lines."""

    records: pl.DataFrame
    bad: pl.DataFrame


def records_in(path: Path) -> Lines:
    """Read the lines of a file, plain or packed.

    Raises
    ------
    RtmlError
        No such file, a folder, or an unreadable one.
    """
    good, bad = [_split(1, b"")[0]], [_split(1, b"")[1]]
    for block in text_blocks(path, _WRITERS):
        if block.problem is not None:
            text = [block.raw[:200].decode("utf-8", "backslashreplace")]
            bad.append(pl.DataFrame({"line": [block.first], "reason": [block.problem], "text": text}))
            continue
        records, others = _split(block.first, block.raw)
        good.append(records)
        bad.append(others)
    return Lines(pl.concat(good), pl.concat(bad))


def _split(first: int, raw: bytes) -> tuple[pl.DataFrame, pl.DataFrame]:
    lines = _text(raw).to_frame("text").with_row_index("line", offset=first)
    lines = _apart(lines.with_columns(pl.col("line").cast(pl.Int64)))
    lines = lines.with_columns(pl.col("text").str.strip_chars(" \t\r\0"))
    lines = lines.filter(pl.col("text") != "")
    found = lines.with_columns(pl.col("text").str.extract_groups(_RECORD).alias("r")).unnest("r")
    known = found.filter(pl.col("type").is_not_null())
    others = lines.join(known, on="line", how="anti")
    return (
        known.drop("text").with_columns(pl.col("type").replace(_TYPES)),
        others.select(
            "line", reason=pl.lit("not a record of the audit log"), text=pl.col("text").str.slice(0, 200)
        ),
    )


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
