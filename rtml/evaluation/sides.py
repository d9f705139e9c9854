"""The sides of a comparison: rules, models, their union, and the trivial baselines.

Every table shows the trivial rows too. They flag process trees, as models do.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from rtml.errors import RtmlError
from rtml.schema import FINDINGS, SETTINGS, conform
from rtml.times import Length, Window

__all__ = ["KINDS_OF_SIDE", "Side", "proper", "scores_of_findings", "told", "union"]

KINDS_OF_SIDE = ("rules", "model", "union", "rival", "trivial")


@dataclass(frozen=True)
class Side:
    """One row of the ledger before it is judged.

    Parameters
    ----------
    name
        As printed, unique in a ledger.
    kind
        ``rules``, ``model``, ``union``, ``trivial``, or ``rival``: a simple method, judged as
        rules are, that joins no union and no verdict per attack.
    findings
        A `FINDINGS` frame, all parts of time; only test time is judged.
    scores
        ``container_id, window, score`` (null = no opinion), or null for a side without scores;
        rules are then ranked by `scores_of_findings`.
    fitted_until
        End of the latest data that model or threshold were fitted on; refused when in test time.
    oracle
        Chosen by looking at the test attacks: an upper bound, never a result.
    note
        Printed beside the row.
    asked
        False findings per container-day that its threshold aimed at; null: it has none.
    calibrated
        What it realised on calibration time that its threshold had not seen.
    trees
        ``container_id, window, root_id, score`` and ``budget`` (`rtml.schema.TREE_SCORES`) of process trees,
        where it judges them; else null. ``repeats``, where it is there: budgets at which a tree is not told,
        because what it shows was.
    dial
        Its findings by false findings per container-day, for sides that are tuned to each; else null.

    Examples
    --------
    >>> Side("forest", "modell", pl.DataFrame(schema=FINDINGS))
    Traceback (most recent call last):
    ...
    rtml.errors.RtmlError: side 'forest': unknown kind 'modell'; known: rules, model, union, ...
    """

    name: str
    kind: str
    findings: pl.DataFrame
    scores: pl.DataFrame | None = None
    fitted_until: dt.datetime | None = None
    oracle: bool = False
    note: str = ""
    asked: float | None = None
    calibrated: float | None = None
    trees: pl.DataFrame | None = None
    dial: Mapping[float, pl.DataFrame] | None = None

    def __post_init__(self) -> None:
        """Refuse a kind that the ledger does not know, and a budget that is no number above 0."""
        if self.kind not in KINDS_OF_SIDE:
            kinds = ", ".join(KINDS_OF_SIDE)
            raise RtmlError(f"side {self.name!r}: unknown kind {self.kind!r}; known: {kinds}")
        if self.asked is not None and not 0 < self.asked < math.inf:
            raise RtmlError(f"side {self.name!r}: a budget of {self.asked} false findings a day is none")


def union(name: str, sides: Sequence[Side]) -> Side:
    """Return the side that raises every finding of ``sides``; shared units are counted once.

    Examples
    --------
    >>> none = pl.DataFrame(schema=FINDINGS)
    >>> union("models + rules", [Side("a", "rules", none), Side("b", "model", none)]).kind
    'union'
    """
    frames = [conform(side.findings, FINDINGS) for side in sides]
    ends = [side.fitted_until for side in sides if side.fitted_until is not None]
    return Side(
        name,
        "union",
        pl.concat(frames),
        fitted_until=max(ends, default=None),
        note=" + ".join(side.name for side in sides),
    )


def told(trees: pl.DataFrame, budget: float | None = None) -> pl.DataFrame:
    """Return the trees of a side that alarm at a budget, without repeats; None: that are told at any.

    Examples
    --------
    >>> trees = pl.DataFrame({"root_id": [1, 2], "budget": [1.0, 15.0], "repeats": [[3.0], [15.0, 30.0]]})
    >>> [told(trees, budget)["root_id"].to_list() for budget in (1.0, 3.0, None)]
    [[1], [], [1]]
    """
    again = pl.col("repeats") if "repeats" in trees.columns else pl.lit(None, pl.List(pl.Float64))
    if budget is not None:
        alarms = trees.filter(pl.col("budget") <= budget)
        return alarms.filter(~again.list.contains(budget).fill_null(False))
    alarming = pl.sum_horizontal(pl.col("budget") <= asked for asked in SETTINGS)
    return trees.filter((again.list.len() < alarming).fill_null(True))


def scores_of_findings(findings: pl.DataFrame, windows: pl.DataFrame, every: Length) -> pl.DataFrame:
    """Return the highest severity of a finding in each window, else 0: where only findings exist.

    The score of rules is made of their hits (`rtml.rules.running.findings.rule_scores`), which know
    in which window each rule matched. Alerts of another tool come without: a finding then counts in
    every window from its first to its last event, also where nothing happened in between, and its
    levels are few. The ledger says so in a remark.

    Examples
    --------
    >>> at = pl.Series([0, 60 * 10**9]).cast(pl.Datetime("ns", "UTC"))
    >>> windows = pl.DataFrame({"container_id": ["c", "c"], "window": at})
    >>> finding = pl.DataFrame({"container_id": ["c"], "first_seen": at[:1], "last_seen": at[:1],
    ...                         "severity": [7.0]})
    >>> scores_of_findings(finding, windows, dt.timedelta(minutes=1))["score"].to_list()
    [7.0, 0.0]
    """
    key = ["container_id", "window"]
    highest = _covered(findings, every).group_by(key).agg(score=pl.col("severity").fill_null(0).max())
    joined = windows.select(key).join(highest, on=key, how="left", maintain_order="left")
    return joined.with_columns(pl.col("score").fill_null(0.0))


def _covered(findings: pl.DataFrame, every: Length) -> pl.DataFrame:
    length = Window.of(every)
    window = pl.datetime_ranges(length.start("first_seen"), "last_seen", length.text, time_unit="ns")
    return findings.select("container_id", "severity", window=window).explode("window", empty_as_null=False)


def proper(sides: Iterable[Side]) -> list[Side]:
    """Return all rules, models and rivals, in their order; the trivial rows are none."""
    return [side for side in sides if side.kind in ("rules", "model", "rival")]
