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
from tests.conftest import SHARED

SAMPLES = {
    "bpftrace": "lab/attacks/bpftrace.jsonl.gz",
    "sysflow": "sysflow/alpine_alpine.sf",
    "k8s-audit": "k8s_audit/k8s_audit_create_configmap_sensitive_values.json",
    "beth": "beth/bethsecure_labelled_training_data.csv",
}
"""A real file of each sensor; a new sensor adds its own here."""

every_sensor = pytest.mark.parametrize("name", sorted(SENSORS))
slow_fixture = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def sample(name: str, tmp_path: Path) -> Path:
    """A real file, long ones cut to their first lines."""
    if not SHARED.is_dir():
        pytest.skip(f"real data is absent: {SHARED}")
    path = SHARED / SAMPLES[name]
    if path.suffix != ".gz":
        return path
    with gzip.open(path) as stream:
        head = [stream.readline() for _ in range(3000)]
    (tmp_path / "head.jsonl").write_bytes(b"".join(head))
    return tmp_path / "head.jsonl"


@every_sensor
def test_each_has_a_real_sample(name: str):
    assert name in SAMPLES


@every_sensor
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


@every_sensor
def test_reading_twice_gives_the_same(name: str, sample: Path):
    one, two = SENSORS[name].read(sample), SENSORS[name].read(sample)
    assert one.events.equals(two.events) and one.rejects.equals(two.rejects)


@every_sensor
def test_a_capture_of_it_keeps_every_promise(name: str, sample: Path, tmp_path: Path):
    manifest = import_capture(name, [sample], tmp_path / "c")
    capture = open_capture(tmp_path / "c")
    assert [c for c in check_capture(capture) if c.grave and not c.ok] == []
    assert manifest.events == capture.events().select(pl.len()).collect().item()
    images = capture.processes().collect()
    owners = capture.events(["process_id"]).drop_nulls().unique().collect()
    assert owners.join(images, on="process_id", how="anti").is_empty(), "a process without an image"


@every_sensor
@pytest.mark.parametrize("part", [0.2, 0.9])
def test_a_cut_off_file_is_an_error_or_a_counted_reject(name: str, part: float, sample: Path, tmp_path: Path):
    whole = sample.read_bytes()
    cut = tmp_path / f"cut{sample.suffix}"
    cut.write_bytes(whole[: int(len(whole) * part)])
    try:
        reading = SENSORS[name].read(cut)
    except RtmlError as error:
        assert cut.name in str(error)
        return
    assert reading.events.height <= SENSORS[name].read(sample).events.height
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
