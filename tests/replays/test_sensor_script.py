"""The sensor's program: only the lab's containers, only tracepoints that the kernel has."""

import re
from pathlib import Path

import pytest

from rtml.replays.reading import HERE
from rtml.replays.sensor import script

WHOLE = (HERE / "sensor.bt").read_text()
PROBES = sorted(set(re.findall(r"tracepoint:(\w+):(\w+)", WHOLE)))


@pytest.fixture
def events(tmp_path: Path) -> Path:
    for group, name in PROBES:
        (tmp_path / group / name).mkdir(parents=True)
    return tmp_path


def test_every_probe_looks_only_below_the_lab(events: Path):
    text = script(2, 4026531836, events)
    assert "level > 0" not in text
    assert text.count("level > 2") == WHOLE.count("level > 0") > 20
    assert text.count("ns.inum == 4026531836") == 2 * text.count("level > 2")


def test_with_every_tracepoint_every_probe_is_there(events: Path):
    assert sorted(set(re.findall(r"tracepoint:(\w+):(\w+)", script(1, 7, events)))) == PROBES


@pytest.mark.parametrize("absent", PROBES, ids="-".join)
def test_an_absent_tracepoint_takes_only_its_own_probes_away(events: Path, absent):
    (events / absent[0] / absent[1]).rmdir()
    text = script(1, 7, events)
    assert sorted(set(re.findall(r"tracepoint:(\w+):(\w+)", text))) == [
        probe for probe in PROBES if probe != absent
    ]
    assert text.count("{") == text.count("}")


def test_without_any_tracepoint_only_begin_and_end_are_left(tmp_path: Path):
    text = script(1, 7, tmp_path)
    assert "tracepoint" not in text and "BEGIN" in text and "END" in text
