"""Who finds attacks of each grade and of each way in, at the same realised cost.

Grades say how hard an attack is to tell from work (1 loud to 5 spread); ``entry`` how it came in. A share
over all attacks says little where most are loud. Sides are laid beside each other at what they *really*
cost in the test: of the settings that a side had before it, the widest whose false findings stay below a
rate. Only false findings choose it, never what is found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import polars as pl

from rtml.evaluation.origins import origin
from rtml.evaluation.reach import Reach, Reaches, at, pairs, reaches_of, together
from rtml.evaluation.sides import Side
from rtml.evaluation.track import Track
from rtml.schema import BUDGETS

__all__ = ["BY", "BY_GRADE", "MOST", "by_grade"]

BY = ("grade", "entry")
"""Columns of labels that attacks are grouped by."""

MOST = 1.0
"""False findings per container-day that a side may really have cost."""

BY_GRADE = pl.Schema(
    [
        ("side", pl.String()),
        ("kind", pl.String()),
        ("by", pl.String()),
        ("of", pl.String()),
        ("attacks", pl.Int64()),
        ("found", pl.Int64()),
        ("delay_s", pl.Float64()),
        ("asked", pl.Float64()),
        ("rate", pl.Float64()),
        ("within", pl.Boolean()),
    ]
)
"""One row per side, column of the labels (``by``) and value there (``of``). ``delay_s``: median seconds from
an attack's first part until it is first seen, null where none is found. ``asked``: the setting that was
chosen, null where a side has no dial; ``rate``: what it really cost; ``within``: not more than allowed."""


class _Setting(NamedTuple):
    asked: float | None
    reach: Reach


def by_grade(
    sides: Sequence[Side], track: Track, reaches: Reaches | None = None, most: float = MOST
) -> pl.DataFrame:
    """Return `BY_GRADE` of all rules, models and rivals, and of the first rules with each of the others.

    Parameters
    ----------
    sides, track
        See `rtml.evaluation.headline.headline`.
    reaches
        `rtml.evaluation.reach.reaches_of` the same sides, where they were made already.
    most
        False findings per container-day that a side may really have cost. One that costs more at its
        narrowest setting is shown at that, and is not ``within``.

    Returns
    -------
    No row for a column that no label fills. Parts of one attack count as one attack, which is found when any
    of them is; spliced trials are no attacks of their own and are left out.

    Examples
    --------
    >>> import datetime as dt
    >>> from rtml.evaluation.track import make_track
    >>> from rtml.schema import FINDINGS, LABELS, conform, empty
    >>> begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    >>> windows = pl.DataFrame({"container_id": ["c"], "window": [begin]})
    >>> labels = pl.DataFrame({"attack_id": ["a~1", "a~2"], "container_id": ["c", "c"], "grade": [5, 5],
    ...                        "start": [begin, begin], "end": [begin, begin]})
    >>> track = make_track(windows, conform(labels, LABELS))
    >>> by_grade([Side("rules", "rules", empty(FINDINGS))], track).select("of", "attacks", "found").rows()
    [('5', 1, 0)]
    """
    attacks = _attacks(track.labels)
    known = reaches_of(sides, track) if reaches is None else reaches
    rows = [
        row
        for by in BY
        for group in attacks.drop_nulls(by).partition_by(by, maintain_order=True)
        for row in _rows(by, group, sides, known, track, most)
    ]
    table = pl.DataFrame(rows, schema=BY_GRADE, orient="row")
    order = table["side"].unique(maintain_order=True).to_list()
    place = pl.col("side").replace_strict(order, range(len(order)), return_dtype=pl.Int64)
    return table.sort(place, pl.col("by").replace_strict(list(BY), range(len(BY))), "of")


def _attacks(labels: pl.DataFrame) -> pl.DataFrame:
    """Return one row per part: ``attack_id, origin, grade, entry``, and ``begin`` of the first part."""
    recorded = labels.filter(pl.col("provenance").ne_missing("spliced"))
    parts = recorded.with_columns(origin(recorded), pl.col("grade").cast(pl.String))
    return parts.with_columns(begin=pl.col("start").min().over("origin")).select(
        "attack_id", "origin", "begin", *BY
    )


def _rows(
    by: str, group: pl.DataFrame, sides: Sequence[Side], reaches: Reaches, track: Track, most: float
) -> Iterator[tuple[object, ...]]:
    total, days = group["origin"].n_unique(), track.container_days
    for name, kind, (asked, one) in _chosen(sides, reaches, most * days):
        found = (
            group.join(one.seen, on="attack_id")
            .group_by("origin")
            .agg(delay=(pl.col("first_seen").min() - pl.col("begin").min()).dt.total_microseconds() / 1e6)
        )
        rate = one.false.height / days
        cost = (asked, rate, rate <= most)
        yield name, kind, by, group[by][0], total, found.height, found["delay"].median(), *cost


def _chosen(sides: Sequence[Side], reaches: Reaches, allowed: float) -> Iterator[tuple[str, str, _Setting]]:
    """Yield every side, alone and together, at the widest setting that cost no more than allowed."""
    for side in (side for side in sides if side.name in reaches):
        settings = [_Setting(asked, one) for asked, one in reaches[side.name].items()]
        yield side.name, side.kind, _widest(settings, allowed)
    for rules, other in pairs(sides):
        yield f"{rules} + {other}", "union", _widest(_both(reaches, rules, other), allowed)


def _both(reaches: Reaches, *names: str) -> list[_Setting]:
    """Return the settings of two sides that share a budget; two without a dial have one setting."""
    if all(set(reaches[name]) == {None} for name in names):
        return [_Setting(None, together(*(reaches[name][None] for name in names)))]
    return [_Setting(asked, together(*(at(reaches, name, asked / 2) for name in names))) for asked in BUDGETS]


def _widest(settings: Sequence[_Setting], allowed: float) -> _Setting:
    ordered = sorted(settings, key=lambda setting: setting.asked or 0.0)
    kept = [setting for setting in ordered if setting.reach.false.height <= allowed]
    return kept[-1] if kept else ordered[0]
