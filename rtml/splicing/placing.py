"""Where trials go: free stretches of container time, and a seeded choice among them.

Whole nanoseconds throughout, so that a choice is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

__all__ = ["STAGGER", "Place", "Stretch", "Trial", "choose", "free"]

STAGGER = 20_000_000_000
"""How much later than the first an attack on several replicas reaches the last, in nanoseconds."""

_DRAWS = 50

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
    replicas: int = 1,
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
    replicas
        In how many containers each is placed at once, up to `STAGGER` later than the first; an attack that
        does not fit into so many at once, after some draws, is left out.

    Returns
    -------
    Fewer than ``trials`` when no attack fits any more; the caller says so. Groups of replicas are whole.

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
    while left and len(placed) + replicas <= trials:
        for attack in [left[i] for i in dice.permutation(len(left))][: (trials - len(placed)) // replicas]:
            group = _group(attack, lengths[attack], places[attack], occupied, gap, dice, replicas)
            if not group:
                left.remove(attack)
                continue
            placed += group
            for trial in group:
                stretch = (trial.begin, trial.begin + lengths[attack])
                occupied.setdefault(trial.place.container_id, []).append(stretch)
    return placed


def _group(
    attack: str,
    length: int,
    places: Sequence[Place],
    occupied: Mapping[str, Sequence[Stretch]],
    gap: int,
    dice: np.random.Generator,
    replicas: int,
) -> list[Trial]:
    """Draw one beginning, and as many others at about that time; empty when they do not fit."""
    for _ in range(_DRAWS if replicas > 1 else 1):
        first = _place(attack, length, places, occupied, gap, dice)
        if first is None:
            return []
        group = [first]
        late = (first.begin, first.begin + length + STAGGER)
        while len(group) < replicas:
            taken = {trial.place.container_id for trial in group}
            near = [cut for place in places if place.container_id not in taken and (cut := _cut(place, late))]
            more = _place(attack, length, near, occupied, gap, dice)
            if more is None:
                break
            group.append(more)
        if len(group) == replicas:
            return group
    return []


def _cut(place: Place, to: Stretch) -> Place | None:
    """Return what of a place lies within a stretch; null: nothing."""
    begin, end = max(place.stretch[0], to[0]), min(place.stretch[1], to[1])
    return replace(place, stretch=(begin, end)) if begin < end else None


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
