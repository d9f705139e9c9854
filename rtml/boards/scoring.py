"""Scores and flags of every side of a table: detectors, their combination, the trivial ones, the oracle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rtml.arrays import Array
from rtml.boards.config import Leaderboard
from rtml.boards.material import Flags, Material, Part, blind
from rtml.boards.oracle import best_column
from rtml.boards.tail import Tail
from rtml.detectors import make_detector
from rtml.errors import UnknownNameError
from rtml.models.combining import combine
from rtml.progress import report

__all__ = ["COMBINATION", "Side", "sides"]

COMBINATION = "recommended combination"
_TRIVIAL = ("random", "flag_all")
_FIXED = ("surprise", "rarity", "largest_z", "pca_residual", "fading_gaussian", "flag_all")


@dataclass(frozen=True)
class Side:
    """One row of the board: its scores and flags of all test rows, once per seed."""

    name: str
    kind: str
    runs: list[tuple[Array, Flags]]
    note: str = ""
    calibrated: bool = True
    """Its threshold comes from calibration rows; else it needs none."""


class _Margins(NamedTuple):
    """How far rows of one part lie in the benign tail, in one unit for all detectors."""

    held: Array
    test: Array


def sides(material: Material, board: Leaderboard) -> Iterator[Side]:
    """Yield every side of a set: the combination first, the trivial ones last.

    Thresholds come from calibration rows alone: a share ``aim`` of benign rows may be flagged. Detectors that
    need features which only events give are left out.
    """
    events = material.events is not None
    kinds = board.event_detectors if events else board.detectors
    members = board.event_combine if events else board.combine
    made = _Sides(material, board.aim)
    yield made.combined(members, board.seeds)
    for done, kind in enumerate(kinds):
        report("judging", done, len(kinds), "detectors")
        try:
            yield made.detector(kind, board.seeds)
        except UnknownNameError:
            continue
    report("judging", len(kinds), len(kinds), "detectors")
    for extra in material.extras:
        yield Side(extra.side, extra.kind, [(extra.score, extra.flagged)], extra.note, calibrated=False)
    yield made.oracle()
    for kind in _TRIVIAL:
        yield made.trivial(kind, board.seeds)


class _Sides:
    """Margins of every detector of one set, kept: the combination needs them again."""

    def __init__(self, material: Material, aim: float) -> None:
        self._parts, self._aim = material.parts, aim
        self._kept: dict[tuple[str, int], list[_Margins]] = {}

    def detector(self, kind: str, seeds: Sequence[int]) -> Side:
        used = seeds[:1] if kind in _FIXED else seeds
        return Side(
            kind.replace("_", " "), "model", [self._flagged(self._margins(kind, seed)) for seed in used]
        )

    def combined(self, kinds: Sequence[str], seeds: Sequence[int]) -> Side:
        used = seeds[:1] if set(kinds) <= set(_FIXED) else seeds
        runs = []
        for seed in used:
            members = [self._margins(kind, seed) for kind in kinds]
            runs.append(self._flagged([_joined(kinds, one) for one in zip(*members, strict=True)]))
        names = ", ".join(kind.replace("_", " ") for kind in kinds)
        return Side(COMBINATION, "model", runs, f"mean margin of {names}")

    def trivial(self, kind: str, seeds: Sequence[int]) -> Side:
        runs = [_together([self._by_quantile(part, kind, seed) for part in self._parts]) for seed in seeds]
        drawn = kind == "random"
        return Side(kind.replace("_", " "), "trivial", runs if drawn else runs[:1], calibrated=drawn)

    def oracle(self) -> Side:
        chosen = [best_column(part, self._aim) for part in self._parts]
        names = sorted({one.name for one in chosen})
        note = f"{names[0]}" if len(names) == 1 else f"another for each part, {len(names)} columns"
        runs = [_together([(one.score, one.flagged) for one in chosen])]
        return Side("best single feature", "oracle", runs, f"{note}; chosen on the test")

    def _margins(self, kind: str, seed: int) -> list[_Margins]:
        if (kind, seed) not in self._kept:
            self._kept[kind, seed] = [_margins_of(part, kind, seed) for part in self._parts]
        return self._kept[kind, seed]

    def _flagged(self, margins: Sequence[_Margins]) -> tuple[Array, Flags]:
        limit = Tail.limit(self._aim)
        again = [Tail.of(one.held).margins(one.test) for one in margins]
        return _together([(score, np.asarray(score > limit)) for score in again])

    def _by_quantile(self, part: Part, kind: str, seed: int) -> tuple[Array, Flags]:
        """Flag what reaches the quantile of benign scores: for scores that have no tail."""
        held, test = _scores(part, kind, seed)
        return test, np.asarray(test >= np.quantile(held, 1 - self._aim))


def _scores(part: Part, kind: str, seed: int) -> tuple[Array, Array]:
    """Learn, then score calibration and test rows; labels are not among what the detector sees."""
    detector = make_detector(kind, {}, seed)
    detector.learn(blind(part.train))
    return detector.score(blind(part.calibrate)), detector.score(blind(part.test))


def _margins_of(part: Part, kind: str, seed: int) -> _Margins:
    held, test = _scores(part, kind, seed)
    tail = Tail.of(held)
    return _Margins(tail.margins(held), tail.margins(test))


def _joined(kinds: Sequence[str], one: Sequence[_Margins]) -> _Margins:
    named = dict(zip(kinds, one, strict=True))
    held, test = (
        combine({kind: getattr(margins, where) for kind, margins in named.items()})
        for where in _Margins._fields
    )
    return _Margins(held, test)


def _together(parts: Sequence[tuple[Array, Flags]]) -> tuple[Array, Flags]:
    scores, flags = zip(*parts, strict=True)
    return np.concatenate(scores), np.concatenate(flags)
