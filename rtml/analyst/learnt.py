"""The model of a hunt: a saved one, or one that is learnt from the first part of the capture."""

from __future__ import annotations

from pathlib import Path

from rtml.captures import Capture
from rtml.experiment.proposed import proposed
from rtml.experiment.run import learn
from rtml.models import Model
from rtml.tracking.opening import load_model

__all__ = ["model_for", "promised"]


def model_for(capture: Capture, place: str | Path | None = None, verdicts: str | Path | None = None) -> Model:
    """Return a saved model; or without one what training proposes for this capture, learnt now.

    Parameters
    ----------
    capture
        The first three quarters of its active time are learnt and calibrated on (`rtml.experiment.proposed`).
    place
        A folder or what MLflow calls it (`rtml.load_model`); None: learn one.
    verdicts
        What analysts said of that time (`rtml.findings.verdicts`), for learning.

    Raises
    ------
    RtmlError
        There is no model at that place, or the capture is too short to learn from: the message says how much
        more is needed.
    """
    if place is not None:
        return load_model(place)
    experiment = proposed(capture, [capture.path]).experiment()
    return learn(experiment, capture, experiment.split, None if verdicts is None else Path(verdicts))


def promised(capture: Capture) -> list[str]:
    """Say what a capture can promise and what not, the most important first.

    Raises
    ------
    RtmlError
        It is too short to learn from.

    Examples
    --------
    >>> from rtml.captures import open_capture
    >>> promised(open_capture("datasets/lab-v1/capture"))[0]
    '10 containers of 5 workloads on 1 host, active for 2.7 hours together; the last 0.7 are to be scored'
    """
    return proposed(capture, [capture.path]).promises
