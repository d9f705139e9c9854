"""What rules recall of the time before a stretch: the events that sequences begin with, and are counted by.

Sequences (`rtml.rules.correlations`) ask what came last: who wrote this path, when this process served, who
it was. Of each such thing its last event says all. Rules that count matches of others need the events that
matched, as far back as they count (`rtml.watching.ruling`). So little is kept, however long the log is.

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
    new = rows.filter(named & _DONE & ~only_read()).collect(engine="streaming")
    both = pl.concat([before, conform(new)]).sort("time", "seq")
    sorts = [_last(both, kinds, key) for kinds, key in _SORTS]
    return pl.concat([*sorts, _starts(both, until)]).unique(["host", "seq"]).sort("time", "seq")


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


def _last(rows: pl.DataFrame, kinds: tuple[str, ...], key: list[pl.Expr]) -> pl.DataFrame:
    """Return the last event of each thing."""
    ours = rows.filter(pl.col("kind").is_in(list(kinds)))
    named = ours.with_columns(_key=pl.struct("host", "container_id", "kind", *key))
    return named.unique("_key", keep="last", maintain_order=True).drop("_key").tail(MOST)


def _starts(rows: pl.DataFrame, until: dt.datetime) -> pl.DataFrame:
    """Return programs started in the hour after a global preload was written: the first of them tells."""
    recent = rows.filter(pl.col("time") > instant(until - _HOUR))
    written = pl.any_horizontal(pl.col("path", "path_to").cast(pl.String) == PRELOAD)
    places = recent.filter(written).select(_PLACE).unique()
    starts = recent.filter(pl.col("kind") == "exec")
    return starts.join(places, on=_PLACE, how="semi", nulls_equal=True, maintain_order="left").tail(MOST)
