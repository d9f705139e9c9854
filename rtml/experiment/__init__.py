"""An experiment: train, score, run the rules, judge all sides on one track, report, track.

`run_experiment` does the whole of it in one new folder; everything that decides the result is in
the `rtml.experiment.config.Experiment` that it is given.
"""

from typing import TYPE_CHECKING

from rtml.lazy import lazily

if TYPE_CHECKING:
    from rtml.experiment.outcome import Outcome
    from rtml.experiment.run import run_experiment

__all__ = ["Outcome", "run_experiment"]

__getattr__, __dir__ = lazily(
    __name__, {"Outcome": "rtml.experiment.outcome", "run_experiment": "rtml.experiment.run"}
)
