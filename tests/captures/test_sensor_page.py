"""docs/sensors.md names every sensor that is registered."""

from __future__ import annotations

import re

from rtml.captures.sensors import SENSORS
from tests.conftest import REPOSITORY


def test_the_page_has_every_sensor_and_no_other():
    page = (REPOSITORY / "docs/sensors.md").read_text("utf-8")
    firsts = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert sorted(re.findall(r"`([^`]+)`", " ".join(firsts))) == sorted(SENSORS.own)
