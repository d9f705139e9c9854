"""What every explanation must hold to: it adds up, names the culprit and blames nobody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import polars as pl

from rtml.detectors import Detector
from rtml.testing.detector_laws import Make
from rtml.testing.planting import Verdict, judged, looked_at, novel, plants, typical
from rtml.testing.windows import outlier, windows, with_value

__all__ = ["REASONS", "blames_nobody_else", "frames", "names_the_planted_culprit", "planted"]

_PLANTS = 100
_EXACT = 1e-9
_PEERS = ("web", "job", "db")


def frames(rows: int = 400) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Yield training windows and typical benign ones: without surprises beyond chance, and with them.

    Examples
    --------
    >>> [learnt.height for learnt, _ in frames()]
    [180, 120]
    """
    learnt = windows(60, _PEERS)
    yield learnt, typical(windows(rows, _PEERS, seed=2), learnt)
    learnt = novel()
    yield learnt, typical(novel(2, rows), learnt)


def planted(make: Make, number: int = _PLANTS) -> Iterator[Verdict]:
    """Yield, per pair of `frames`, how a detector explains ``number`` plants."""
    for learnt, benign in frames():
        detector = make(seed=3)
        detector.learn(learnt)
        columns = looked_at(detector, learnt, benign)
        assert columns, "no value far outside makes a window score higher"
        yield judged(detector, plants(learnt, benign, columns, number))


def exact_explanations_add_up(make: Make) -> None:
    """Where an explanation claims to be exact, have parts that add up to the score, to 1e-9 of it."""
    for learnt, benign in frames():
        detector: Any = make(seed=3)
        detector.learn(learnt)
        if not getattr(detector, "exact", False):
            return
        for frame in _odd(benign[:50]):
            _adds_up(detector, frame)


def _odd(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    yield frame
    yield outlier(frame, 3)
    yield with_value(with_value(frame, "a.y", None), "z.bits_max", 50.0)
    yield with_value(outlier(frame, 3, -40.0), "b.bits_max", float("inf"))
    yield frame.with_columns(workload=pl.lit("new"))


def _adds_up(detector: Any, frame: pl.DataFrame) -> None:
    scores, attribution = detector.score(frame), detector.attribute(frame)
    known = ~np.isnan(scores)
    sums = attribution.parts[known].sum(axis=1) - scores[known]
    gap = np.abs(sums) / np.maximum(1.0, np.abs(scores[known]))
    assert gap.max(initial=0.0) <= _EXACT, f"the parts miss the score by {gap.max()} of it"
    said = detector.explain(frame.filter(known))["row"].unique().to_list()
    scored = np.flatnonzero(scores[known] > 0).tolist()
    assert set(said) >= set(scored), f"{len(set(scored) - set(said))} scores above 0 have no explanation"


def names_the_planted_culprit(make: Make) -> None:
    """Name the feature first that was planted far outside in a typical window: 999 times in 1,000."""
    for verdict in _unless_trivial(make):
        missed = verdict.plants - verdict.first
        assert missed <= verdict.plants // 1000, f"another came first in {missed} of {verdict.plants} plants"


def blames_nobody_else(make: Make) -> None:
    """Give the planted feature a share, and none to a feature that makes the window more usual."""
    for verdict in _unless_trivial(make):
        wrong = verdict.plants - verdict.signs
        assert wrong <= verdict.plants // 1000, f"a share has the wrong sign in {wrong} of {verdict.plants}"


def _unless_trivial(make: Make) -> Iterator[Verdict]:
    detector: Detector = make(seed=3)
    if not detector.trivial:
        yield from planted(make)


REASONS: tuple[Callable[[Make], None], ...] = (
    exact_explanations_add_up,
    names_the_planted_culprit,
    blames_nobody_else,
)
"""Laws of explanations."""
