"""Judging hour by hour: scores first, then learning, and reasons that do not depend on batches.

Online detectors change with every window, so that what they say of an alarm depends on when they are asked.
They are asked as they were when the hour (UTC) of the alarm began: then it does not matter how events were
cut into batches, and the state that explains is at most an hour from the one that judged.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl

from rtml.models.alarmed import OTHERWISE, REASONS, of_trees
from rtml.models.judging import alarms_of, raw_scores, tree_scores
from rtml.models.learners import Learners
from rtml.models.parts import Parts
from rtml.models.reasons import counterfactuals_of, reasons_of
from rtml.schema import TREE_SCORES, empty
from rtml.times import Window

__all__ = ["Judged", "judge"]

HOUR = Window.of("1h")
_TREE = ["container_id", "window", "process_id"]


@dataclass(frozen=True)
class Judged:
    """What detectors said of trees: ``scores`` (`TREE_SCORES`, of all), and per alarm its reasons.

    ``reasons``: ``detector, container_id, window, process_id, feature, value, usual, share``; ``otherwise``:
    ``detector, container_id, window, process_id, counterfactual``.
    """

    scores: pl.DataFrame
    reasons: pl.DataFrame
    otherwise: pl.DataFrame


def judge(
    parts: Parts, learners: Learners, trees: pl.DataFrame, surprises: pl.LazyFrame, budget: float
) -> Judged:
    """Judge trees in the order of hours; ``learners`` go on learning.

    Parameters
    ----------
    parts
        The model; of its detectors those of ``learners`` judge.
    learners
        They have judged everything before.
    trees
        Features per tree and window.
    surprises
        `rtml.features.EVENT_SURPRISES` of the same time; those of trees that alarm are looked up.
    budget
        False findings per container-day.
    """
    numbered = trees.with_row_index("_row")
    scores, reasons, otherwise = [_numbered(trees.clear())], [empty(REASONS)], [empty(OTHERWISE)]
    order = [*learners.detectors, *parts.calibrations]
    for hour, rows in _by_hour(numbered):
        learners.begin(hour)
        said, explained = _judge_hour(parts, learners, rows.drop("_row"), surprises, budget)
        places = pl.concat([rows["_row"]] * (said.height // max(rows.height, 1)))
        label = said["detector"].replace_strict({n: order.index(n) for n in order}, return_dtype=pl.Int64)
        scores.append(said.with_columns(_row=places, _label=label))
        reasons += [part for part, _ in explained]
        otherwise += [part for _, part in explained]
    ordered = pl.concat(scores).sort("_label", "_row").drop("_label", "_row")
    return Judged(ordered, pl.concat(reasons), pl.concat(otherwise))


def _numbered(nothing: pl.DataFrame) -> pl.DataFrame:
    row = pl.lit(None, pl.get_index_type())
    return empty(TREE_SCORES).with_columns(_row=row, _label=pl.lit(None, pl.Int64))


def _by_hour(trees: pl.DataFrame) -> Iterator[tuple[dt.datetime, pl.DataFrame]]:
    """Yield hours in order with the trees of each, in the order of the frame."""
    hours = trees.with_columns(HOUR.start("window").alias("_hour"))
    for part in hours.sort("_hour", maintain_order=True).partition_by("_hour", maintain_order=True):
        yield part["_hour"][0], part.drop("_hour")


def _judge_hour(
    parts: Parts, learners: Learners, rows: pl.DataFrame, surprises: pl.LazyFrame, budget: float
) -> tuple[pl.DataFrame, list[tuple[pl.DataFrame, pl.DataFrame]]]:
    """Score the trees of one hour, learn them, and explain the alarms among them."""
    raw = raw_scores(learners.detectors, rows, parts.calibrations, budget, learning=learners.learning)
    scores = tree_scores(rows, raw, parts.calibrations, parts.description.combined, budget)
    learners.hold(rows, scores)
    knowing = replace(parts, detectors={**learners.detectors, **learners.known})
    explained = []
    for label in alarms_of(parts.calibrations, budget):
        raised = scores.filter(pl.col("detector") == label, pl.col("alarm"))
        if raised.is_empty():
            continue
        alarming = rows.join(raised, on=_TREE, how="semi", nulls_equal=True, maintain_order="left")
        reasons = reasons_of(knowing, label, alarming, scores)
        otherwise = counterfactuals_of(knowing, label, alarming, of_trees(surprises, alarming), budget)
        explained.append((_of(label, reasons, REASONS), _of(label, otherwise, OTHERWISE)))
    return scores, explained


def _of(label: str, rows: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    named = rows.with_columns(detector=pl.lit(label))
    return named.select(pl.col(name).cast(kind) for name, kind in schema.items())
