"""Each side beside the first rules, over the same attacks: who found what the other did not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from rtml.evaluation.ledger import Ledger
from rtml.evaluation.measure import share
from rtml.evaluation.origins import groups_of
from rtml.evaluation.paired import paired
from rtml.numbers import number
from rtml.report.chosen import first_rules

__all__ = ["Beside", "Counted", "beside_rules"]


@dataclass(frozen=True)
class Counted:
    """A count of attacks, and the exact 95 % interval of its share."""

    count: int
    interval: str


@dataclass(frozen=True)
class Beside:
    """A side beside the first rules, each at its own setting.

    ``only``: attacks that it finds and these rules do not; ``alone``: that neither any rules nor any rival
    finds; ``missed``: that these rules find and it does not. ``p``: McNemar's exact test after Holm's
    correction. ``false`` and ``causes`` of false findings (null: not known); ``flagged``: the share of
    container time that its findings cover. ``asked``, ``calibrated``, ``rate``: the budget that it was set
    to, what calibration gave, what the test did; ``budget``: held or broken.
    """

    side: str
    kind: str
    attacks: int
    only: Counted
    alone: Counted
    missed: int
    p: float | None
    false: int | None
    causes: int | None
    flagged: float | None
    asked: float | None
    calibrated: float | None
    rate: float | None
    budget: str | None
    remark: str


def beside_rules(ledger: Ledger) -> list[Beside]:
    """Return a row for every side that is compared with the first rules; none without rules or attacks.

    Examples
    --------
    >>> from rtml.evaluation import build_ledger, make_track
    >>> import datetime as dt
    >>> from rtml.schema import LABELS, empty
    >>> windows = pl.DataFrame({"container_id": ["c"], "window": [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)]})
    >>> beside_rules(build_ledger([], make_track(windows, empty(LABELS))))
    []
    """
    rules = first_rules(ledger)
    if rules is None or ledger.by_attack.is_empty():
        return []
    sides = {row["side"]: row for row in ledger.summary.iter_rows(named=True)}
    pairs = paired(ledger, rules).iter_rows(named=True)
    return [_row(ledger, pair, sides[pair["side"]]) for pair in pairs]


def _row(ledger: Ledger, pair: dict[str, Any], side: dict[str, Any]) -> Beside:
    ours = _found(ledger, pl.col("side") == side["side"])
    rules = _found(ledger, pl.col("side") == pair["reference"])
    others = _found(ledger, pl.col("kind").is_in(["rules", "rival"]) & (pl.col("side") != side["side"]))
    return Beside(
        side["side"],
        side["kind"],
        pair["attacks"],
        _counted(ledger, ours - rules),
        _counted(ledger, ours - others),
        pair["only_reference"],
        pair["p_holm"],
        pair["false"],
        pair["causes"],
        side["flagged"],
        side["asked"],
        side["calibrated"],
        side["rate"],
        side["budget"],
        pair["remark"] or "",
    )


def _found(ledger: Ledger, whose: pl.Expr) -> set[str]:
    return set(ledger.attacks.filter(pl.col("found") & whose)["attack_id"])


def _counted(ledger: Ledger, attacks: set[str]) -> Counted:
    every = ledger.by_attack["attack_id"].to_list()
    measure = share(np.array([name in attacks for name in every], bool), once=groups_of(ledger.by_attack))
    if measure.low is None or measure.high is None:
        return Counted(len(attacks), "–")
    return Counted(len(attacks), f"{number(measure.low, '.0%')} – {number(measure.high, '.0%')}")
