"""Laws that every registered sensor meets without a test file of its own."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtml.captures import check_capture, import_capture, open_capture
from rtml.captures.sensors import SENSORS
from rtml.errors import RtmlError
from rtml.schema import KINDS, POLARS, REJECTS
from tests.captures.test_bpftrace import line
from tests.samples import DATA, SAMPLES, samples

FILES = [(name, path) for name in sorted(SAMPLES) for path in samples(name)]

every_sensor = pytest.mark.parametrize("name", sorted(SENSORS))
every_sample = pytest.mark.parametrize(
    ("name", "path"), FILES, ids=[f"{name}:{path.name}" for name, path in FILES]
)
slow_fixture = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def sample(path: Path, tmp_path: Path) -> Path:
    """A file of the sensor; of a long compressed log the first lines, unpacked."""
    if path.suffix != ".gz" or path.is_relative_to(DATA):
        return path
    with gzip.open(path) as stream:
        head = [stream.readline() for _ in range(3000)]
    (tmp_path / "head.jsonl").write_bytes(b"".join(head))
    return tmp_path / "head.jsonl"


@every_sensor
def test_each_has_a_sample_with_something_to_refuse(name: str):
    files = [DATA / file for file in SAMPLES.get(name, ())]
    assert files, f"{name}: no sample; put one into tests/data and name it in tests/samples.py"
    for file in files:
        assert file.stat().st_size <= 20_000, file
        reading = SENSORS[name].read(file)
        assert reading.events.height > reading.rejects.height > 0, file


@every_sample
def test_its_own_files_are_read_and_accounted_for(name: str, sample: Path):
    reading = SENSORS[name].read(sample)
    assert reading.events.height > 0
    assert reading.records == reading.events.height + reading.rejects.height
    assert reading.rejects.schema == REJECTS
    assert set(reading.events.columns) <= set(POLARS)
    kinds = set(reading.events["kind"].cast(pl.String))
    assert kinds <= set(KINDS)
    assert not kinds & SENSORS[name].blind, "it sees what it says it cannot see"
    text = [c for c, kind in reading.events.schema.items() if kind in (pl.String, pl.Categorical)]
    empty = reading.events.select((pl.col(text).cast(pl.String) == "").sum()).row(0)
    assert not any(empty), "absent is null, never an empty string"


@every_sample
def test_reading_twice_gives_the_same(name: str, sample: Path):
    one, two = SENSORS[name].read(sample), SENSORS[name].read(sample)
    assert one.events.equals(two.events) and one.rejects.equals(two.rejects)


@every_sample
def test_a_capture_of_it_keeps_every_promise(name: str, sample: Path, tmp_path: Path):
    manifest = import_capture(name, [sample], tmp_path / "c")
    capture = open_capture(tmp_path / "c")
    assert [c for c in check_capture(capture) if c.grave and not c.ok] == []
    assert manifest.events == capture.events().select(pl.len()).collect().item()
    images = capture.processes().collect()
    owners = capture.events(["process_id"]).drop_nulls().unique().collect()
    assert owners.join(images, on="process_id", how="anti").is_empty(), "a process without an image"


@every_sample
@pytest.mark.parametrize("part", [0.2, 0.9])
def test_a_cut_off_file_is_an_error_or_a_counted_reject(name: str, part: float, sample: Path, tmp_path: Path):
    whole, most = sample.read_bytes(), SENSORS[name].read(sample).events.height
    shapes = [whole, gzip.decompress(whole)] if sample.suffix == ".gz" else [whole]
    cut = tmp_path / f"cut{sample.suffix}"
    for content in shapes:
        cut.write_bytes(content[: int(len(content) * part)])
        try:
            reading = SENSORS[name].read(cut)
        except RtmlError as error:
            assert cut.name in str(error)
            continue
        assert reading.events.height < most
        assert reading.records == reading.events.height + reading.rejects.height


@every_sensor
def test_a_file_of_another_sensor_is_a_clear_error(name: str, tmp_path: Path):
    foreign = {"a.json": line("fork", 3).encode(), "a.csv": b"a,b\n1,2\n", "a.sf": b"Obj\x01avro"}
    own = {"bpftrace": "a.json"}.get(name)
    for file, content in foreign.items():
        (tmp_path / file).write_bytes(content)
        if file != own:
            with pytest.raises(RtmlError, match=file.replace(".", r"\.")):
                SENSORS[name].read(tmp_path / file)


@every_sensor
def test_missing_empty_and_folder_are_clear_errors(name: str, tmp_path: Path):
    (tmp_path / "empty").touch()
    for path in (tmp_path / "absent", tmp_path / "empty", tmp_path):
        with pytest.raises(RtmlError, match=path.name):
            SENSORS[name].read(path)


@every_sensor
@slow_fixture
@given(content=st.binary(max_size=400))
def test_any_bytes_are_events_rejects_or_a_clear_error(name: str, content: bytes, tmp_path: Path):
    (tmp_path / "any").write_bytes(content)
    try:
        reading = SENSORS[name].read(tmp_path / "any")
    except RtmlError:
        return
    assert reading.records == reading.events.height + reading.rejects.height
