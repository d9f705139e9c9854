"""Which process is it: from pids, that the kernel reuses, to processes, that are unique.

A pid names a process only between its fork and its exit. Marks on each pid's time line (fork
births, and where births are missing: starts, exits and other parents) cut it into instances; every
event falls into one. An instance is named by `rtml.captures.identity.process_id` of host, pid and
start time.

A process that has exited is no longer a parent: its pid belongs to another.

Fails when a pid is reused with neither the fork, nor the start time, nor the exit with a changed
parent in the capture: two processes are then taken for one.
"""

from __future__ import annotations

import polars as pl

from rtml.asof import asof
from rtml.captures.identity import process_id

__all__ = ["BEFORE", "INSTANCE", "PID", "cut", "identify", "marks_of", "named", "summed", "with_parents"]

PID = ["host", "pid"]
INSTANCE = ["host", "pid", "instance"]
BEFORE = ("exited", "ppid", "time", "birth")
"""What the next mark of a pid is held against."""
_IDS = ("process_id", "parent_id", "target_id")
_MOMENT = pl.duration(seconds=1)


def identify(events: pl.DataFrame) -> pl.DataFrame:
    """Fill ``process_id``, ``parent_id``, ``started`` and, on forks, ``target_id``.

    Parameters
    ----------
    events
        Rows of one sitting: ``host, pid, ppid, time, kind, target_pid, started``; a fork event is
        the parent's and carries the child's pid as ``target_pid`` (threads included: a child that
        never shows up as ``pid`` is no process). ``started`` is null unless the sensor knows.

    Returns
    -------
    The same rows in the same order; ids that the sensor gave stay. Events without a pid keep nulls. An
    unknown start (running before the capture began) stays null; the id is then made of the first time
    it was seen.

    Examples
    --------
    Pid 7 lives twice: two processes, each a child of pid 1.

    >>> import datetime as dt
    >>> from rtml.schema import conform
    >>> frame = conform(pl.DataFrame({
    ...     "host": "h", "time": [dt.datetime(2026, 1, 1, 0, 0, s) for s in range(5)],
    ...     "kind": ["fork", "exit", "fork", "exec", "open"], "pid": [1, 7, 1, 7, 7],
    ...     "ppid": [0, 1, 0, 1, 1], "target_pid": [7, None, 7, None, None],
    ... }).with_columns(pl.col("time").dt.replace_time_zone("UTC")))
    >>> processes = identify(frame)
    >>> processes["process_id"].n_unique(), processes.filter(pl.col("pid") == 7)["process_id"].n_unique()
    (3, 2)
    >>> children, ids = processes["target_id"].gather([0, 2]), processes["process_id"].gather([1, 3])
    >>> children.to_list() == ids.to_list()
    True
    """
    rows = events.with_row_index("row").with_columns(pl.col("host").cast(pl.String).fill_null(""))
    marks = cut(marks_of(rows))
    processes = with_parents(named(summed(marks)))
    owned = marks.join(processes, on=INSTANCE, how="inner")
    identities = owned.filter(~pl.col("birth")).select("row", "process_id", "parent_id", "begun")
    child = owned.filter(pl.col("birth")).select("row", target_id="process_id")
    return (
        events.rename({name: f"_{name}" for name in _IDS if name in events.columns})
        .with_row_index("row")
        .join(identities, on="row", how="left", maintain_order="left")
        .join(child, on="row", how="left", maintain_order="left")
        .with_columns(
            *(pl.coalesce(f"_{name}", name).alias(name) for name in _IDS if name in events.columns),
            started=pl.coalesce("begun", "started"),
        )
        .drop("row", "begun", *(f"_{name}" for name in _IDS), strict=False)
    )


