"""What is fuzzed: every reader of the program, each with samples of what it reads."""

from __future__ import annotations

from pathlib import Path

from rtml.captures.sensors import SENSORS
from tests.soak.folders import FOLDERS
from tests.soak.lines import LINES
from tests.soak.sensors import read_sensor, records_of, sample_files
from tests.soak.settings import SETTINGS
from tests.soak.target import Target

__all__ = ["TARGETS", "sensor_target"]


def sensor_target(name: str, given: tuple[Path, ...] = ()) -> Target:
    """Return the target of a sensor; ``given`` are samples, for those of other packages."""
    return Target(
        lambda: sample_files(name, given),
        lambda path: read_sensor(name, path),
        records=records_of(name, given),
    )


TARGETS: dict[str, Target] = {
    **{f"sensor-{name}": sensor_target(name) for name in SENSORS},
    **LINES,
    **SETTINGS,
    **FOLDERS,
}
"""By name; a new reader is one entry in the table of its kind."""
