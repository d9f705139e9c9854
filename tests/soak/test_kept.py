"""What soaking has found stays mended; and every fuzzer runs, on a few inputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtml.captures.sensors import SENSORS
from rtml.findings.formats import FORMATS
from tests.soak.running import fault, input_of
from tests.soak.targets import TARGETS

LINES = Path(__file__).with_name("kept.txt").read_text().splitlines()
KEPT = [tuple(line.split()) for line in LINES if line and not line.startswith("#")]


@pytest.mark.parametrize(("name", "seed", "number"), KEPT)
def test_what_was_found_stays_mended(name: str, seed: str, number: str):
    target = TARGETS[name]
    assert fault(name, target, target.samples(), int(seed), int(number)) is None


@pytest.mark.parametrize("name", TARGETS)
def test_every_fuzzer_runs(name: str):
    target = TARGETS[name]
    samples = target.samples()
    assert samples and all(samples)
    for number in range(8):
        assert fault(name, target, samples, 1, number) is None


def test_every_sensor_and_alert_format_is_fuzzed():
    assert {f"sensor-{name}" for name in SENSORS.own} | {f"alerts-{name}" for name in FORMATS.own} <= set(
        TARGETS
    )


def test_the_same_dice_give_the_same_input():
    samples = TARGETS["rules-falco"].samples()
    inputs = [input_of("rules-falco", samples, 7, number) for number in range(50)]
    assert inputs == [input_of("rules-falco", samples, 7, number) for number in range(50)]
    assert len({raw for raw, _ in inputs}) > 40


def test_a_fault_is_told(tmp_path: Path):
    target = TARGETS["labels-csv"]

    def broken(path: Path) -> None:
        raise KeyError(path.name)

    wrong = fault("x", type(target)(target.samples, broken, "a.csv"), target.samples(), 1, 1)
    assert wrong is not None and "KeyError" in wrong
