"""What soaking has found stays mended; and every fuzzer runs, on a few inputs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from rtml.captures.sensors import SENSORS
from rtml.findings.formats import FORMATS
from tests.soak.batches import SIZE, Batch, Records, Told, batch_of, fault_of_batch, shrunk
from tests.soak.running import again, fault, input_of, is_batch
from tests.soak.targets import TARGETS, sensor_target

LINES = Path(__file__).with_name("kept.txt").read_text().splitlines()
KEPT = [tuple(line.split()) for line in LINES if line and not line.startswith("#")]


@pytest.mark.parametrize("line", KEPT, ids=" ".join)
def test_what_was_found_stays_mended(line: tuple[str, ...]):
    name, seed, number = line[0], int(line[1]), int(line[2])
    size = int(line[3]) if len(line) > 3 else SIZE
    places = [int(place) for place in line[4].split(",")] if len(line) > 4 else []
    assert again(name, seed, number, TARGETS[name], size, places) is None


@pytest.mark.parametrize("name", TARGETS)
def test_every_fuzzer_runs(name: str):
    target = TARGETS[name]
    samples = target.samples()
    assert samples and all(samples)
    for number in range(8):
        assert fault(name, target, samples, 1, number) is None
    if target.records is not None:
        assert fault_of_batch(target.records, batch_of(name, target.records, 1, 1, size=40), True) is None


def test_every_sensor_and_alert_format_is_fuzzed():
    assert {f"sensor-{name}" for name in SENSORS} | {f"alerts-{name}" for name in FORMATS.own} <= set(TARGETS)


def test_the_same_dice_give_the_same_input():
    samples = TARGETS["rules-falco"].samples()
    inputs = [input_of("rules-falco", samples, 7, number) for number in range(50)]
    assert inputs == [input_of("rules-falco", samples, 7, number) for number in range(50)]
    assert len({raw for raw, _ in inputs}) > 40


def test_records_come_in_batches_and_files_between_them():
    zeek = TARGETS["sensor-zeek"]
    assert [is_batch(zeek, number) for number in range(5)] == [False, True, True, True, False]
    assert not is_batch(TARGETS["labels-csv"], 1)


def test_a_sensor_of_others_is_fuzzed_on_its_own_files(tmp_path: Path):
    (tmp_path / "log").write_bytes(b'{"ts": 1}\n{"ts": 2}\n')
    target = sensor_target("zeek", (tmp_path / "log",))
    assert target.records is not None and target.records.good == [b'{"ts": 1}', b'{"ts": 2}']
    assert target.samples() == [b'{"ts": 1}\n{"ts": 2}\n']


def _first_words(path: Path) -> Told:
    """A reader with three mistakes: one word ends it, one makes it forget, one lets it lose count."""
    kept, lines = Counter[object](), path.read_bytes().split(b"\n")
    if b"stop" in lines:
        raise KeyError("stop")
    for line in lines:
        kept = Counter() if line == b"forget" else kept + Counter([line])
    return Told(kept, len(lines) - lines.count(b"lost"))


@pytest.mark.parametrize(("word", "wrong"), [(b"stop", "KeyError"), (b"lost", "accounted for"), (b"x", None)])
def test_a_batch_tells_what_is_wrong_and_is_cut_down_to_it(word: bytes, wrong: str | None):
    records = Records(_first_words, [b"a", b"b"], [], counts=len)
    batch = Batch([b"x", b"y", word, b"z"] * 3, [b"a", b"b"])
    found = fault_of_batch(records, batch)
    assert (found is None) if wrong is None else (found is not None and wrong in found)
    if found is not None:
        places = shrunk(records, batch, found)
        assert [batch.odd[place] for place in places] == [word]
        assert wrong is not None and wrong in str(fault_of_batch(records, batch.only(places)))


def test_good_records_that_are_gone_are_missed():
    def broken(path: Path) -> Told:
        lines = path.read_bytes().split(b"\n")
        return Told(Counter(lines[: lines.index(b"forget")] if b"forget" in lines else lines))

    found = fault_of_batch(Records(broken, [b"a"], []), Batch([b"x", b"forget"], [b"a"]))
    assert found is not None and "are gone" in found


def test_a_fault_is_told(tmp_path: Path):
    target = TARGETS["labels-csv"]

    def broken(path: Path) -> None:
        raise KeyError(path.name)

    wrong = fault("x", type(target)(target.samples, broken, "a.csv"), target.samples(), 1, 1)
    assert wrong is not None and "KeyError" in wrong
