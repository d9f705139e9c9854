"""The laws that every sensor, feature family, detector and alert format is held to, ours or not.

A law is a plain function whose docstring states it and which raises `AssertionError`; neither pytest
nor anything else that rtml does not need itself is imported. A package that brings one of these
things checks it in one line (``check_detector(ZScore)``), or law by law with `DETECTOR_LAWS`.
"""

from rtml.testing.detectors import DETECTOR_LAWS, check_detector
from rtml.testing.families import FAMILY_LAWS, check_family
from rtml.testing.formats import FORMAT_LAWS, check_format
from rtml.testing.sensors import CHANGED_LAWS, FILE_LAWS, SAMPLE_LAWS, check_sensor

__all__ = [
    "CHANGED_LAWS",
    "DETECTOR_LAWS",
    "FAMILY_LAWS",
    "FILE_LAWS",
    "FORMAT_LAWS",
    "SAMPLE_LAWS",
    "check_detector",
    "check_family",
    "check_format",
    "check_sensor",
]
