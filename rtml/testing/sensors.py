"""What every sensor format must hold to, whoever wrote it (`rtml.captures.sensors.contract`)."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from rtml.captures import check_capture, import_capture, open_capture
from rtml.captures.sensors import Reading, Sensor
from rtml.captures.sensors.recognise import beginning
from rtml.errors import RtmlError
from rtml.reading.content import opened
from rtml.schema import KINDS, POLARS, REJECTS
from rtml.testing.laws import hold
from rtml.testing.sensor_damage import DAMAGE_LAWS
from rtml.testing.sensor_meaning import MEANING_LAWS

__all__ = ["CHANGED_LAWS", "FILE_LAWS", "SAMPLE_LAWS", "check_sensor"]

_FOREIGN = {
    "foreign.json": b'{"type": "printf", "data": "fork\\u001f3"}\n',
    "foreign.csv": b"a,b\n1,2\n",
    "foreign.sf": b"Obj\x01avro",
    "foreign.pdf": b"%PDF-1.7\n",
}
"""Beginnings of files of other formats; one that the sensor's signature accepts is left out."""


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as place:
        yield Path(place)


def _accounted(reading: Reading) -> None:
    sum_ = reading.events.height + reading.rejects.height
    assert reading.records == sum_, f"{reading.records} records, but {sum_} events and rejects"


def a_sample_is_accounted_for(sensor: Sensor, sample: Path) -> None:
    """Make of every record an event or a reject, with columns and kinds that the schema knows."""
    reading = sensor.read(sample)
    assert reading.events.height > 0, "no event in its own sample"
    _accounted(reading)
    assert reading.rejects.schema == REJECTS, f"rejects are {reading.rejects.schema}"
    foreign = set(reading.events.columns) - set(POLARS)
    assert not foreign, f"columns that the schema does not know: {sorted(foreign)}"
    kinds = set(reading.events["kind"].cast(pl.String))
    assert kinds <= set(KINDS), f"kinds that the schema does not know: {sorted(kinds - set(KINDS))}"
    seen = kinds & sensor.blind
    assert not seen, f"it sees what it says it cannot see: {sorted(seen)}"


def absent_is_null(sensor: Sensor, sample: Path) -> None:
    """Say null, never an empty text, of what is not known."""
    events = sensor.read(sample).events
    text = [name for name, kind in events.schema.items() if kind in (pl.String, pl.Categorical)]
    empty = events.select((pl.col(text).cast(pl.String) == "").sum()).row(0, named=True)
    assert not any(empty.values()), f"empty texts: {[name for name, count in empty.items() if count]}"


def reading_twice_gives_the_same(sensor: Sensor, sample: Path) -> None:
    """Read a file twice with the same result."""
    first, second = sensor.read(sample), sensor.read(sample)
    assert first.events.equals(second.events), "other events at the second reading"
    assert first.rejects.equals(second.rejects), "other rejects at the second reading"


def its_signature_knows_its_files(sensor: Sensor, sample: Path) -> None:
    """Recognise its own files by their first bytes, if it recognises any."""
    head = beginning(sample, 4096)
    assert sensor.signature is None or sensor.signature(head), "its signature does not know its own sample"


def a_capture_keeps_every_promise(sensor: Sensor, sample: Path) -> None:
    """Import into a capture that is what its manifest says."""
    with _folder() as folder:
        manifest = import_capture(sensor, [sample], folder / "capture")
        capture = open_capture(folder / "capture")
        broken = [check.name for check in check_capture(capture) if check.grave and not check.ok]
        assert not broken, f"the capture breaks: {broken}"
        count = capture.events().select(pl.len()).collect().item()
        assert manifest.events == count, f"the manifest says {manifest.events} events, there are {count}"
        owners = capture.events(["process_id"]).drop_nulls().unique().collect()
        stray = owners.join(capture.processes().collect(), on="process_id", how="anti")
        assert stray.is_empty(), f"{stray.height} processes of events have no image"


def a_cut_file_is_an_error_or_rejects(sensor: Sensor, sample: Path) -> None:
    """Read of a cut-off file what is there, and count the rest, or name the file in an error."""
    complete, most = sample.read_bytes(), sensor.read(sample).events.height
    with opened(sample) as (stream, _):
        contents = list(dict.fromkeys([complete, stream.read()]))
    with _folder() as folder:
        cut = folder / f"cut{sample.suffix}"
        for content in contents:
            for part in (0.2, 0.9):
                cut.write_bytes(content[: int(len(content) * part)])
                reading = _read(sensor, cut)
                if reading is not None:
                    _accounted(reading)
                    assert reading.events.height <= most, "more events in a cut file than in the whole one"


def _read(sensor: Sensor, path: Path) -> Reading | None:
    """Read a file that may be refused; the error must name it."""
    try:
        return sensor.read(path)
    except RtmlError as error:
        assert path.name in str(error), f"the error does not name the file: {error}"
        return None


def a_foreign_file_is_refused(sensor: Sensor) -> None:
    """Refuse a file of another format with an error that names it."""
    for name, content in _FOREIGN.items():
        if sensor.signature is None or not sensor.signature(content):
            with _folder() as folder:
                (folder / name).write_bytes(content)
                assert _read(sensor, folder / name) is None, f"it reads {name}"


def missing_and_empty_files_are_refused(sensor: Sensor) -> None:
    """Refuse an absent file, an empty file and a folder with an error that names it."""
    with _folder() as folder:
        (folder / "empty").touch()
        (folder / "folder").mkdir()
        for name in ("absent", "empty", "folder"):
            assert _read(sensor, folder / name) is None, f"it reads what is {name}"


def any_bytes_are_survived(sensor: Sensor) -> None:
    """Make of any bytes events, rejects or an error for people; never crash."""
    chance = random.Random(0)
    with _folder() as folder:
        path = folder / "any"
        for size in (1, 2, 7, 30, 100, 400) * 6:
            path.write_bytes(chance.randbytes(size))
            try:
                reading = sensor.read(path)
            except RtmlError:
                continue
            _accounted(reading)


SAMPLE_LAWS: tuple[Callable[[Sensor, Path], None], ...] = (
    a_sample_is_accounted_for,
    absent_is_null,
    reading_twice_gives_the_same,
    its_signature_knows_its_files,
    a_capture_keeps_every_promise,
    a_cut_file_is_an_error_or_rejects,
)
"""Laws of a sensor and a file that it can read, as it stands."""

CHANGED_LAWS = (*DAMAGE_LAWS, *MEANING_LAWS)
"""Laws of a sensor and a small file that it can read, which is damaged and changed value by value."""

FILE_LAWS: tuple[Callable[[Sensor], None], ...] = (
    a_foreign_file_is_refused,
    missing_and_empty_files_are_refused,
    any_bytes_are_survived,
)
"""Laws of a sensor and files that it cannot read."""


def check_sensor(sensor: Sensor, samples: Sequence[Path]) -> None:
    """Hold a sensor to every law, registered or not.

    Parameters
    ----------
    sensor
        The format.
    samples
        Files that it can read, at least one; small ones, each is read hundreds of times.

    Raises
    ------
    AssertionError
        It breaks a law: who, which, and what happened; or there is no sample.
    """
    assert samples, f"sensor {sensor.name} has no sample to be checked with"
    hold(FILE_LAWS, f"sensor {sensor.name}", sensor)
    for sample in samples:
        hold([*SAMPLE_LAWS, *CHANGED_LAWS], f"sensor {sensor.name} with {sample.name}", sensor, sample)
