"""What happened, by ECS's category, type and action, where no system call is named."""

from __future__ import annotations

import polars as pl

__all__ = ["ACTIONS", "kind_by_words"]

ACTIONS = "_actions"
"""Name of a column: all words of the action as one text."""


def kind_by_words() -> pl.Expr:
    """Return the kind of event by ``category`` and ``type`` (lists of words) and `ACTIONS`; else null.

    SysFlow's exporter calls forks and execs both ``process-start``; they are taken for execs.
    """
    directory, network = _any("category", "directory"), _any("category", "network")
    process, file = _any("category", "process"), _any("category", "file")
    return (
        pl.when(pl.col("domain").is_not_null())
        .then(pl.lit("dns"))
        .when(process)
        .then(_process())
        .when(directory)
        .then(pl.when(_any("type", "delete", "deletion")).then(pl.lit("unlink")).otherwise(pl.lit("syscall")))
        .when(file)
        .then(_file())
        .when(network)
        .then(_network())
    )


def _any(column: str, *words: str) -> pl.Expr:
    return pl.col(column).list.eval(pl.element().is_in(words)).list.any().fill_null(False)


def _said(pattern: str) -> pl.Expr:
    return pl.col(ACTIONS).str.contains(pattern).fill_null(False)


def _process() -> pl.Expr:
    # Agents put births, programs and ends of short lives together: the program is what is told of them.
    return (
        pl.when(_said(r"\bexec") & _any("type", "start", "process_started"))
        .then(pl.lit("exec"))
        .when(_said("fork|clone"))
        .then(pl.lit("fork"))
        .when(_said("thread|tstart|texit"))
        .then(pl.lit("syscall"))
        .when(_any("type", "start", "process_started"))
        .then(pl.lit("exec"))
        .when(_any("type", "end", "exit"))
        .then(pl.lit("exit"))
        .when(_said("uid|process-change"))
        .then(pl.lit("setuid"))
        .otherwise(pl.lit("syscall"))
    )


def _file() -> pl.Expr:
    return (
        pl.when(_said("rename"))
        .then(pl.lit("rename"))
        .when(_said("link"))
        .then(pl.when(_said("unlink")).then(pl.lit("unlink")).otherwise(pl.lit("link")))
        .when(_any("type", "deletion", "delete"))
        .then(pl.lit("unlink"))
        .when(_any("type", "creation", "create"))
        .then(pl.lit("create"))
        .when(_said("permission|chmod|attributes"))
        .then(pl.lit("chmod"))
        .otherwise(pl.lit("open"))
    )


def _network() -> pl.Expr:
    inbound = pl.col("network/direction").str.to_lowercase().is_in(["inbound", "ingress", "incoming"])
    # What only ended began before, in an event of its own; flows of a network are told when they end.
    began = _any("type", "start") | _said("attempt|accept") | pl.col("pid").is_null()
    return (
        pl.when(_any("type", "end") & ~began)
        .then(pl.lit("syscall"))
        .when(_said("bound|bind"))
        .then(pl.lit("bind"))
        .when(_said("listen"))
        .then(pl.lit("listen"))
        .when(_said("accept") | inbound.fill_null(False))
        .then(pl.lit("accept"))
        .otherwise(pl.lit("connect"))
    )
