"""SysFlow files that are damaged, empty, hostile or not SysFlow at all."""

from __future__ import annotations

from pathlib import Path

import fastavro
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtml.captures.sensors.sysflow.reading import SENSOR
from rtml.errors import RtmlError

from .conftest import HEADER, TIME, Write, oid

EVENT = ("ProcessEvent", {"procOID": oid(7)})
PROCESS = ("Process", {"oid": oid(7)})
QUIET = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"timestamp,processId\n1,2\n", "looks like beth: import it with that sensor"),
        (b'{"type": "attached_probes", "data": {"probes": 3}}', "looks like bpftrace"),
        (b'{"process_exec": {}}', "looks like JSON"),
        (b"%PDF-1.7", "not a SysFlow file"),
        (b"Obj\x01", "header is damaged"),
    ],
)
def test_other_files_are_refused_by_name(tmp_path: Path, content: bytes, message: str):
    path = tmp_path / "odd.sf"
    path.write_bytes(content)
    with pytest.raises(RtmlError, match=rf"odd\.sf: .*{message}"):
        SENSOR.read(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path):
    for path in (tmp_path / "none.sf", tmp_path):
        with pytest.raises(RtmlError, match=str(path)):
            SENSOR.read(path)


@pytest.mark.parametrize(
    "field", [{"name": "x", "type": "int"}, {"name": "rec", "type": "int"}], ids=["x", "rec"]
)
def test_avro_of_something_else_is_refused(tmp_path: Path, field: dict[str, str]):
    path = tmp_path / "other.avro"
    schema = {"type": "record", "name": "r", "fields": [field]}
    with path.open("wb") as file:
        fastavro.writer(file, schema, [{field["name"]: 1}])
    with pytest.raises(RtmlError, match="Avro, but not SysFlow"):
        SENSOR.read(path)


def test_fields_of_another_type_are_refused(tmp_path: Path):
    header = {
        "type": "record",
        "name": "SFHeader",
        "fields": [{"name": "version", "type": "string"}, {"name": "exporter", "type": "string"}],
    }
    other = {"type": "record", "name": "Other", "fields": []}
    schema = {"type": "record", "name": "r", "fields": [{"name": "rec", "type": [header, other]}]}
    path = tmp_path / "other.sf"
    with path.open("wb") as file:
        row = {"rec": ("SFHeader", {"version": "four", "exporter": "x"})}
        fastavro.writer(file, schema, [row])
    with pytest.raises(RtmlError, match="SysFlow's fields"):
        SENSOR.read(path)


def test_nothing_but_a_header_is_a_reading_without_events(write_sysflow: Write):
    for records in ([], [HEADER], [HEADER, PROCESS]):
        reading = SENSOR.read(write_sysflow(*records))
        assert (reading.events.height, reading.records, reading.rejects.height) == (0, 0, 0)
        assert "kind" in reading.events.columns


def test_one_event_without_a_header_is_kept(write_sysflow: Write):
    reading = SENSOR.read(write_sysflow(EVENT))
    event = reading.events.row(0, named=True)
    assert (reading.records, event["host"], event["kind"]) == (1, "unknown", "exec")


def test_an_undeclared_process_keeps_its_pid(write_sysflow: Write):
    event = SENSOR.read(write_sysflow(HEADER, EVENT)).events.row(0, named=True)
    assert event["pid"] == 7
    assert event["process_id"] is not None
    assert event["exe"] is event["ppid"] is event["parent_id"] is event["container_id"] is None


@pytest.mark.parametrize("time", [-1, -(2**62), 7_258_118_400 * 10**9, 2**63 - 1])
def test_impossible_times_are_counted(write_sysflow: Write, time: int):
    reading = SENSOR.read(
        write_sysflow(HEADER, PROCESS, EVENT, ("ProcessEvent", {"procOID": oid(7), "ts": time}), EVENT)
    )
    assert (reading.events.height, reading.records) == (2, 3)
    reject = reading.rejects.row(0, named=True)
    assert (reject["line"], f"time {time} ns" in reject["reason"]) == (3, True)


def test_impossible_pids_are_counted(write_sysflow: Write):
    odd = ("ProcessEvent", {"procOID": oid(2**40)})
    reading = SENSOR.read(write_sysflow(HEADER, odd, EVENT))
    assert (reading.events.height, reading.records) == (1, 2)
    assert "pid 1099511627776 is impossible" in reading.rejects["reason"][0]


def test_unknown_record_types_are_counted(write_sysflow: Write):
    reading = SENSOR.read(write_sysflow(HEADER, ("Quantum", {"spin": 1}), EVENT))
    assert (reading.events.height, reading.records) == (1, 2)
    assert reading.rejects["reason"].to_list() == ["unknown record type 'Quantum'"]


def test_a_cut_off_file_keeps_what_came_before(write_sysflow: Write):
    """Blocks before the cut are kept whole; the rest is one reject that says so."""
    records = [HEADER, PROCESS] + [EVENT] * 500
    whole = write_sysflow(*records, sync_interval=400, codec="null").read_bytes()
    path = write_sysflow(HEADER)
    for cut in (len(whole) - 1, len(whole) - 17, len(whole) * 2 // 3):
        path.write_bytes(whole[:cut])
        reading = SENSOR.read(path)
        assert 0 < reading.events.height <= 500
        assert reading.rejects.height == 1
        assert any(word in reading.rejects["reason"][0] for word in ("cut off", "ends inside"))
        assert reading.records == reading.events.height + 1


def test_names_that_are_not_utf8_stay_visible(write_sysflow: Write):
    program = ("Process", {"oid": oid(7), "exe": "/bin/ZZ"})
    path = write_sysflow(HEADER, program, EVENT, codec="null")
    path.write_bytes(path.read_bytes().replace(b"/bin/ZZ", b"/bin/\xff\xfe"))
    assert SENSOR.read(path).events["exe"].to_list() == ["/bin/\\xff\\xfe"]


def test_a_command_line_of_a_megabyte_is_kept(write_sysflow: Write):
    long = "x" * (1 << 20)
    path = write_sysflow(HEADER, ("Process", {"oid": oid(7), "exeArgs": long}), EVENT)
    assert SENSOR.read(path).events["cmdline"][0] == f"/bin/sh {long}"


@QUIET
@given(st.binary(max_size=2000))
def test_any_bytes_give_a_reading_or_a_clear_error(tmp_path: Path, content: bytes):
    path = tmp_path / "any.sf"
    for head in (b"", b"Obj\x01"):
        path.write_bytes(head + content)
        with pytest.raises(RtmlError):
            SENSOR.read(path)


@QUIET
@given(st.data())
def test_any_damage_is_counted(write_sysflow: Write, data: st.DataObject):
    flow = ("FileFlow", {"procOID": oid(7), "ts": TIME})
    records = [HEADER, PROCESS, ("File", {}), *[EVENT, flow] * 5]
    path = write_sysflow(*records, codec=data.draw(st.sampled_from(["null", "deflate"])))
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw)
    try:
        reading = SENSOR.read(path)
    except RtmlError as error:
        assert path.name in str(error)
    else:
        assert reading.records == reading.events.height + reading.rejects.height
