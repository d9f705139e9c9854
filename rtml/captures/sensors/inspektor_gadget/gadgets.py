"""Which gadget wrote a file: by the file's name, else by the keys that only its lines have."""

from __future__ import annotations

import re

import polars as pl

__all__ = ["gadget_named", "gadget_of", "kind_of_gadget", "named_gadget"]

_KINDS = {
    "exec": "exec",
    "open": "open",
    "tcp": "connect",
    "tcpconnect": "connect",
    "tcpdrop": "connect",
    "bind": "bind",
    "dns": "dns",
    "signal": "kill",
    "sigsnoop": "kill",
    "mount": "mount",
    "capabilities": "syscall",
    "network": "connect",
}
"""Gadget, without ``trace``, to kind; every other gadget is of kind ``syscall``."""

_ON_FILES = ("exec", "open", "mount", "signal", "sigsnoop", "capabilities")
"""Gadgets that tell of no connection."""

_NAME = re.compile(
    r"(?:^|[^a-z])(" + "|".join(sorted(_KINDS, key=len, reverse=True)) + r")(?:snoop)?(?![a-z])"
)


def named_gadget(file: str) -> str | None:
    """Return the gadget that a file's name says.

    Examples
    --------
    >>> [named_gadget(name) for name in ("trace_exec-n1.jsonl.gz", "trace-tcp.json", "events.jsonl")]
    ['exec', 'tcp', None]
    """
    found = _NAME.search(file.lower())
    return found[1] if found else None


def gadget_of() -> pl.Expr:
    """Return the gadget of each line by its keys; null where they tell none."""
    there = {name: pl.col(name).is_not_null() for name in ("tpid", "target_pid", "pktType")}
    has = {name: pl.col(name).is_not_null() for name in ("fname", "path", "fullpath", "file", "words", "fd")}
    exec_shape = has["words"] & (
        pl.col("ret").is_not_null()
        | pl.col("retval").is_not_null()
        | pl.col("exepath").is_not_null()
        | (pl.col("ppid").is_not_null() & ~has["fd"])
        | pl.col("proc/parent/pid").is_not_null()
    )
    return (
        pl.when(_asks())
        .then(pl.lit("dns"))
        .when(there["tpid"] | there["target_pid"])
        .then(pl.lit("signal"))
        .when(there["pktType"])
        .then(pl.lit("network"))
        .when(_has_ends())
        .then(pl.lit("tcp"))
        .when(exec_shape)
        .then(pl.lit("exec"))
        .when(has["fname"] | has["fullpath"] | has["fd"] | (has["path"] & pl.col("flag_names").is_not_null()))
        .then(pl.lit("open"))
        .when(pl.col("addr").is_not_null() & pl.col("port").is_not_null())
        .then(pl.lit("bind"))
    )


def gadget_named(gadget: str) -> pl.Expr:
    """Return the gadget of each line of a file whose name says one, unless its keys are of none such.

    A file's name may hold a gadget's by chance: ``open-source-app.jsonl``.
    """
    connects = pl.lit(gadget in _ON_FILES) & _has_ends()
    return pl.when(_asks()).then(pl.lit("dns")).when(connects).then(pl.lit("tcp")).otherwise(pl.lit(gadget))


def _asks() -> pl.Expr:
    return pl.col("qtype").is_not_null() | pl.col("qr").is_not_null()


def _has_ends() -> pl.Expr:
    return pl.col("dst/addr").is_not_null() | pl.col("daddr").is_not_null()


def kind_of_gadget(gadget: pl.Expr) -> pl.Expr:
    """Return the kind of event that a gadget tells of.

    Examples
    --------
    >>> pl.DataFrame({"g": ["dns", "audit_seccomp", None]}).select(kind_of_gadget(pl.col("g")))["g"].to_list()
    ['dns', 'syscall', 'syscall']
    """
    return gadget.replace_strict(_KINDS, default="syscall", return_dtype=pl.String).fill_null("syscall")
