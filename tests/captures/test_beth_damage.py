"""BETH files that are damaged, empty, hostile or not BETH at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtml.captures.sensors.beth.reading import SENSOR
from rtml.errors import RtmlError

from .test_beth import HEADER, argument, row, write

DNS = "Timestamp,SourceIP,DestinationIP,DnsQuery,DnsAnswer,DnsQueryType,SensorId\n"
QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"Obj\x01\x00", "looks like sysflow: import it with that sensor"),
        (b'{"type": "attached_probes", "data": {"probes": 3}}', "looks like bpftrace"),
        (b'{"process_exec": {}}', "looks like JSON"),
        (b"a,b,c\n1,2,3\n", "not a BETH file"),
        (HEADER.replace("args,", "").encode(), "lacks columns args"),
        (HEADER.replace("sus", "args").encode(), "names a column twice"),
    ],
)
def test_other_files_are_refused_by_name(tmp_path: Path, content: bytes, message: str):
    path = tmp_path / "odd.csv"
    path.write_bytes(content)
    with pytest.raises(RtmlError, match=rf"odd\.csv: .*{message}"):
        SENSOR.read(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(RtmlError, match=str(path)):
            SENSOR.read(path)


@pytest.mark.parametrize("header", [HEADER, HEADER + "\n", DNS])
def test_a_header_alone_is_a_reading_without_events(tmp_path: Path, header: str):
    path = tmp_path / "b.csv"
    path.write_text(header)
    reading = SENSOR.read(path)
    assert (reading.records, reading.events.height, reading.rejects.height) == (0, 0, 0)
    assert "kind" in reading.events.columns


@pytest.mark.parametrize("time", ["-1", "1e300", "inf", "nan", "7258118400", "yesterday", ""])
def test_impossible_times_are_counted(tmp_path: Path, time: str):
    reading = SENSOR.read(write(tmp_path / "b.csv", row("close"), row("dup", timestamp=time)))
    assert (reading.records, reading.events.height) == (2, 1)
    reject = reading.rejects.row(0, named=True)
    assert (reject["line"], "time" in reject["reason"], "dup" in reject["text"]) == (3, True, True)


@pytest.mark.parametrize("time", ["1600-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "soon", ""])
def test_impossible_times_of_dns_rows_are_counted(tmp_path: Path, time: str):
    path = tmp_path / "dns.csv"
    rows = [f"{t},1.1.1.1,2.2.2.2,a.b,,['A'],h\n" for t in ("2021-05-16T17:13:14Z", time)]
    path.write_text(DNS + "".join(rows))
    reading = SENSOR.read(path)
    assert (reading.records, reading.events.height, reading.rejects["line"][0]) == (2, 1, 3)


@pytest.mark.parametrize("pid", ["", "-5", "4294967296", "seven"])
def test_impossible_pids_are_counted(tmp_path: Path, pid: str):
    reading = SENSOR.read(write(tmp_path / "b.csv", row("close", processId=pid), row("close")))
    assert (reading.events.height, "processId" in reading.rejects["reason"][0]) == (1, True)


@pytest.mark.parametrize(
    "args", ["", "[", "{}", "[1]", "[{'name': 'a'}]", "__import__('os')", "[" * 100_000, "nonsense"]
)
def test_malformed_arguments_are_counted(tmp_path: Path, args: str):
    reading = SENSOR.read(write(tmp_path / "b.csv", row("close", args=args), row("close")))
    assert reading.rejects["reason"].to_list() == ["args is no list of arguments"]
    assert reading.records == 2


def test_a_cut_off_file_keeps_what_came_before(tmp_path: Path):
    path = write(tmp_path / "b.csv", *[row("execve", argument("argv", ["a", "b"]))] * 50)
    whole = path.read_bytes()
    for cut in (20, 40, len(whole) // 2):
        path.write_bytes(whole[:-cut])
        reading = SENSOR.read(path)
        assert 20 < reading.events.height < 50
        assert reading.rejects.height == 1
        assert reading.records == reading.events.height + 1


def test_rows_of_the_wrong_width_are_counted(tmp_path: Path):
    path = write(tmp_path / "b.csv", row("close"), row("close"))
    path.write_text(path.read_text() + "1,2,3\n" + ",".join("x" * 99) + "\n")
    reading = SENSOR.read(path)
    assert (reading.events.height, reading.rejects["line"].to_list()) == (2, [4, 5])


def test_names_that_are_not_utf8_stay_visible(tmp_path: Path):
    path = write(tmp_path / "b.csv", row("close", processName="ZZ"))
    path.write_bytes(path.read_bytes().replace(b"ZZ", b"\xff\xfe"))
    assert SENSOR.read(path).events["comm"].to_list() == ["\\xff\\xfe"]


def test_a_command_line_of_a_megabyte_is_kept(tmp_path: Path):
    long = "x" * (1 << 20)
    path = write(tmp_path / "b.csv", row("execve", argument("argv", ["sh", long, "it's"])))
    assert SENSOR.read(path).events["cmdline"][0] == f"sh {long} it's"


@QUIET
@given(st.binary(max_size=400))
def test_any_bytes_give_a_reading_or_a_clear_error(tmp_path: Path, content: bytes):
    path = tmp_path / "any.csv"
    for head in (b"", HEADER.encode() + b"\n", DNS.encode()):
        path.write_bytes(head + content)
        _reads_or_explains(path)


@QUIET
@given(st.data())
def test_any_damage_is_counted(tmp_path: Path, data: st.DataObject):
    made = row("connect", argument("addr", "{'sa_family': 'AF_INET'}"), argument("argv", ["a"]))
    raw = bytearray(write(tmp_path / "b.csv", *[made] * 4).read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "b.csv").write_bytes(raw)
    _reads_or_explains(tmp_path / "b.csv")


def _reads_or_explains(path: Path) -> None:
    try:
        reading = SENSOR.read(path)
    except RtmlError as error:
        assert path.name in str(error)
    else:
        assert reading.records == reading.events.height + reading.rejects.height
