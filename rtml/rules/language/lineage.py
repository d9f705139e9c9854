"""What rules ask about the programs before a process, joined to events without copying texts."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rtml.asof import asof
from rtml.captures.processes import BY_TIME
from rtml.rules.language.columns import LINEAGE
from rtml.text import SEPARATOR

__all__ = ["lineage", "with_lineage"]

_KEYS = ("process_id", "host", "image_seq", "since")


def lineage(processes: pl.LazyFrame) -> pl.LazyFrame:
    """Per process image: the program before it, that program's command line, and all ancestors.

    The program before is the process's own former image (after a fork: its parent's), so the chain
    reads the same whether a shell ran a program by fork and exec or by exec in place. A program
    known only by name, ``[nginx]``, becomes ``/nginx`` because rules end in ``/nginx``.

    Returns
    -------
    ``process_id, host, image_seq, since`` and the columns of `LINEAGE`; ancestors as one text.
    """
    names = pl.col("ancestors").list.eval(_named(pl.element()))
    images = processes.select(
        *_KEYS,
        "exe",
        "cmdline",
        named="/" + pl.col("comm"),
        first=_named(pl.col("ancestors").list.first()),
        ancestors=pl.when(names.list.len() > 0).then(names.list.join(SEPARATOR)),
    ).sort("process_id", "since", "image_seq", nulls_last=False)
    # Sorted, the former image of a process is the row before: cheaper than a window per process.
    row, before = pl.int_range(pl.len()), pl.col("process_id").shift(1)
    same = pl.col("process_id").eq_missing(before) & (row > 0)
    return images.select(
        *_KEYS,
        "ancestors",
        # The name that a process has at its exec is the new program's: ancestors know the former one.
        parent_image=pl.coalesce(
            pl.when(same).then(pl.col("exe").shift(1)), "first", pl.when(same).then(pl.col("named").shift(1))
        ),
        parent_cmdline=pl.when(same).then(pl.col("cmdline").shift(1)),
    )


def _named(ancestor: pl.Expr) -> pl.Expr:
    return ancestor.str.replace(r"^\[(.*)\]$", "/$1")


def with_lineage(
    events: pl.LazyFrame, processes: pl.LazyFrame, wanted: Sequence[str], only_execs: bool
) -> pl.LazyFrame:
    """Join the wanted columns of `LINEAGE` to events, by a number while rows are many.

    Texts of ancestors, repeated for every event, were most of the memory of a run: each different
    chain is kept once, and events carry its number until they are grouped.

    Parameters
    ----------
    events
        With ``time``, ``host`` (text), ``seq`` and ``process_id``.
    processes
        `rtml.captures.store.Capture.processes`.
    wanted
        Column names; those of `LINEAGE` among them are joined.
    only_execs
        Whether every event is an exec: its own image is then known by its number, not by time.
    """
    columns = sorted(LINEAGE & set(wanted))
    images = lineage(processes).select(*_KEYS, *columns).collect()
    chains = images.select(columns).unique().sort(columns).with_row_index("_chain")
    numbered = images.join(chains, on=columns, how="left", nulls_equal=True)
    numbered = numbered.select(*_KEYS, "_chain")
    if only_execs:
        by_image = numbered.drop("since", "process_id").drop_nulls("image_seq").lazy()
        joined = events.join(by_image, left_on=["host", "seq"], right_on=["host", "image_seq"], how="left")
    else:
        by_time = numbered.sort(BY_TIME).drop("host", "image_seq").lazy()
        # Sorting whole events would hold them twice: who and when is all that decides.
        moments = asof(
            events.select("process_id", "time").unique().sort("time"),
            by_time,
            left_on="time",
            right_on="since",
            by="process_id",
        )
        chain = moments.select("process_id", "time", "_chain").drop_nulls().collect()
        joined = events.join(chain.lazy(), on=["process_id", "time"], how="left")
    return joined.join(chains.lazy(), on="_chain", how="left").drop("_chain")
