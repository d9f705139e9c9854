"""Who connected to what in a capture, by name where an answer told it, and what of it is new."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from rtml.analyst.desk import Desk
from rtml.captures import Capture
from rtml.errors import UsageError
from rtml.features.destinations import ADDRESS
from rtml.models import Scored
from rtml.notebook.connections import connections
from rtml.peers import peer_group
from rtml.showing.shown import Shown
from rtml.times import instant

__all__ = ["EDGES", "edges_of", "talk_of"]

EDGES = pl.Schema(
    {
        "who": pl.String(),
        "where": pl.String(),
        "count": pl.Int64(),
        "first_seen": pl.Datetime("ns", "UTC"),
        "new": pl.Boolean(),
    }
)
"""One row per who and where; ``new`` is null where nobody can say."""

_MANY = 12
"""Ports of one place, or places of one port, that are drawn one by one."""

_PLACE = ("workload", "image_digest", "image", "container_id")
_WHO = {
    "workload": peer_group(_PLACE),
    "program": pl.coalesce(
        pl.col("exe").cast(pl.String), pl.format("[{}]", pl.col("comm").cast(pl.String)), pl.lit("?")
    ),
}
_CALLS = ["time", "host", "seq", *_PLACE, "exe", "comm", "dst_ip", "dst_port", "count"]


def talk_of(
    desk: Desk,
    by: str,
    containers: Sequence[str] | None,
    since: dt.datetime | None = None,
    otherwise: dt.datetime | None = None,
) -> Shown:
    """Draw who connected to what.

    Parameters
    ----------
    desk
        What a hunt has to go on.
    by
        What stands on the left: ``workload`` or ``program``.
    containers
        Only what these did; None: all.
    since
        New is what was first seen from then on; None: what the model has never seen.
    otherwise
        What ``since`` is where nobody said it and no model took part; None: nothing is marked.

    Raises
    ------
    UsageError
        ``by`` is something else.
    """
    if by not in _WHO:
        raise UsageError(f"connections by {by!r}: by one of {', '.join(_WHO)}")
    by_model = desk.scored is not None and since is None
    since = since if by_model or since is not None else otherwise
    edges = edges_of(desk.capture, by, containers, desk.scored if by_model else None, since)
    remark = "new: the model knew no such destination of this program" if by_model else ""
    if not by_model and since is not None:
        remark = f"new: first seen in this capture from {since:%Y-%m-%d %H:%M:%S} on"
    return connections(edges, remark=remark or "nothing tells what is new: give since=")


def edges_of(
    capture: Capture,
    by: str = "workload",
    containers: Sequence[str] | None = None,
    scored: Scored | None = None,
    since: dt.datetime | None = None,
) -> pl.DataFrame:
    """Return `EDGES` of a capture, the busiest first.

    A destination is ``name:port`` where an answer to a DNS question of the capture held its address, else
    ``address:port``; more than a dozen ports of one place, or places of one port, are one. With ``scored``, a
    pair is new when none of its events was known to the baseline.
    """
    calls = capture.events(_CALLS, kinds=["connect"]).filter(pl.col("dst_ip").is_not_null())
    if containers is not None:
        calls = calls.filter(pl.col("container_id").cast(pl.String).is_in(list(containers)))
    named = calls.filter(pl.col("container_id").is_not_null()).with_columns(
        pl.col("host", "dst_ip").cast(pl.String), who=_WHO[by]
    )
    known = pl.lit(None, pl.Boolean)
    if scored is not None:
        known = pl.col("seen")
        named = named.join(_seen(scored).lazy(), on=["host", "seq"], how="left")
    counted = named.group_by("who", "dst_ip", "dst_port").agg(
        count=pl.col("count").fill_null(1).sum(), first_seen=pl.col("time").min(), known=known.max()
    )
    return _by_name(counted.collect(engine="streaming"), _names(capture), since, scored is not None)


def _by_name(
    calls: pl.DataFrame, names: pl.DataFrame, since: dt.datetime | None, by_model: bool
) -> pl.DataFrame:
    told = calls.join(names, on="dst_ip", how="left")
    bare = pl.when(pl.col("dst_ip").str.contains(":")).then(pl.format("[{}]", "dst_ip")).otherwise("dst_ip")
    pairs = told.group_by("who", "dst_port", place=pl.coalesce("name", bare)).agg(
        pl.col("count").sum(), pl.col("first_seen").min(), pl.col("known").max()
    )
    later = pl.lit(None, pl.Boolean) if since is None else pl.col("first_seen") >= instant(since)
    marked = pairs.with_columns(new=~pl.col("known") if by_model else later)
    named = marked.group_by("who", "new", where=_folded(marked)).agg(
        pl.col("count").sum(), pl.col("first_seen").min()
    )
    edges = named.select(pl.col(name).cast(kind) for name, kind in EDGES.items())
    return edges.sort("count", "who", "where", descending=[True, False, False])


def _folded(pairs: pl.DataFrame) -> pl.Series:
    """Name destinations; the many ports of one place, or places of one port, that somebody tries are one."""
    ports, places = pl.len().over("who", "place", "new"), pl.len().over("who", "dst_port", "new")
    port = pl.coalesce(pl.format(":{}", "dst_port"), pl.lit(""))
    named = (
        pl.when(ports > _MANY)
        .then(pl.format("{}: {} ports", "place", ports))
        .when(places > _MANY)
        .then(pl.format("{} hosts{}", places, port))
        .otherwise(pl.col("place") + port)
    )
    return pairs.select(where=named).to_series()


def _seen(scored: Scored) -> pl.DataFrame:
    """Return of scored connections whether the baseline knew the destination of the program."""
    ours = scored.surprises.filter(pl.col("conditional") == ADDRESS.name)
    return ours.group_by("host", "seq").agg(pl.col("seen").max())


def _names(capture: Capture) -> pl.DataFrame:
    """Return the name that most answers gave an address."""
    answers = capture.events(["domain", "answers", "count"], kinds=["dns"]).drop_nulls(["domain", "answers"])
    pairs = answers.explode("answers").group_by(dst_ip="answers", name="domain").agg(pl.len())
    order = pairs.collect(engine="streaming").sort("len", "name", descending=[True, False])
    return order.unique("dst_ip", keep="first", maintain_order=True).drop_nulls().select("dst_ip", "name")
