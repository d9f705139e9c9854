"""What happens to models and rules when the world is worse than the recording.

A *change* rewrites a copy of a capture: events are lost, learning time is poisoned, attackers evade,
workloads are rolled out. Each is one file here with a `Change`, and a line in `CHANGES`.
`rtml.experiment.robustness.judging` judges rules, the combined model and both on every copy.
"""

from rtml.experiment.robustness import (
    allowed,
    builtin,
    loss,
    padding,
    poisoning,
    renaming,
    rollout,
    slow,
    spreading,
)
from rtml.experiment.robustness.scene import Change, Scene

__all__ = ["CHANGES", "Change", "Scene"]

CHANGES: dict[str, Change] = {
    change.name: change
    for change in (
        poisoning.CHANGE,
        loss.RANDOM,
        loss.BURST,
        renaming.CHANGE,
        padding.CHANGE,
        slow.CHANGE,
        spreading.CHANGE,
        builtin.CHANGE,
        allowed.CHANGE,
        rollout.CHANGE,
    )
}
"""Every change by name, in the order of tables."""
