"""What each line of ``sensor.bt`` means: per kind one function from fields to event columns."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from rtml.asof import asof
from rtml.captures.sensors.bpftrace.dns import dns_question
from rtml.captures.sensors.bpftrace.numbers import ACCESS, CALL_KINDS, FLAGS, SIGNALS, SYSCALLS
from rtml.captures.sensors.bpftrace.payloads import socket_address, unescape
from rtml.captures.sensors.ptrace import PTRACE
from rtml.reading.escapes import Decoded

__all__ = ["EVENTS_OF", "events_of"]

Fields = pl.DataFrame
_REST = "rest"


def _text(i: int) -> pl.Expr:
    """Field ``i`` of the rest; absent and empty are null."""
    piece = pl.col(_REST).list.get(i, null_on_oob=True)
    return pl.when(piece != "").then(piece)


def _number(i: int) -> pl.Expr:
    return _text(i).cast(pl.Int64, strict=False)


def _small(i: int) -> pl.Expr:
    """Return a field as a 32-bit number; null where it does not fit."""
    return _number(i).cast(pl.Int32, strict=False)


def _result(i: int) -> pl.Expr:
    """Make it 0 or -errno: a descriptor or a count is success."""
    return _number(i).clip(-4095, 0)


def _named(i: int, names: dict[int, str]) -> pl.Expr:
    return _number(i).replace_strict(names, default=_text(i), return_dtype=pl.String)


def _escaped(text: pl.Expr) -> pl.Expr:
    r"""Spell the bytes of an exact line (``61 1f``) as those of others are (``\x61\x1f``)."""
    spelled = "\\x" + text.str.replace_all(" ", "\\x", literal=True)
    return pl.when("exact").then(spelled).otherwise(text)


def _payload(fields: Fields, i: int) -> pl.Series:
    return fields.select(_escaped(_text(i)).alias("payload")).to_series()


def _exec(fields: Fields) -> Fields:
    return fields.with_columns(exe=_text(1), started_ns=_number(0), result=pl.lit(0))


def _execfail(fields: Fields) -> Fields:
    return fields.with_columns(kind=pl.lit("exec"), result=_result(0), path=_text(1))


def _open(fields: Fields) -> Fields:
    flags = _number(1).fill_null(0)
    writes = ((flags & 3) != 0) | ((flags & 0o1100) != 0)
    result = _result(0)
    return fields.with_columns(
        result=result, path=_text(3), flags=_flag_names(fields), wrote=writes & (result == 0)
    )


def _flag_names(fields: Fields) -> pl.Series:
    """Spell each distinct flag word once."""
    words = fields.select(_number(1).fill_null(0).alias("word")).to_series()
    spelled = {word: _spell_flags(word) for word in words.unique().to_list()}
    return words.replace_strict(spelled, return_dtype=pl.String)


def _spell_flags(word: int) -> str:
    return "|".join([ACCESS[word & 3], *(name for bit, name in FLAGS.items() if word & bit)])


def _connect(fields: Fields) -> Fields:
    to = socket_address(unescape(_payload(fields, 2)))
    return fields.with_columns(
        result=_result(0),
        direction=pl.lit("outbound"),
        dst_ip=to["ip"],
        dst_port=to["port"],
        socket_path=to["path"],
    )


def _accept(fields: Fields) -> Fields:
    peer = socket_address(unescape(_payload(fields, 1)))
    return fields.with_columns(
        result=pl.lit(0), direction=pl.lit("inbound"), src_ip=peer["ip"], src_port=peer["port"]
    )


def _bind(fields: Fields) -> Fields:
    local = socket_address(unescape(_payload(fields, 1)))
    return fields.with_columns(src_ip=local["ip"], src_port=local["port"], socket_path=local["path"])


def _dns(fields: Fields) -> Fields:
    question = dns_question(unescape(_payload(fields, 1)))
    return fields.with_columns(
        question.get_columns(),
        kind=pl.lit("dns"),
        direction=pl.lit("outbound"),
        protocol=pl.lit("udp"),
        dst_ip=_text(0),
        dst_port=pl.lit(53),
    )


def _call(fields: Fields) -> Fields:
    name = _named(0, SYSCALLS)
    kind = name.replace_strict(CALL_KINDS, default=pl.lit("syscall"), return_dtype=pl.String)
    return fields.with_columns(kind=kind, request=name, result=_result(1))


EVENTS_OF: dict[str, Callable[[Fields], Fields]] = {
    "exec": _exec,
    "execfail": _execfail,
    "fork": lambda f: f.with_columns(target_pid=_small(0)),
    "exit": lambda f: f.with_columns(request=(_number(0) // 256).cast(pl.String)),
    "open": _open,
    "connect": _connect,
    "accept": _accept,
    "bind": _bind,
    "listen": lambda f: f,
    "dup": lambda f: f.with_columns(request=_text(1)),
    "dnsq": _dns,
    "ptrace": lambda f: f.with_columns(request=_named(0, PTRACE), target_pid=_small(1)),
    "memfd": lambda f: f.with_columns(path="memfd:" + _text(1).fill_null("")),
    "mount": lambda f: f.with_columns(result=_result(0), path=_text(1)),
    "unlink": lambda f: f.with_columns(path=_text(0)),
    "rename": lambda f: f.with_columns(path_to=_text(0)),
    "chmod": lambda f: f.with_columns(mode=_small(0), path=_text(1)),
    "fchmod": lambda f: f.with_columns(kind=pl.lit("chmod"), mode=_small(0)),
    "kill": lambda f: f.with_columns(request=_named(0, SIGNALS), target_pid=_small(1)),
    "sys": _call,
}
"""From the name that the sensor prints to the columns of the event."""

_PIECES = ("argv", "argv2", "argv3")


_CHOSEN = ("exe", "path", "path_to")
"""Columns of what the watched program chose, as the log has it; `_comm` is another."""


def events_of(fields: Fields, text: Decoded) -> tuple[Fields, Fields]:
    """Turn split lines into event rows.

    Parameters
    ----------
    fields
        ``line, name, exact``, the numbers of the head, ``comm`` and ``rest`` (list of further fields).
    text
        The log that they are of.

    Returns
    -------
    Events (columns of `rtml.schema.EVENTS` plus ``line, nsecs, cgroup, started_ns``) and rejects
    (``line, reason``): argv pieces whose exec is not in the log.
    """
    base = fields.with_columns(
        kind=pl.col("name"),
        started_ns=pl.lit(None, pl.Int64),
        result=pl.lit(None, pl.Int64),
        exe=pl.lit(None, pl.String),
        path=pl.lit(None, pl.String),
        path_to=pl.lit(None, pl.String),
    )
    parts = [
        EVENTS_OF[str(name[0])](rows).drop(_REST)
        for name, rows in base.filter(~pl.col("name").is_in(_PIECES))
        .partition_by("name", as_dict=True, maintain_order=True)
        .items()
    ]
    if not parts:
        return base.clear().drop(_REST, "name", "exact", "problem"), fields.select(
            "line", reason=pl.lit("argv without exec")
        )
    events = pl.concat(parts, how="diagonal_relaxed").sort("line")
    events = events.with_columns(text.readable_column(pl.col(_CHOSEN)), _comm(events, text))
    cmdlines, orphans = _cmdlines(events, fields.filter(pl.col("name").is_in(_PIECES)))
    events = events.join(cmdlines, on="line", how="left", maintain_order="left")
    return events.drop("name", "exact", "tid", "problem"), orphans


def _comm(events: Fields, text: Decoded) -> pl.Series:
    """Return the names of programs; those of exact lines end at their first zero byte."""
    distinct = events.select("comm", "exact").unique()
    bytes_ = unescape(distinct.select(_escaped(pl.col("comm"))).to_series())
    spelled = distinct.with_columns(bytes_.text(0, bytes_.until_nul(0)).alias("spelled"))
    named = spelled.with_columns(
        spelled=pl.when("exact").then("spelled").otherwise(text.readable_column(pl.col("comm")))
    )
    joined = events.join(named, on=["comm", "exact"], how="left", maintain_order="left", nulls_equal=True)
    return joined["spelled"].replace("", None).alias("comm")


def _cmdlines(events: Fields, pieces: Fields) -> tuple[Fields, Fields]:
    """Join the pieces of argv (first up to 168 bytes each) to the exec that they follow."""
    execs = events.filter((pl.col("kind") == "exec") & (pl.col("result") == 0))
    owner = execs.select("nsecs", "tid", exec_line="line").sort("nsecs")
    text = pl.when(pl.col("name") == "argv").then(_text(1)).otherwise(_text(0))
    text = _escaped(text).fill_null("")
    placed = asof(pieces.with_columns(piece=text).sort("nsecs"), owner, on="nsecs", by="tid")
    orphans = placed.filter(pl.col("exec_line").is_null()).select(
        "line", reason=pl.lit("argv without its exec")
    )
    commands = (
        placed.drop_nulls("exec_line")
        .sort("exec_line", "name")
        .group_by("exec_line", maintain_order=True)
        .agg(pl.col("piece").str.join(""))
    )
    words = unescape(commands["piece"]).text()
    line = commands.select(line="exec_line", cmdline=words.str.replace_all("\0", " ", literal=True))
    return line.with_columns(pl.col("cmdline").str.strip_chars_end().replace("", None)), orphans
