"""All that a package like this has to test of itself: rtml's own laws."""

from __future__ import annotations

from pathlib import Path

from rtml_example.alerts import EXAMPLE
from rtml_example.detector import Farthest
from rtml_example.family import VARIETY
from rtml_example.sensor import SENSOR

from rtml.testing import check_detector, check_family, check_format, check_sensor


def test_the_sensor_meets_the_laws():
    """Of events, rejects, damage and foreign files."""
    check_sensor(SENSOR, [Path(__file__).with_name("sample.jsonl")])


def test_the_family_meets_the_laws():
    """Of time, order, other containers and hostile values."""
    check_family(VARIETY)


def test_the_detector_meets_the_laws():
    """Of sign, silence, order, missing values and saving."""
    check_detector(Farthest)


def test_the_format_meets_the_laws():
    """Of alerts, rejects and odd values."""
    check_format(EXAMPLE, [{"alarm": "Shell", "at": "2026-01-01T00:00:00Z", "in": "web-1", "grade": 2}])
