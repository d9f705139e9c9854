"""The headline table: every side at the same budgets, alone and together with tuned rules.

Sides are only comparable at the same cost. Each is set to a budget of false findings per container-day by
what was there before the test: models by their calibration, rules by tuning. A row says what it found at
that setting, what it really cost, and whether the budget was kept; beside it stands what the best
threshold, chosen on the test, would have found at that cost (``oracle``). Two sides together share one
budget: each gets half.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from rtml.evaluation.budget import budget_curves
from rtml.evaluation.measure import kept, poisson_rate, share
from rtml.evaluation.origins import groups_of
from rtml.evaluation.reach import Reach, Reaches, at, pairs, reaches_of, together
from rtml.evaluation.sides import Side, proper
from rtml.evaluation.track import Track
from rtml.schema import BUDGETS

__all__ = ["HEADLINE", "headline"]

HEADLINE = pl.Schema(
    [
        ("side", pl.String()),
        ("kind", pl.String()),
        ("asked", pl.Float64()),
        ("found", pl.Int64()),
        ("found_low", pl.Float64()),
        ("found_high", pl.Float64()),
        ("false", pl.Int64()),
        ("rate", pl.Float64()),
        ("rate_low", pl.Float64()),
        ("rate_high", pl.Float64()),
        ("budget", pl.String()),
        ("oracle", pl.Int64()),
    ]
)
"""One row per side and budget. ``found_low`` and ``found_high`` are shares; ``budget``: held or broken;
``oracle``: the most that any threshold of the side finds at the cost asked for, chosen on the test; null:
no threshold."""


def headline(
    sides: Sequence[Side], track: Track, curve: pl.DataFrame | None = None, reaches: Reaches | None = None
) -> pl.DataFrame:
    """Return `HEADLINE` of all rules, rivals and models, and of the first rules with each of the others.

    Parameters
    ----------
    sides
        Rules first those that are tuned, as `rtml.evaluation.ledger.build_ledger` takes them.
    track
        See `rtml.evaluation.track.make_track`.
    curve
        `rtml.evaluation.budget.CURVE` of the same sides, where it was made already.
    reaches
        `rtml.evaluation.reach.reaches_of` the same sides, where they were made already.

    Notes
    -----
    A side without a dial (rules as they come, the first run of a program) has one setting: its row is the
    same at each budget, and broken where it costs more.

    Examples
    --------
    >>> import datetime as dt
    >>> from rtml.evaluation.track import make_track
    >>> from rtml.schema import FINDINGS, LABELS, empty
    >>> windows = pl.DataFrame({"container_id": ["c"], "window": [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)]})
    >>> table = headline([Side("rules", "rules", empty(FINDINGS))], make_track(windows, empty(LABELS)))
    >>> table.select("asked", "found", "budget").row(0)
    (0.5, 0, 'held')
    """
    ours = proper(sides)
    best = budget_curves(ours, track) if curve is None else curve
    known = reaches_of(ours, track) if reaches is None else reaches
    rows = [row for asked in BUDGETS for row in _at(ours, asked, known, track, best)]
    table = pl.DataFrame(rows, schema=HEADLINE, orient="row")
    order = table["side"].unique(maintain_order=True).to_list()
    return table.sort(pl.col("side").replace_strict(order, range(len(order))), "asked")


def _at(
    sides: list[Side], asked: float, reaches: Reaches, track: Track, curve: pl.DataFrame
) -> Iterator[tuple[object, ...]]:
    """Yield the rows of one budget, each side alone, then tuned rules with each of the others."""
    for side in sides:
        whole, best = at(reaches, side.name, asked), _oracle(side.name, asked, curve)
        yield _row(side.name, side.kind, asked, whole, track, best)
    for rules, other in pairs(sides):
        both = together(at(reaches, rules, asked / 2), at(reaches, other, asked / 2))
        name = f"{rules} + {other}"
        yield _row(name, "union", asked, both, track, _oracle(name, asked, curve))


def _oracle(side: str, asked: float, curve: pl.DataFrame) -> int | None:
    reached = curve.filter((pl.col("side") == side) & (pl.col("false_per_container_day") <= asked))
    top = reached["found"].max()
    return int(top) if isinstance(top, int) else None


def _row(
    name: str, kind: str, asked: float, reach: Reach, track: Track, oracle: int | None
) -> tuple[object, ...]:
    days, found, false = track.container_days, len(reach.attacks), reach.false.height
    recall = share(
        track.labels["attack_id"].is_in(sorted(reach.attacks)).to_numpy(), once=groups_of(track.labels)
    )
    rate = poisson_rate(false, days)
    verdict = kept(false, asked * days)
    cost = (false, rate.value, rate.low, rate.high, verdict)
    return name, kind, asked, found, recall.low, recall.high, *cost, oracle
