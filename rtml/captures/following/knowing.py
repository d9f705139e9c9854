"""Which process is it, while the log still grows: what earlier pieces said of pids is carried on.

An instance of a pid gets a *key* when it is first seen: the id that it would have if nothing more came. What
comes later may say more (when it began, who its parent is, that a forked child is only a thread), so events
keep the key, and a small table says what each key means now (`identities`). This is
`rtml.captures.instances.identify`, piece by piece.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import polars as pl

from rtml.captures.following.given import GIVEN
from rtml.captures.identity import process_id
from rtml.captures.instances import INSTANCE, PID, cut, marks_of, named, summed, with_parents
from rtml.captures.keys import IDENTITIES

__all__ = ["Known", "identities", "keyed", "merged"]

_UTC = pl.Datetime("ns", "UTC")
_PIDS = pl.Schema(
    {
        "host": pl.String(),
        "pid": pl.Int32(),
        "exited": pl.Boolean(),
        "ppid": pl.Int32(),
        "time": _UTC,
        "birth": pl.Boolean(),
        "key": pl.Int64(),
    }
)
_PROCESSES = pl.Schema(
    {
        "key": pl.Int64(),
        "host": pl.String(),
        "pid": pl.Int32(),
        "born": _UTC,
        "started": _UTC,
        "first_seen": _UTC,
        "ppid": pl.Int32(),
        "ended": _UTC,
        "events": pl.Int64(),
    }
)


@dataclass(frozen=True)
class Known:
    """``pids``: last mark of each pid. ``processes``: what each key is known to be. ``given``: `GIVEN`."""

    pids: pl.DataFrame = field(default_factory=_PIDS.to_frame)
    processes: pl.DataFrame = field(default_factory=_PROCESSES.to_frame)
    given: pl.DataFrame = field(default_factory=GIVEN.to_frame)


def keyed(rows: pl.DataFrame, known: Known) -> tuple[pl.DataFrame, Known]:
    """Give rows, in the order of time, the keys of their processes: ``process_id``, on forks ``target_id``.

    Returns
    -------
    The rows in the same order, and what is known after them. Rows that are older than others of their pid
    which came in an earlier piece go to the process that had it last.
    """
    indexed = rows.with_row_index("row").with_columns(pl.col("host").cast(pl.String).fill_null(""))
    marks = cut(marks_of(indexed), known.pids)
    processes = _with_keys(summed(marks), known)
    marks = marks.join(processes.select(*INSTANCE, "key"), on=INSTANCE, how="left", maintain_order="left")
    seen = marks.filter(~pl.col("birth")).select("row", process_id="key")
    born = marks.filter("birth").select("row", target_id="key")
    ids = (
        indexed.select("row")
        .join(seen, on="row", how="left", maintain_order="left")
        .join(born, on="row", how="left", maintain_order="left")
    )
    found = rows.drop("parent_id", strict=False).with_columns(ids["process_id"], ids["target_id"])
    last = marks.group_by(PID, maintain_order=True).last().select(_PIDS.names()).cast(_PIDS)
    others = known.pids.join(last, on=PID, how="anti")
    return found, replace(known, pids=pl.concat([others, last]), processes=_together(known, processes))


def _with_keys(processes: pl.DataFrame, known: Known) -> pl.DataFrame:
    carried = known.pids.select(*PID, former="key")
    start = pl.coalesce("started", "born", "first_seen").dt.epoch("ns")
    joined = processes.join(carried, on=PID, how="left", maintain_order="left").with_columns(_start=start)
    new = process_id(joined["host"].to_numpy(), joined["pid"].to_numpy(), joined["_start"].to_numpy())
    former = pl.when(pl.col("instance") == 0).then("former")
    return joined.with_columns(key=pl.coalesce(former, pl.Series(new, dtype=pl.Int64))).drop(
        "former", "_start"
    )


def _together(known: Known, processes: pl.DataFrame) -> pl.DataFrame:
    """Add what new marks say of processes; what is known of one stays, as if all had been read at once."""
    new = processes.select(_PROCESSES.names()).cast(_PROCESSES)
    touched = pl.concat([known.processes.join(new, on="key", how="semi"), new])
    others = known.processes.join(new, on="key", how="anti")
    return pl.concat([others, merged(touched)])


def merged(processes: pl.DataFrame) -> pl.DataFrame:
    """Sum what several pieces, in their order, say of processes: one row per key, as first seen."""
    firsts = [pl.col(name).drop_nulls().first() for name in ("born", "started", "first_seen", "ppid")]
    return (
        processes.group_by("key", maintain_order=True)
        .agg(pl.col("host", "pid").first(), *firsts, pl.col("ended").max(), pl.col("events").sum())
        .select(_PROCESSES.names())
    )


def identities(known: Known, used: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return what every key means by now (`IDENTITIES`); ``used`` as for `with_parents`."""
    instances = known.processes.with_columns(instance="key")
    found = with_parents(named(instances), used)
    return found.select("process_id", "parent_id", "begun", key="instance").select(IDENTITIES.names())
