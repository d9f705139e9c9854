"""rtml: anomaly detection for container runtime security, models beside rules, honestly compared.

A capture is a table of runtime events; a feature family turns a capture into one row per container
and window; a detector turns rows into scores; a finding is a score that crossed its alarm budget,
with the events that caused it; a track sets the findings of models and of rules against labelled
attack replays. ``docs/how-it-works.md`` derives the rest from that sentence, ``docs/python.md``
walks through the loop: open, train, score, run rules, compare, look.

Importing ``rtml`` alone loads nothing heavy: each name loads its room when it is first used.
"""

from typing import TYPE_CHECKING

from rtml.lazy import lazily
from rtml.version import VERSION

__version__ = VERSION

__all__ = [
    "Findings",
    "Split",
    "adapt",
    "compare",
    "features",
    "hunt",
    "load_model",
    "open_capture",
    "read_labels",
    "run_rules",
    "train",
]

if TYPE_CHECKING:
    from rtml import features
    from rtml.analyst import hunt
    from rtml.captures import open_capture
    from rtml.detectors.adapters import adapt
    from rtml.evaluation import read_labels
    from rtml.experiment.comparing import compare
    from rtml.findings.shown import Findings
    from rtml.models import train
    from rtml.rules import run_rules
    from rtml.splits import Split
    from rtml.tracking.opening import load_model

__getattr__, _names = lazily(
    __name__,
    {
        "Findings": "rtml.findings.shown",
        "Split": "rtml.splits",
        "adapt": "rtml.detectors.adapters",
        "compare": "rtml.experiment.comparing",
        "hunt": "rtml.analyst.hunting",
        "load_model": "rtml.tracking.opening",
        "open_capture": "rtml.captures",
        "read_labels": "rtml.evaluation",
        "run_rules": "rtml.rules",
        "train": "rtml.models",
    },
    rooms=("features", "job"),
)


def __dir__() -> list[str]:
    return [*_names(), "__version__"]
