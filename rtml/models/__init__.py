"""The batch job: train a model on benign captures, score captures with it, commit the result.

`train` learns baseline, detectors and calibration from benign time (`Trained`); `score` turns a
capture into windows, scores and findings (`Scored`); `run_job` does that for a model URI and
writes one folder, whole or not at all.
"""

from rtml.models.scoring import Scored, score
from rtml.models.training import Trained, train

__all__ = ["Scored", "Trained", "score", "train"]
