"""Models: trained on benign time, saved and loaded whole, judging captures.

`train` makes a `Model` of baseline, detectors and calibrations; `Model.score` turns a capture into
windows, scores and findings (`Scored`) and changes nothing, `Model.stream` judges events as they come
and goes on learning (`rtml.models.streaming`).
"""

from rtml.models.model import Model, load_model
from rtml.models.pace import Pace
from rtml.models.scoring import Scored
from rtml.models.training import train
from rtml.schema import SCORES

__all__ = ["SCORES", "Model", "Pace", "Scored", "load_model", "train"]
