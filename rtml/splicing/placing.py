"""Where trials go: free stretches of container time, and a seeded choice among them.

Whole nanoseconds throughout, so that a choice is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Place", "Stretch", "Trial", "choose", "free"]

Stretch = tuple[int, int]
"""Begin and end, in nanoseconds since the epoch."""


@dataclass(frozen=True)
class Place:
    """A stretch in which a container could have been attacked in a given way.

    ``parent`` is the process that would have been the parent of the attack's root (null: it entered from
    outside), ``lineage`` its lineage root, ``ppid`` the pid that the root then shows as parent,
    ``init`` the pid of the container's first process, to which orphans fall.
    """

    container_id: str
    stretch: Stretch
    parent: int | None = None
    lineage: int | None = None
    ppid: int | None = None
    init: int | None = None


@dataclass(frozen=True)
class Trial:
    """One attack, put at ``begin`` into ``place``."""

    attack_id: str
    place: Place
    begin: int


def free(stretch: Stretch, busy: Iterable[Stretch], gap: int) -> list[Stretch]:
    """Return what is left of a stretch at least ``gap`` away from everything busy.

    Examples
    --------
    >>> free((0, 100), [(40, 50)], 5)
    [(0, 35), (55, 100)]
    """
    left, at = [], stretch[0]
    for begin, end in sorted(busy):
        if begin - gap > at:
            left.append((at, min(begin - gap, stretch[1])))
        at = max(at, end + gap)
    return [room for room in [*left, (at, stretch[1])] if room[0] < room[1]]


def choose(
    lengths: Mapping[str, int],
    places: Mapping[str, Sequence[Place]],
    busy: Mapping[str, Sequence[Stretch]],
    trials: int,
    gap: int,
    seed: int,
) -> list[Trial]:
    """Place up to ``trials`` attacks: in turn each attack once, in random order.

    Within all the time where an attack of its length fits, every nanosecond is equally likely.
    An attack that fits nowhere any more is left out of later turns.

    Parameters
    ----------
    lengths
        Nanoseconds that each attack takes.
    places
        Where each attack could happen.
    busy
        Occupied time by container.
    trials, gap, seed
        How many, least time between two (ns), and what the choice depends on.

    Returns
    -------
    Fewer than ``trials`` when no attack fits any more; the caller says so.

    Examples
    --------
    >>> places = {"a": [Place("c", (0, 1000))]}
    >>> trials = choose({"a": 100}, places, {}, trials=9, gap=50, seed=1)
    >>> 4 <= len(trials) <= 7, trials == choose({"a": 100}, places, {}, 9, 50, 1)
    (True, True)
    """
    dice = np.random.default_rng(seed)
    occupied = {name: list(stretches) for name, stretches in busy.items()}
    left, placed = sorted(lengths), list[Trial]()
    while left and len(placed) < trials:
        for attack in [left[i] for i in dice.permutation(len(left))][: trials - len(placed)]:
            trial = _place(attack, lengths[attack], places[attack], occupied, gap, dice)
            if trial is None:
                left.remove(attack)
                continue
            placed.append(trial)
            stretch = (trial.begin, trial.begin + lengths[attack])
            occupied.setdefault(trial.place.container_id, []).append(stretch)
    return placed


def _place(
    attack: str,
    length: int,
    places: Sequence[Place],
    occupied: Mapping[str, Sequence[Stretch]],
    gap: int,
    dice: np.random.Generator,
) -> Trial | None:
    """Draw one beginning from all that fit; null when none does."""
    rooms = [
        (place, begin, end - length - begin + 1)
        for place in places
        for begin, end in free(place.stretch, occupied.get(place.container_id, ()), gap)
        if end - begin >= length
    ]
    total = sum(size for _, _, size in rooms)
    if not total:
        return None
    at = int(dice.integers(total))
    for place, begin, size in rooms:
        if at < size:
            return Trial(attack, place, begin + at)
        at -= size
    raise AssertionError("the draw lies within the sum of the rooms")
