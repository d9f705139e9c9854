"""What rules recall of the time before a stretch: the events that sequences begin with, and are counted by.

Sequences (`rtml.rules.correlations`) ask what came last: who wrote this path, when this process served, who
it was. Of each such thing its last event says all. Rules that count matches of others need the events that
matched, as far back as they count (`rtml.rules.running.ruling`). So little is kept, however long the log is.

Fails beyond `MOST` different paths, processes and servers each: the oldest are forgotten. Sequences whose
beginning came late, after its stretch had been looked at for the second time, are not seen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from rtml.rules.correlations.sequence import WRITE_KINDS
from rtml.rules.correlations.services import SERVING
from rtml.rules.language.columns import DERIVED, WHERE
from rtml.schema import conform
from rtml.times import instant

__all__ = ["KINDS", "MOST", "only_read", "recalled"]

MOST = 200_000
"""Events that are kept of each sort."""

KINDS = (*WRITE_KINDS, "chmod", *SERVING, "exec", "setuid")
"""Kinds of event that sequences begin with."""

PRELOAD = "/etc/ld.so.preload"
_HOUR = dt.timedelta(hours=1)
_PLACE = ["host", "container_id"]
_DONE = pl.col("result").fill_null(0) >= 0
_PRELOADED = pl.any_horizontal(pl.col("path", "path_to").cast(pl.String) == PRELOAD)
_KNOWN_END = pl.col("src_ip").is_not_null() | pl.col("src_port").is_not_null()


def recalled(before: pl.DataFrame, rows: pl.LazyFrame, until: dt.datetime) -> pl.DataFrame:
    """Return what is to be kept of events, in the order of time.

    Parameters
    ----------
    before
        What was kept of the time before.
    rows
        Events of the stretch (`rtml.schema.EVENTS`), all before ``until``.

    Examples
    --------
    >>> from rtml.schema import empty
    >>> at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    >>> rows = conform(pl.DataFrame({"time": [at, at, at], "seq": [0, 1, 2], "host": ["h"] * 3,
    ...     "container_id": ["c"] * 3, "kind": ["create", "create", "open"], "path": ["/a", "/a", "/b"]}))
    >>> recalled(empty(), rows.lazy(), at)["seq"].to_list()
    [1]
    """
    named = pl.col("container_id").is_not_null() & pl.col("kind").is_in(list(KINDS))
    done = rows.filter(named & _DONE & ~only_read())
    both = pl.concat([before, _newest(done)]).sort("time", "seq")
    starts = _starts(both, done, until)
    sorts = [_last(both, kinds, key) for kinds, key in _SORTS]
    return pl.concat([*sorts, starts]).unique(["host", "seq"]).sort("time", "seq")


def only_read() -> pl.Expr:
    """Tell which opens put nothing under their path."""
    return (pl.col("kind").cast(pl.String) == "open") & ~WHERE["written"][1]


def _file(name: str) -> pl.Expr:
    return DERIVED[name].expression.alias(name)


_PROGRAM = [pl.col("exe"), pl.col("comm")]
_SORTS: Sequence[tuple[tuple[str, ...], list[pl.Expr]]] = (
    ((*WRITE_KINDS, "chmod"), [_file("file"), _file("target"), pl.col("mode"), *_PROGRAM]),
    (SERVING, [pl.col("process_id"), pl.col("socket_path").is_null().alias("local"), _KNOWN_END, *_PROGRAM]),
    (("exec", "setuid"), [pl.col("process_id"), pl.col("uid").is_null().alias("nobody")]),
)


def _newest(rows: pl.LazyFrame) -> pl.DataFrame:
    """Return the newest events of each thing.

    Most events are of a thing that has a newer one: only keys are read of those, and all columns of events of
    the times that are wanted.
    """
    keys = {f"_key{n}": key for n, key in enumerate([*_keys(), _PRELOADED])}
    by = [*_PLACE, "kind", *keys]
    newest = rows.with_columns(**keys).group_by(by).agg(pl.col("time").max()).collect(engine="streaming")
    wanted = rows.filter(pl.col("time").is_in(newest["time"].unique().implode())).with_columns(**keys)
    joined = wanted.join(newest.lazy(), on=[*by, "time"], how="semi", nulls_equal=True)
    return conform(joined.drop(list(keys)).collect(engine="streaming"))


def _keys() -> list[pl.Expr]:
    """Return what tells things apart, null for kinds that it does not tell apart."""
    kind = pl.col("kind")
    return [pl.when(kind.is_in(list(kinds))).then(part) for kinds, key in _SORTS for part in key]


def _last(rows: pl.DataFrame, kinds: tuple[str, ...], key: list[pl.Expr]) -> pl.DataFrame:
    """Return the last event of each thing."""
    ours = rows.filter(pl.col("kind").is_in(list(kinds)))
    named = ours.with_columns(_key=pl.struct(*_PLACE, "kind", *key))
    return named.unique("_key", keep="last", maintain_order=True).drop("_key").tail(MOST)


def _starts(known: pl.DataFrame, rows: pl.LazyFrame, until: dt.datetime) -> pl.DataFrame:
    """Return programs started in the hour after a global preload was written: the first of them tells."""
    recent = pl.col("time") > instant(until - _HOUR)
    places = known.filter(recent & _PRELOADED).select(_PLACE).unique()
    started = recent & (pl.col("kind") == "exec")
    if places.is_empty():
        return known.clear()
    new = conform(rows.filter(started).collect(engine="streaming"))
    starts = pl.concat([known.filter(started), new]).unique(["host", "seq"])
    here = starts.join(places, on=_PLACE, how="semi", nulls_equal=True)
    return here.sort("time", "seq").tail(MOST)
