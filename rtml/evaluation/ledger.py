"""The ledger: every side judged on one track, per attack and in sum, with what limits it.

One row per attack and side says who found what and when; one row per side says how many, at how
many false alarms, and what the data cannot say. Losing rows are kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from rtml.errors import RtmlError
from rtml.evaluation.budget import budget_curves
from rtml.evaluation.by_attack import by_attack, gain
from rtml.evaluation.by_grade import BY_GRADE, by_grade
from rtml.evaluation.facts import gather
from rtml.evaluation.headline import headline
from rtml.evaluation.labels.provenance import refuse_rule_labels
from rtml.evaluation.measure import Measure, kept
from rtml.evaluation.measures import ROWS, measure_rows, wide
from rtml.evaluation.points import operating_points
from rtml.evaluation.proof import Proof
from rtml.evaluation.reach import reaches_of
from rtml.evaluation.sides import Side, union
from rtml.evaluation.suspected import suspected
from rtml.evaluation.track import Track
from rtml.evaluation.trivial import SEEDS, best_single_feature, flag_all, random_verdict
from rtml.evaluation.verdict import Verdict, assess
from rtml.progress import steps
from rtml.schema import COMBINED, empty
from rtml.showing.tables import table

__all__ = ["MEASURES", "Ledger", "build_ledger"]

MEASURES = ("recall", "rate", "auroc", "average_precision", "tpr", "delay")
"""Columns of the summary; each also has ``_low``, ``_high``, ``_method`` and ``_reason``."""

_NAMED = 4


@dataclass(frozen=True, repr=False)
class Ledger:
    """The result of an evaluation.

    ``summary``: one row per side. ``attacks``: one row per attack and side (the random row has
    none). ``by_attack``: one row per attack with the verdict ``both``, ``rules only``,
    ``models only`` or ``neither``. ``curve``: see `rtml.evaluation.budget.CURVE`.
    ``points``: rules at each minimum level, see `rtml.evaluation.points.POINTS`. ``headline``: every side
    at the same budgets, see `rtml.evaluation.headline.HEADLINE`. ``by_grade``: who finds attacks of each
    grade and entry, see `rtml.evaluation.by_grade.BY_GRADE`; empty where no label says. ``measures``: every
    side's further measures, long, see `rtml.evaluation.measures.ROWS`. ``facts``: split proof, counts,
    limits, and the ``gain``: the share of attacks that models found and rules did not (strict JSON values).
    """

    summary: pl.DataFrame
    attacks: pl.DataFrame
    by_attack: pl.DataFrame
    curve: pl.DataFrame
    points: pl.DataFrame
    facts: dict[str, Any]
    headline: pl.DataFrame
    measures: pl.DataFrame = field(default_factory=lambda: empty(ROWS))
    by_grade: pl.DataFrame = field(default_factory=lambda: empty(BY_GRADE))

    def __repr__(self) -> str:
        """Say in a line who was judged on what."""
        sides = ", ".join(self.summary["side"].to_list()[:_NAMED])
        return f"Ledger({self.by_attack.height} attacks; {self.summary.height} sides: {sides} …)"

    def _repr_html_(self) -> str:
        return table(self.view(), code=["side"]).markup

    def view(self) -> pl.DataFrame:
        """Return what people look at first, one row per side: found, false findings, ranking."""
        attacks = self.by_attack.height
        interval = pl.format(
            "{} – {}", *((pl.col(f"recall_{end}") * 100).round(0).cast(pl.Int64) for end in ("low", "high"))
        )
        return self.summary.select(
            "side",
            pl.col("found").alias(f"found of {attacks}"),
            interval.alias("95 %"),
            "false",
            pl.col("rate").alias("false per container-day"),
            pl.col("auroc").alias("AUROC"),
            pl.col("average_precision").alias("AP"),
        )

    def measured(self, *names: str) -> pl.DataFrame:
        """Return further measures by side, as text with intervals: the named, or all that are registered.

        See `rtml.evaluation.measures.REGISTERED` for names; AUROC brings average precision with it.
        """
        return wide(self.measures, *names)


def build_ledger(
    sides: Sequence[Side],
    track: Track,
    proof: Proof | None = None,
    features: pl.DataFrame | None = None,
    budget: float = 1.0,
    tried: int | None = None,
    notes: Sequence[str] = (),
    suspicions: Sequence[str] = (),
    seeds: int = SEEDS,
) -> Ledger:
    """Judge all sides, add the union and the trivial rows, and return the ledger.

    Parameters
    ----------
    sides
        Rules (the first rules side is the one that joins the union) and models, in print order.
    track
        See `rtml.evaluation.track.make_track`.
    proof
        See `rtml.evaluation.proof.prove`; null = no split was made here, which the facts say.
    features
        Windows frame for the best single feature; null = that row is left out, with a remark.
    budget
        False findings per container-day that thresholds aimed at; printed, and used by the oracle.
    tried
        Configurations that were tried before this one (multiple comparison), null = not stated.
    notes
        Further limits to carry, such as warnings about labels.
    suspicions
        What is suspected already, such as of features (`rtml.features.foresight`).
    seeds
        Draws that the row ``random`` is the mean of.

    Raises
    ------
    RtmlError
        Fails when labels come from rules and a rules side is judged, two sides share a name, or a
        side was fitted on test time.
    """
    _refuse_same_names(sides)
    if any(side.kind == "rules" for side in sides):
        refuse_rule_labels(track.labels)
    judged = [assess(side, track) for side in steps([*sides, *_union_of(sides)], "judging", "sides")]
    judged += _trivial(judged, track, features, budget, seeds)
    _remark_on_the_oracle(judged)
    told = [*suspicions, *suspected(judged, track, features)]
    table = pl.concat([verdict.attacks for verdict in judged])
    extra = [] if features is not None else ["best single feature left out: no features were given"]
    facts = gather(track, proof, budget, tried, [*notes, *extra])
    attacks = by_attack(table)
    facts["suspicions"] = told
    facts["gain"] = asdict(gain(sides, attacks))
    rows = [_row(verdict, _only(verdict, judged)) for verdict in judged]
    curve, reaches = budget_curves(sides, track), reaches_of(sides, track)
    return Ledger(
        pl.DataFrame(rows, infer_schema_length=None, schema_overrides=_TYPES),
        table,
        attacks,
        curve,
        operating_points(sides, track),
        facts,
        headline(sides, track, curve, reaches),
        measure_rows({verdict.side.name: verdict.measures for verdict in judged}),
        by_grade(sides, track, reaches),
    )


def _refuse_same_names(sides: Sequence[Side]) -> None:
    names = [side.name for side in sides]
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise RtmlError(f"two sides are called {duplicates[0]!r}; each row of the ledger needs its name")


def _union_of(sides: Sequence[Side]) -> list[Side]:
    """Return tuned rules and the combined model together; without a combination, and all models together."""
    rules = [side for side in sides if side.kind == "rules"][:1]
    models = [side for side in sides if side.kind == "model" and not side.oracle]
    combined = [side for side in models if side.name == COMBINED]
    if not (rules and models):
        return []
    name = f"{COMBINED} + rules" if combined else "models + rules"
    return [union(name, [*(combined or models), *rules])]


def _trivial(
    judged: list[Verdict], track: Track, features: pl.DataFrame | None, budget: float, seeds: int
) -> list[Verdict]:
    allowed = math.floor(min(budget * track.container_days, track.trees.height))
    flagged, like = _best_model(judged)
    oracle = None if features is None else best_single_feature(features, track, allowed)
    rows = [] if oracle is None else [assess(oracle, track)]
    return [*rows, random_verdict(track, flagged, like, seeds), assess(flag_all(track), track)]


def _remark_on_the_oracle(judged: Sequence[Verdict]) -> None:
    """Say of every model that finds no more than the best single feature that it does not beat it."""
    for oracle in (verdict for verdict in judged if verdict.side.oracle):
        for verdict in judged:
            if verdict.side.kind == "model" and verdict.found <= oracle.found:
                verdict.remarks.append("does not beat the best single feature")


def _best_model(judged: list[Verdict]) -> tuple[int, str]:
    """Return how many units the model that found most flags (fewest among equals), its name."""
    flagged = [(-v.found, int(v.findings), v.side.name) for v in judged if v.side.kind == "model"]
    _, count, name = min(flagged, default=(0, 1, ""))
    return max(count, 1), name


def _only(verdict: Verdict, judged: Sequence[Verdict]) -> int | None:
    """Count the attacks that this side found and no side of another camp did.

    All rules are one camp, each model its own; unions and trivial rows neither have nor take any.
    """
    side = verdict.side
    if side.kind not in ("rules", "model"):
        return None
    rivals = [
        rival.attacks
        for rival in judged
        if rival.side.kind in ("rules", "model")
        and rival is not verdict
        and not (side.kind == rival.side.kind == "rules")
    ]
    attacks = set(verdict.attacks.filter("found")["attack_id"])
    return len(attacks.difference(*(set(table.filter("found")["attack_id"]) for table in rivals)))


_TYPES = {
    "found": pl.Float64(),
    "attacks": pl.Int64(),
    "findings": pl.Float64(),
    "false": pl.Float64(),
    "beside": pl.Int64(),
    "changes": pl.Int64(),
    "flagged": pl.Float64(),
    "only": pl.Int64(),
    "asked": pl.Float64(),
    "calibrated": pl.Float64(),
    "budget": pl.String(),
    **{name + end: pl.Float64() for name in MEASURES for end in ("", "_low", "_high")},
    **{name + end: pl.String() for name in MEASURES for end in ("_method", "_reason")},
}


def _row(verdict: Verdict, only: int | None) -> dict[str, Any]:
    side = verdict.side
    row: dict[str, Any] = {
        "side": side.name,
        "kind": side.kind,
        "oracle": side.oracle,
        "note": side.note,
        "found": verdict.found,
        "attacks": verdict.total,
        "findings": verdict.findings,
        "false": verdict.false,
        "days": verdict.days,
        "beside": verdict.beside,
        "changes": verdict.changes,
        "flagged": verdict.flagged,
        "only": only,
        "asked": side.asked,
        "calibrated": side.calibrated,
        "budget": None if side.asked is None else kept(int(verdict.false), side.asked * verdict.days),
        "remarks": "; ".join(verdict.remarks),
    }
    for name in MEASURES:
        measure: Measure = getattr(verdict, name)
        row |= {
            name: measure.value,
            f"{name}_low": measure.low,
            f"{name}_high": measure.high,
            f"{name}_method": measure.method,
            f"{name}_reason": measure.reason,
        }
    return row
