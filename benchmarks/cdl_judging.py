"""From scores of windows to false windows, attacks found before they succeed, and lead time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from benchmarks.cdl_runs import SECONDS, Attack, Container
from rtml.arrays import Array
from rtml.boards.tail import Tail
from rtml.detectors import Detector, feature_columns

Flags: TypeAlias = npt.NDArray[np.bool_]
Combination: TypeAlias = Callable[..., Any]


class Outcome(NamedTuple):
    """What one way to flag windows did in one run with an attack."""

    attack: str
    false: int
    before: int
    found: bool
    lead: float


class Margins(NamedTuple):
    """How far windows lie in the benign tail, per held-out benign run and per run with an attack."""

    held: list[Array]
    test: list[Array]


def judge(attack: Attack, flagged: Flags) -> Outcome:
    """Count false windows; see whether the attack was found before it succeeded, and how long before."""
    hits = attack.during[flagged[attack.during]]
    lead = float(attack.during[-1] - hits[0]) * SECONDS if len(hits) else 0.0
    return Outcome(attack.name, int(flagged[: attack.before].sum()), attack.before, bool(len(hits)), lead)


def margins(detector: Detector, data: Container) -> Margins:
    """Learn, score, and count scores in mean excesses of the held-out benign ones."""
    detector.learn(data.learn)
    held = [detector.score(windows) for windows in data.held]
    tail = Tail.of(np.concatenate(held))
    test = [detector.score(attack.windows) for attack in data.attacks]
    return Margins([tail.margins(scores) for scores in held], [tail.margins(scores) for scores in test])


def together(sides: Iterable[Margins], how: Combination, last: int = 1) -> Margins:
    """Combine margins of several detectors, then take the mean over the ``last`` windows of a run."""
    held, test = zip(*sides, strict=True)
    return Margins(_combined(held, how, last), _combined(test, how, last))


def _combined(sides: Iterable[list[Array]], how: Combination, last: int) -> list[Array]:
    return [_smooth(np.asarray(how(np.stack(run), axis=0)), last) for run in zip(*sides, strict=True)]


def _smooth(scores: Array, last: int) -> Array:
    sums = np.cumsum(np.concatenate([[0.0], scores]))
    end = np.arange(1, len(sums))
    begin = np.maximum(end - last, 0)
    return np.asarray((sums[end] - sums[begin]) / (end - begin))


def by_tail(data: Container, sides: Margins, aim: float) -> list[Outcome]:
    """Flag what lies further in the benign tail than a share ``aim`` of benign windows, and judge it."""
    tail, limit = Tail.of(np.concatenate(sides.held)), Tail.limit(aim)
    pairs = zip(data.attacks, sides.test, strict=True)
    return [judge(attack, tail.margins(margin) > limit) for attack, margin in pairs]


def by_quantile(data: Container, detector: Detector, aim: float) -> list[Outcome]:
    """Flag what reaches the quantile of benign scores: for scores that have no tail."""
    detector.learn(data.learn)
    limit = np.quantile(np.concatenate([detector.score(windows) for windows in data.held]), 1 - aim)
    return [judge(attack, detector.score(attack.windows) >= limit) for attack in data.attacks]


def best_column(data: Container, aim: float) -> list[Outcome]:
    """Return what the one column does that does best on these very attacks: an oracle."""
    each = []
    for name in feature_columns(data.learn):
        held = [windows[name].to_numpy() for windows in data.held]
        test = [attack.windows[name].to_numpy() for attack in data.attacks]
        each.append(by_tail(data, Margins(held, test), aim))
    return max(each, key=lambda ones: (sum(one.found for one in ones), -sum(one.false for one in ones)))