def marks_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Every event on its own pid's time line, and every birth on the child's."""
    kind = pl.col("kind").cast(pl.String)
    sightings = rows.filter(pl.col("pid").is_not_null()).select(
        "row", *PID, "time", "ppid", "started", birth=pl.lit(False), exited=kind == "exit"
    )
    births = rows.filter((kind == "fork") & pl.col("target_pid").is_not_null()).select(
        "row",
        "host",
        "time",
        pid="target_pid",
        ppid="pid",
        started="time",
        birth=pl.lit(True),
        exited=pl.lit(False),
    )
    return pl.concat([sightings, births.select(sightings.columns)])


def cut(marks: pl.DataFrame, carried: pl.DataFrame | None = None) -> pl.DataFrame:
    """Cut each pid's time line where a new process must have begun.

    Parameters
    ----------
    marks
        As `marks_of` gives them.
    carried
        Last marks of pids from an earlier part of the same time line: columns of `PID` and `BEFORE`. Instance
        0 of a pid that is among them is the process that had it then.

    Returns
    -------
    ``marks`` in the order of their time lines, with ``instance``.
    """
    new = marks.with_columns(_carried=pl.lit(False))
    if carried is not None:
        former = carried.select(*PID, *BEFORE, _carried=pl.lit(True))
        former = former.join(marks.select(PID).unique(), on=PID, how="semi")
        new = pl.concat([new, former], how="diagonal_relaxed")
    line = new.sort(
        *PID, "_carried", "time", "birth", "row", descending=[False, False, True, False, True, False]
    )
    last = {f"_last_{name}": pl.col(name).shift(1).over(PID) for name in BEFORE}
    exited, parent, time, birth = (pl.col(name) for name in last)
    other_parent = pl.col("ppid") != parent
    late = pl.col("time") - time > _MOMENT
    replaced = exited & (other_parent | late)
    younger = (pl.col("started") > time) & ~birth
    # A child runs at once; a number that was born long ago, of another parent, was a thread's.
    thread = birth & late & other_parent
    unborn = pl.any_horizontal(x.fill_null(False) for x in (replaced, younger, thread))
    begun = line.with_columns(**last).with_columns(_new=(pl.col("birth") | unborn) & ~pl.col("_carried"))
    instance = pl.col("_new").cum_sum().over(PID).cast(pl.Int64)
    numbered = begun.drop(last).with_columns(instance=instance)
    return numbered.filter(~pl.col("_carried")).drop("_new", "_carried")


def summed(marks: pl.DataFrame) -> pl.DataFrame:
    """One row per process: what its marks say together."""
    birth = pl.col("birth")
    return marks.group_by(INSTANCE, maintain_order=True).agg(
        born=pl.col("time").filter(birth).first(),
        started=pl.col("started").filter(~birth).drop_nulls().first(),
        first_seen=pl.col("time").first(),
        ppid=pl.col("ppid").drop_nulls().first(),
        ended=pl.col("time").filter("exited").max(),
        events=(~birth).sum(),
    )


def named(processes: pl.DataFrame) -> pl.DataFrame:
    """Give processes (`summed`) their beginning and their id, without threads: children without events."""
    shown = processes.filter(pl.col("events") > 0).with_columns(begun=pl.coalesce("started", "born"))
    start = shown["begun"].fill_null(shown["first_seen"]).dt.epoch("ns")
    ids = process_id(shown["host"].to_numpy(), shown["pid"].to_numpy(), start.to_numpy())
    return shown.with_columns(process_id=pl.Series(ids, dtype=pl.Int64))


def with_parents(processes: pl.DataFrame, used: pl.DataFrame | None = None) -> pl.DataFrame:
    """Look up each process's parent: the one that had the parent's pid when the child began.

    One that had exited by then is not the parent: its pid went to a process that the sensor does not see,
    such as the container runtime, outside. One of which nobody knows when it began may have been there
    always, but not before another that had its pid; ``used`` are pids that processes had which are not
    among these.
    """
    long_ago = pl.datetime(1677, 9, 22, time_unit="ns", time_zone="UTC")
    since = pl.min_horizontal("begun", "first_seen")
    follows = pl.col("first_seen") > pl.col("first_seen").min().over(PID)
    if used is not None:
        processes = processes.join(used.select(*PID, _used=True), on=PID, how="left", maintain_order="left")
        follows = follows | pl.col("_used").fill_null(False)
    ours = processes.select(
        *INSTANCE,
        "process_id",
        "begun",
        "ppid",
        "ended",
        at=pl.coalesce("born", "first_seen"),
        since=pl.when(pl.col("begun").is_null() & ~follows).then(long_ago).otherwise(since),
    )
    parents = ours.select("host", "since", "ended", ppid="pid", parent_id="process_id").sort("since")
    gone = (pl.col("ended") < pl.col("at")).fill_null(False)
    return (
        asof(
            ours.drop("since", "ended").sort("at"),
            parents,
            left_on="at",
            right_on="since",
            by=["host", "ppid"],
        )
        .with_columns(
            parent_id=pl.when((pl.col("parent_id") != pl.col("process_id")) & ~gone).then("parent_id")
        )
        .select(*INSTANCE, "process_id", "parent_id", "begun")
    )
