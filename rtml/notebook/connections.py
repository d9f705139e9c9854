"""Who talks to whom: programs or workloads on the left, destinations on the right, what is new marked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import polars as pl

from rtml.showing.drawing import ALARM, FAINT, QUIET, WIDTH, curve, dot, fitted, paper, text
from rtml.showing.shown import Content, Shown, svg
from rtml.text import visible

__all__ = ["MOST", "connections"]

MOST = 32
"""Connections that are drawn, at most half of them new ones, else the busiest; the others are counted."""

_ROW, _TOP, _FROM, _TO = 22, 60, 270, 570
_PLAIN = 60


def connections(edges: pl.DataFrame, title: str = "Who talks to whom", remark: str = "") -> Shown:
    """Draw who connects to what.

    Parameters
    ----------
    edges
        One row per pair: ``who``, ``where`` (strings), ``count`` (how often), ``new`` (Boolean; null: nobody
        can say) and ``first_seen`` (a time, or null).
    title, remark
        Above the picture; and below it, what ``new`` means.

    Returns
    -------
    The picture; its text has a line per connection, ``◀ new`` beside those that are.

    Examples
    --------
    >>> connections(pl.DataFrame({"who": ["app", "app"], "where": ["db:5432", "203.0.113.9:4444"],
    ...     "count": [1200, 3], "new": [False, True], "first_seen": None}))
    Who talks to whom: 2 connections, 1 new
    app → db:5432           1,200
    app → 203.0.113.9:4444      3  ◀ new
    """
    if edges.is_empty():
        return svg(paper(48, f"{title}: no connection"), f"{title}: no connection")
    listed = edges.with_columns(pl.col("new").fill_null(False))
    shown = _chosen(listed)
    left, right = _places(shown)
    content: list[Content] = [*_curves(shown, left, right), *_names(shown, left, right)]
    bottom = _TOP + max(len(left), len(right)) * _ROW + 6
    told = [line for line in (_left_out(listed, shown), remark) if line]
    content += [
        fitted(14, bottom + 14 + 18 * place, line, WIDTH - 28, fill=FAINT) for place, line in enumerate(told)
    ]
    number, new = listed.height, int(listed["new"].sum())
    heading = f"{title}: {number:,} connection{'s' if number != 1 else ''}, {new:,} new"
    plain = "\n".join([heading, *_lines(shown), *told])
    return svg(paper(bottom + 10 + 18 * len(told), heading, *content), plain)


def _chosen(edges: pl.DataFrame) -> pl.DataFrame:
    order = edges.sort("count", "who", "where", descending=[True, False, False])
    new, old = order.filter("new"), order.filter(~pl.col("new"))
    newest = new.head(max(MOST // 2, MOST - old.height))
    return pl.concat([newest, old.head(MOST - newest.height)]).sort(
        "count", "who", "where", descending=[True, False, False]
    )


def _places(shown: pl.DataFrame) -> tuple[dict[str, float], dict[str, float]]:
    """Return how high each name stands: talkers by how busy, destinations near those who call them."""
    busy = shown.group_by("who").agg(pl.col("count").sum()).sort("count", "who", descending=[True, False])
    ranks = busy.with_row_index("rank").select("who", pl.col("rank").cast(pl.Float64))
    near = shown.join(ranks, on="who").group_by("where").agg(pl.col("rank").mean(), pl.col("count").sum())
    called = near.sort("rank", "count", "where", descending=[False, True, False])["where"]
    most = max(ranks.height, called.len())
    step_left, step_right = most / ranks.height, most / called.len()
    return (
        {name: _TOP + (n + 0.5) * step_left * _ROW for n, name in enumerate(ranks["who"])},
        {name: _TOP + (n + 0.5) * step_right * _ROW for n, name in enumerate(called)},
    )


def _curves(shown: pl.DataFrame, left: Mapping[str, float], right: Mapping[str, float]) -> Iterator[Content]:
    """Yield a curve per pair, wider the busier it is (in logarithms); new ones last, above the others."""
    most = math.log1p(max(shown["count"].to_list()))
    for row in shown.sort("new", maintain_order=True).iter_rows(named=True):
        since = "" if row["first_seen"] is None else f", first {row['first_seen']:%Y-%m-%d %H:%M:%S}"
        hint = f"{row['who']} → {row['where']}: {row['count']:,}{since}{', new' if row['new'] else ''}"
        width = 1 + 4 * math.log1p(row["count"]) / max(most, 1e-9)
        stroke, dash = (ALARM, "6 3") if row["new"] else (QUIET, "none")
        yield curve(_FROM, left[row["who"]], _TO, right[row["where"]], stroke, width, hint, dash)


def _names(shown: pl.DataFrame, left: Mapping[str, float], right: Mapping[str, float]) -> Iterator[Content]:
    yield text(_FROM - 10, _TOP - 12, "who", "end", FAINT, 11)
    yield text(_TO + 10, _TOP - 12, "calls what", "start", FAINT, 11)
    yield text(WIDTH - 14, _TOP - 12, "how often", "end", FAINT, 11)
    for name, y in left.items():
        yield dot(_FROM, y, 3, QUIET)
        yield fitted(_FROM - 10, y + 4, name, _FROM - 24, "end", weight=600, name=True)
    by_place = shown.group_by("where").agg(pl.col("count").sum(), pl.col("new").all())
    for row in by_place.sort("where").iter_rows(named=True):
        y, ink = right[row["where"]], {"fill": ALARM, "weight": 600} if row["new"] else {}
        label = f"{row['where']}  ◀ new" if row["new"] else row["where"]
        yield dot(_TO, y, 3, ALARM if row["new"] else QUIET)
        yield fitted(_TO + 10, y + 4, label, WIDTH - _TO - 90, name=True, **ink)  # type: ignore[arg-type]
        yield text(WIDTH - 14, y + 4, f"{row['count']:,}", "end", FAINT, 11)


def _left_out(edges: pl.DataFrame, shown: pl.DataFrame) -> str:
    number, new = edges.height - shown.height, int(edges["new"].sum()) - int(shown["new"].sum())
    return f"… {number:,} more connections, {new:,} of them new" if number else ""


def _lines(shown: pl.DataFrame) -> list[str]:
    names = [
        f"{visible(who, _PLAIN)} → {visible(where, _PLAIN)}"
        for who, where in shown.select("who", "where").rows()
    ]
    counts = [f"{count:,}" for count in shown["count"]]
    wide, deep = max(map(len, names)), max(map(len, counts))
    marks = ["  ◀ new" if new else "" for new in shown["new"]]
    return [
        f"{name:<{wide}} {count:>{deep}}{mark}"
        for name, count, mark in zip(names, counts, marks, strict=True)
    ]
