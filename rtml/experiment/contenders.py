"""The sides: rules, as they come and tuned on benign time; the simple rival; every model."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import polars as pl

from rtml.captures import Capture
from rtml.evaluation import Side, assign
from rtml.models import Scored
from rtml.models.explaining import is_change
from rtml.rules import EventDetector, FirstSeen, Rule, RuleDetector, Skipped
from rtml.rules.chosen import Chosen
from rtml.rules.running.run import Ran, run_all
from rtml.schema import COMBINED, SETTINGS
from rtml.splits import Split
from rtml.times import Window

__all__ = ["RuleSide", "first_seen_side", "model_sides", "rule_side", "tuned_and_default"]

_UTC = pl.Datetime("ns", "UTC")


@dataclass(frozen=True)
class RuleSide:
    """What the rules found, over all time, and how they were tuned."""

    rules: list[Rule]
    skipped: list[Skipped]
    table: pl.DataFrame
    exceptions: pl.DataFrame
    sides: tuple[Side, Side]


def rule_side(
    capture: Capture,
    chosen: Chosen,
    windows: pl.DataFrame,
    split: Split,
    every: Window,
    budget: float,
    without_attacks: Callable[[pl.DataFrame], pl.DataFrame],
) -> RuleSide:
    """Run the rules and make both of their sides: tuned first, because it joins the union.

    Tuning sees what the models saw: hits of training and calibration time, nothing of the test, and
    of the early hits those that ``without_attacks`` keeps.
    """
    ran = run_all(capture, chosen)
    hits = _before(ran.hits, split.edges[3])
    test = windows.filter(pl.col("part") == "test")
    learnt = windows.filter(pl.col("part") != "test")
    detector = RuleDetector(ran.rules, every, budget)
    default = _side("rules, default", "rules", detector, hits, windows, test)
    tuned = _tuned(detector, hits, learnt, test, split.edges[2], without_attacks)
    tuned = replace(tuned, dial=_dial(ran.rules, hits, every, learnt, test, without_attacks))
    return RuleSide(ran.rules, ran.skipped, ran.evaluation.table, detector.state, (tuned, default))


def tuned_and_default(
    ran: Ran, windows: pl.DataFrame, split: Split | None, every: Window, budget: float
) -> Iterator[Side]:
    """Make both sides of rules that ran: tuned on the time before the test, and as they come.

    Without a split there is no time to tune on, and only one side.
    """
    detector = RuleDetector(ran.rules, every, budget)
    if split is None:
        yield _side("rules", "rules", detector, ran.hits, windows, windows)
        return
    hits = _before(ran.hits, split.edges[3])
    part = assign(windows, split, every)
    test = part.filter(pl.col("part") == "test")
    learnt = part.filter(pl.col("part").is_in(["train", "calibrate"]))
    default = _side("rules, default", "rules", detector, hits, windows, test)
    tuned = _tuned(detector, hits, learnt, test, split.edges[2], lambda hits: hits)
    yield replace(tuned, dial=_dial(ran.rules, hits, every, learnt, test, lambda hits: hits))
    yield default


def _dial(
    rules: list[Rule],
    hits: pl.DataFrame,
    every: Window,
    learnt: pl.DataFrame,
    test: pl.DataFrame,
    without_attacks: Callable[[pl.DataFrame], pl.DataFrame],
) -> dict[float, pl.DataFrame]:
    """Return what the rules find in the test when they are tuned to each of `rtml.schema.SETTINGS`."""
    begin = pl.lit(test["window"].min(), _UTC)
    before = without_attacks(hits.filter(pl.col("time") < begin))
    later = hits.filter(pl.col("time") >= begin)
    dial = {}
    for budget in SETTINGS:
        detector = RuleDetector(rules, every, budget)
        detector.learn(before, learnt)
        findings = detector.findings(later)
        dial[budget] = findings.filter(pl.col("container_id").is_in(test["container_id"].unique().implode()))
    return dial


def _tuned(
    detector: RuleDetector,
    hits: pl.DataFrame,
    learnt: pl.DataFrame,
    test: pl.DataFrame,
    begin: dt.datetime,
    without_attacks: Callable[[pl.DataFrame], pl.DataFrame],
) -> Side:
    known = without_attacks(hits.filter(pl.col("time") < pl.lit(begin, _UTC)))
    detector.learn(known, learnt)
    note = f"{detector.state.height} exceptions"
    windows = pl.concat([learnt, test])
    return _side("rules, tuned", "rules", detector, hits, windows, test, _read_until(known), note)


def _before(events: pl.DataFrame, end: dt.datetime) -> pl.DataFrame:
    """Leave out what comes after the test: nobody is asked about it."""
    return events.filter(pl.col("time") < pl.lit(end, _UTC))


def _read_until(events: pl.DataFrame) -> dt.datetime | None:
    """Return the time of the latest event that was learnt from: what was read says it, not what was meant."""
    latest = events["time"].max()
    return latest if isinstance(latest, dt.datetime) else None


def first_seen_side(
    capture: Capture,
    windows: pl.DataFrame,
    split: Split,
    every: Window,
    without_attacks: Callable[[pl.DataFrame], pl.DataFrame],
) -> Side:
    """Make the side of the competitor that any feature of rare programs must beat.

    It knows the pairs of image and program that ran before the test, as the models do.
    """
    detector = FirstSeen(every)
    begin, end = split.edges[2:]
    observed = _before(detector.observe(capture), end)
    known = without_attacks(observed.filter(pl.col("time") < pl.lit(begin, _UTC)))
    detector.learn(known, windows.filter(pl.col("part") != "test"))
    test = windows.filter(pl.col("part") == "test")
    note = f"first run of a program in an image; {detector.state.height} pairs known"
    return _side("first seen", "rival", detector, observed, windows, test, _read_until(known), note)


def _side(
    name: str,
    kind: str,
    detector: EventDetector,
    observed: pl.DataFrame,
    windows: pl.DataFrame,
    test: pl.DataFrame,
    fitted_until: dt.datetime | None = None,
    note: str = "",
) -> Side:
    scores = test.select(
        "container_id", "window", score=pl.Series(detector.score(observed, test)).fill_nan(None)
    )
    findings = detector.findings(observed)
    here = findings.filter(pl.col("container_id").is_in(windows["container_id"].unique().implode()))
    return Side(name, kind, here, scores, fitted_until, note=_judged(note, findings.height - here.height))


def _judged(note: str, outside: int) -> str:
    """Add how many findings are about the host or its infrastructure, whose time nobody observes."""
    left_out = f"{outside} findings outside the judged containers left out" if outside else ""
    return "; ".join(text for text in (note, left_out) if text)


def model_sides(scored: Scored, fitted_until: dt.datetime | None) -> list[Side]:
    """One side per detector, the combination first: its findings, its scores, what it was asked and kept.

    What workloads took up together is reported beside every detector: none of them judges it.
    """
    changed = scored.findings.filter(is_change())
    labels = sorted(scored.alarms, key=lambda label: label != COMBINED)
    return [
        Side(
            label.replace("_", " "),
            "model",
            pl.concat([scored.findings.filter(pl.col("detector") == label), changed]),
            # The margin, not the score: peer groups share one ranking only in units of their tails.
            scored.scores.filter(pl.col("detector") == label).select(
                "container_id", "window", score="margin"
            ),
            fitted_until,
            note="" if scored.alarms[label].resolvable else "budget extrapolated from short calibration",
            asked=scored.alarms[label].budget,
            calibrated=scored.held_out.get(label),
            trees=_trees(scored, label),
        )
        for label in labels
    ]


def _trees(scored: Scored, label: str) -> pl.DataFrame:
    rows = scored.by_tree().filter(pl.col("detector") == label)
    root = pl.col("process_id").fill_null(0)
    return rows.select("container_id", "window", "budget", "repeats", root_id=root, score="margin")
