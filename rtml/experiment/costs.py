"""What each side of an experiment cost, from the costs of its steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rtml.costs import Cost, Costs, without_inner
from rtml.schema import COMBINED

__all__ = ["FIRST_SEEN", "RULES", "SCORE", "TRAIN", "SideCost", "side_costs"]

TRAIN, SCORE, RULES, FIRST_SEEN = "train", "score", "rules", "first seen"
"""Names of the steps of an experiment that cost (`rtml.costs.spent`)."""


@dataclass(frozen=True)
class SideCost:
    """What a side cost: all of it, the part that judged, and the events that this part read."""

    whole: Cost
    judging: Cost
    events: int

    def numbers(self) -> dict[str, float | None]:
        """Return the cost by plain names, units in them; null where nothing was measured.

        Examples
        --------
        >>> SideCost(Cost(3.0, 2.5, 9_000_000), Cost(1.0, 0.5, 9_000_000), 1000).numbers()
        {'cpu_seconds': 3.0, 'peak_memory_mb': 9.0, 'events_per_second': 2000.0}
        """
        seconds, peak = self.judging.seconds, self.whole.peak_bytes
        return {
            "cpu_seconds": self.whole.cpu_seconds,
            "peak_memory_mb": peak / 1e6 if peak else None,
            "events_per_second": self.events / seconds if seconds else None,
        }


def side_costs(
    costs: Costs, labels: Iterable[str], combined: Iterable[str], events: int, test_events: int
) -> dict[str, SideCost]:
    """Return the cost of every side that was measured, by its name.

    Parameters
    ----------
    costs
        Of the steps; detectors are steps within `TRAIN` and `SCORE`, by label.
    labels, combined
        Of the model's detectors, and of those that are combined.
    events, test_events
        In the whole capture, which rules read, and in the test, which models judge.

    Returns
    -------
    Both sides of the rules cost what running the rules did. A detector costs what all share (events become
    features and findings) and what it did itself; the combination what all its members did.

    Examples
    --------
    >>> steps = {("train", "a"): Cost(1.0, 1.0), ("train",): Cost(3.0, 3.0), ("score", "a"): Cost(0.5, 0.5),
    ...     ("score",): Cost(1.0, 1.0), ("rules",): Cost(2.0, 2.0)}
    >>> {name: cost.numbers()["cpu_seconds"] for name, cost in side_costs(steps, ["a"], [], 9, 3).items()}
    {'rules, tuned': 2.0, 'rules, default': 2.0, 'a': 4.0}
    """
    made = {}
    for step, names in ((RULES, ("rules, tuned", "rules, default")), (FIRST_SEEN, (FIRST_SEEN,))):
        if (step,) in costs:
            made.update(dict.fromkeys(names, SideCost(costs[(step,)], costs[(step,)], events)))
    groups = {label: [label] for label in labels}
    members = list(combined)
    if members:
        groups[COMBINED] = members
    for name, group in groups.items():
        training, judging = (_of_group(costs, step, group) for step in (TRAIN, SCORE))
        made[name.replace("_", " ")] = SideCost(training + judging, judging, test_events)
    return made


def _of_group(costs: Costs, step: str, labels: list[str]) -> Cost:
    own = (costs.get((step, label), Cost()) for label in labels)
    return sum(own, without_inner(costs, step))
