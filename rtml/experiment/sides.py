"""The two sides: rules, as they come and tuned on benign time; and every model."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from rtml.captures import Capture
from rtml.config import Rules
from rtml.evaluation import Side, Split
from rtml.rules import Rule, Skipped, apply, findings_of, rule_scores, tune
from rtml.rules.run import Chosen, run_all
from rtml.scoring import Scored

__all__ = ["RuleSide", "model_sides", "rule_side"]

_UTC = pl.Datetime("ns", "UTC")


@dataclass(frozen=True)
class RuleSide:
    """What the rules said, over all time, and how they were tuned."""

    rules: list[Rule]
    skipped: list[Skipped]
    table: pl.DataFrame
    exceptions: pl.DataFrame
    sides: tuple[Side, Side]


def rule_side(
    capture: Capture, chosen: Rules, windows: pl.DataFrame, split: Split, every: str, budget: float,
    quiet: Callable[[pl.DataFrame], pl.DataFrame],
) -> RuleSide:  # fmt: skip
    """Run the rules and make both of their sides: tuned first, for it joins the union.

    Tuning sees what the models saw: hits of training and calibration time, nothing of the test, and
    of the early hits those that ``quiet`` keeps.
    """
    ran = run_all(
        capture,
        Chosen((chosen.pack,) if chosen.pack else (), tuple(chosen.sigma), tuple(chosen.falco),
               tuple(chosen.intel), level=chosen.level),
    )  # fmt: skip
    rules, skipped, result = ran.rules, ran.skipped, ran.evaluation
    early = quiet(result.hits.filter(pl.col("time") < pl.lit(split.test, _UTC)))
    days = _container_days(windows.filter(pl.col("part") != "test"), every)
    exceptions = tune(early, days, budget)
    tuned = apply(result.hits, exceptions)
    test = windows.filter(pl.col("part") == "test")
    return RuleSide(
        rules, skipped, result.table, exceptions,
        (
            Side("rules, tuned", "rules", findings_of(tuned, rules),
                 rule_scores(tuned, rules, test, every), split.test,
                 note=f"{exceptions.height} exceptions"),
            Side("rules, default", "rules", findings_of(result.hits, rules),
                 rule_scores(result.hits, rules, test, every)),
        ),
    )  # fmt: skip


def _container_days(windows: pl.DataFrame, every: str) -> pl.DataFrame:
    day = dt.timedelta(days=1)
    length = pl.lit(0).cast(_UTC).dt.offset_by(every).to_physical() / (
        day / dt.timedelta(microseconds=1) * 1000
    )
    workload = pl.coalesce(pl.col("workload", "image", "container_id").cast(pl.String))
    return windows.group_by(workload=workload).agg(container_days=pl.len() * length)


def model_sides(scored: Scored, fitted_until: dt.datetime) -> list[Side]:
    """One side per detector: its findings, its scores, the alarm rule as a note."""
    return [
        Side(
            name.replace("_", " "), "model",
            scored.findings.filter(pl.col("detector") == name),
            # The margin, not the score: peer groups share one ranking only in units of spread.
            scored.scores.filter(pl.col("detector") == name).select(
                "container_id", "window", score="margin"
            ),
            fitted_until,
            note="" if alarm.resolvable else "alarms above everything in calibration",
        )
        for name, alarm in scored.alarms.items()
    ]  # fmt: skip
