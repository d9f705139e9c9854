"""All laws of detectors in one call."""

from __future__ import annotations

from rtml.testing.detector_laws import CONDUCT, Make
from rtml.testing.detector_reasons import REASONS
from rtml.testing.detector_values import VALUES
from rtml.testing.laws import hold

__all__ = ["DETECTOR_LAWS", "check_detector"]

DETECTOR_LAWS = (*CONDUCT, *VALUES, *REASONS)
"""Every law, a function of ``make``: for a test per law."""


def check_detector(make: Make) -> None:
    """Hold a detector to every law of `rtml.detectors.contract`; about a second.

    Parameters
    ----------
    make
        Its class, or a function that makes one from keywords, ``seed`` among them.

    Raises
    ------
    AssertionError
        It breaks a law: who, which, and what happened.

    Examples
    --------
    >>> from rtml.detectors.surprise import Surprise
    >>> check_detector(Surprise)
    """
    hold(DETECTOR_LAWS, make(seed=3).name, make)
