"""What brings processes back that were put away: whatever could say something new of them.

By rows that have come: of a pid whose process never exited, or that names it as the parent; of a time that
is over, of anybody; of ids that a sensor gave. And by what changed in those that stayed: a past that is
another one, a parent that is first seen after its children, a program that tells where a child had its from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from rtml.captures.following.names import name
from rtml.captures.processes import BY_TIME
from rtml.captures.roots import inits_of

__all__ = ["names_of", "names_of_changes", "names_of_kin", "names_of_rows"]

_NO_TEXT = pl.Series([""], dtype=pl.String)
_PAST = ("parent_id", "root_id", "container_id", "started", "since", "image_seq", "exe", "comm", "cmdline",
         "ancestors")  # fmt: skip


def names_of(units: pl.DataFrame, tables: Mapping[str, pl.DataFrame], ids: bool) -> pl.DataFrame:
    """Return ``name, unit`` of processes that are put away (`rtml.captures.following.archive`).

    ``ids``: the sensor names processes itself.
    """
    shown, pids = units.filter("shown"), tables["pids"].filter(~pl.col("exited"))
    orphans = shown.filter(pl.col("parent_id").is_null() & (pl.col("ppid") > 0))
    children, unseen = shown.drop_nulls("parent_id"), shown.filter("no exec")
    born, alive = pids.filter("birth"), pids.filter(~pl.col("birth"))
    # A thread may have got the number since: it is nobody's parent, and not who is asked for.
    last = shown.filter(pl.col("ended").is_null() & ~pl.col("pid reused")).drop_nulls("pid")
    found = [
        _named("pid", shown.drop_nulls("pid"), "host", "pid"),
        _named("ppid", orphans, "host", "ppid"),
        _named("unit", shown, None, "unit"),
        _named("up", children, None, "parent_id"),
        _named("exe", unseen, "first_exe", "parent_id"),
        _named("mark", tables["pids"], "host", "pid"),
        _named("open", alive, "host", "pid"),
        _named("open", last, "host", "pid"),
        _named("born", born, "host", "pid", "ppid"),
        _named("born to", born, "host", "pid"),
    ]
    if ids:
        found += _ids(units, tables)
    return pl.concat(found)


def _ids(units: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> Iterator[pl.DataFrame]:
    given, declared = tables["given"], tables["declared"]
    yield _named("id", units, None, "unit")
    yield _named("id", given.drop_nulls("given_id"), None, "given_id")
    yield _named("id", declared, None, "process_id")
    if "image" in declared.columns:
        yield _named("image", declared.drop_nulls("image"), "image", None)


def _named(
    what: str, rows: pl.DataFrame, text: str | None, number: str | None, other: str | None = None
) -> pl.DataFrame:
    return pl.DataFrame([_asked(what, rows, text, number, other), rows["unit"]])


def _asked(
    what: str, rows: pl.DataFrame, text: str | None, number: str | None, other: str | None = None
) -> pl.Series:
    texts = pl.repeat("", rows.height, dtype=pl.String, eager=True) if text is None else rows[text]
    numbers = pl.zeros(rows.height, dtype=pl.Int64, eager=True) if number is None else rows[number]
    return name(what, texts, numbers, None if other is None else rows[other])


def names_of_rows(
    rows: pl.DataFrame, pids: pl.DataFrame, declared: pl.DataFrame, upto: Mapping[str, int], ids: bool
) -> pl.Series:
    """Return the names of which events that have come could say something.

    Parameters
    ----------
    rows
        Events as the sensor gave them.
    pids
        Last marks of pids (`rtml.captures.following.knowing.Known`).
    declared
        Processes that the sensor named.
    upto
        As of `rtml.captures.following.archive.Sums`.
    ids
        The sensor names processes itself.
    """
    host = pl.col("host").cast(pl.String).fill_null("")
    late = pl.col("time").dt.epoch("ns") <= host.replace_strict(upto, default=-1, return_dtype=pl.Int64)
    told = rows.select(host, "pid", "ppid", "target_pid", late=late)
    told = told.unique()
    found = []
    for which in ("pid", "ppid", "target_pid"):
        there = told.drop_nulls(which)
        found.append(_asked("open", there, "host", which))
        found.append(_asked("pid", there.filter("late"), "host", which))
    own = told.drop_nulls("pid")
    # A child that did nothing so far is no process until now: its parent may be gone long since.
    children = pids.filter("birth", late).join(own, on=["host", "pid"], how="semi")
    found.append(_asked("pid", children, "host", "ppid"))
    found.append(_asked("born", own, "host", "pid", "ppid"))
    found.append(_asked("born to", own.filter(pl.col("ppid").is_null() | pl.col("late")), "host", "pid"))
    if ids:
        found += [_asked("id", rows.drop_nulls(which), None, which) for which in _THREE]
        found += [_asked("id", declared.drop_nulls(which), None, which) for which in _THREE[:2]]
        for which in ("image", "parent_image"):
            if which in declared.columns:
                found.append(_asked("image", declared.drop_nulls(which), which, None))
    return pl.concat(found).unique()


_THREE = ("process_id", "parent_id", "target_id")


def names_of_kin(units: pl.DataFrame, pids: pl.DataFrame) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Return the names of those without whom processes that come back would not be what they are.

    Returns
    -------
    The names of their parents; those of all of their pids: whoever had one later must be known, or a
    child would be given to one that had it before; and those of all who were the last on their ``pids``.
    """
    shown = units.filter("shown")
    parents = _asked("unit", shown.drop_nulls("parent_id"), None, "parent_id")
    same = _asked("pid", shown.drop_nulls("pid"), "host", "pid")
    return parents, same, _asked("mark", pids, "host", "pid")


def names_of_changes(before: pl.DataFrame, now: pl.DataFrame, upto: Mapping[str, int]) -> pl.Series:
    """Return the names of those who depend on what is otherwise now than it was.

    Parameters
    ----------
    before, now
        Images of the processes that stayed, at the last commit and now.
    upto
        As for `names_of_rows`: those who are asked for began before.
    """
    limit = pl.lit(max(upto.values(), default=-1)).cast(pl.Datetime("ns", "UTC"))
    was, is_ = (_pasts(images, limit) for images in (before, now))
    both = ["process_id", "past"]
    other = pl.concat([was.join(is_, on=both, how="anti"), is_.join(was, on=both, how="anti")])
    fresh = now.join(before, on="process_id", how="anti")
    undated = fresh.filter(pl.col("started").is_null()).select("process_id", "host", "pid")
    parents = pl.concat([other.select("process_id", "host", "pid"), undated]).drop_nulls("pid")
    programs = now.join(before, on=["process_id", "exe"], how="anti").drop_nulls("exe")
    found = [
        _asked("up", other, None, "process_id"),
        _asked("up", fresh, None, "process_id"),
        _asked("ppid", parents, "host", "pid"),
        _asked("exe", programs, "exe", "process_id"),
    ]
    return pl.concat(found).unique()


def _pasts(images: pl.DataFrame, limit: pl.Expr) -> pl.DataFrame:
    """Return a number for each image that began before, and for each first one: children may be told by it.

    It is of all that descendants have from it.
    """
    init = pl.col("process_id").is_in(inits_of(images).implode())
    past = pl.struct(*_PAST, init.alias("init")).hash()
    rows = images.sort(BY_TIME).select("process_id", "host", "pid", "since", past=past)
    return rows.filter((pl.col("since") <= limit) | pl.col("process_id").is_first_distinct())
