"""Rows of any tool through a mapping: CSV, JSON lines, Parquet; rejects with reasons; mistakes named."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from rtml.captures import import_capture, open_capture
from rtml.captures.sensors.contract import Written
from rtml.captures.sensors.generic import generic
from rtml.cli import app
from rtml.errors import RtmlError, UsageError
from rtml.schema import KINDS, POLARS
from rtml.testing import check_sensor

DEFENDER = Path(__file__).parents[2] / "deploy/defender-cloud-process-events.yml"
ID = "0123456789AB" + "c" * 52
MAPPING = """
time: {column: When, format: iso}
kind: {column: Action, values: {ProcessCreated: exec, Connected: connect, 5: open}}
columns:
  exe: Program
  cmdline: [Command, Program]
  pid: Pid
  ppid: Parent
  container_id: Container
  image: Image
  host: Device
  path: File
  dst_ip: Remote
  dst_port: Port
  protocol: Proto
  cluster: {value: prod}
optional: [Proto]
"""
NAMES = "When Action Program Command Pid Parent Container Image Device File Remote Port".split()
GOOD = [
    [
        "2027-01-01T00:00:00.1234567Z",
        "ProcessCreated",
        "/bin/sh",
        'sh -c "a, b"',
        "7",
        "1",
        f"containerd://{ID}",
    ]
    + ["web:1@sha256:" + "0a" * 32, "n1", "", "", ""],
    [
        "2027-01-01 00:00:01",
        "Connected",
        "/bin/sh",
        "-",
        "7",
        "N/A",
        ID,
        "-",
        "n1",
        "null",
        "::ffff:10.0.0.9",
        "443",
    ],
    ["2027-01-01T01:00:02+01:00", "5", "-", "-", "8", "", "<NA>", "", "", "/etc/passwd", "", ""],
]
BAD = {
    "no time (When, format iso)": {"When": "yesterday"},
    "of no kind that the mapping names (Action)": {"Action": "Slept"},
    "pid: no whole number that fits": {"Pid": "4294967296"},
    "dst_ip: no address": {"Remote": "example.org"},
    "dst_port: no port": {"Port": "70000"},
}
BAD_ROWS = [dict(zip(NAMES, GOOD[0], strict=True)) | change for change in BAD.values()]
ROWS = [*(dict(zip(NAMES, row, strict=True)) for row in GOOD), *BAD_ROWS]


def written(folder: Path, kind: str, rows: list[dict[str, str]] = ROWS) -> Path:
    path, frame = folder / f"rows.{kind}", pl.DataFrame(rows)
    if kind == "csv":
        frame.write_csv(path)
    elif kind == "csv.gz":
        path.write_bytes(gzip.compress(frame.write_csv().encode()))
    elif kind == "parquet":
        numbers = pl.col("Pid", "Parent").cast(pl.Int64, strict=False)
        frame.with_columns(numbers).write_parquet(path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    (tmp_path / "m.yml").write_text(MAPPING)
    return tmp_path / "m.yml"


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "jsonl", "parquet"])
def test_rows_become_events_and_rejects_whatever_the_file(kind: str, tmp_path: Path, mapping: Path):
    reading = generic(mapping).read(written(tmp_path, kind))
    assert reading.records == len(ROWS) == reading.events.height + reading.rejects.height
    assert sorted(reading.rejects["reason"]) == sorted(BAD)
    first = {
        "exe": "/bin/sh",
        "cmdline": 'sh -c "a, b"',
        "pid": 7,
        "ppid": 1,
        "host": "n1",
        "cluster": "prod",
    }
    first |= {"container_id": ID.lower(), "image_digest": "sha256:" + "0a" * 32, "path": None, "dst_ip": None}
    assert first.items() <= reading.events.row(0, named=True).items()
    assert reading.events["kind"].to_list() == ["exec", "connect", "open"]
    assert reading.events["time"].dt.epoch("ns").to_list() == [
        1798761600_123456700, 1798761601_000000000, 1798761602_000000000
    ]  # fmt: skip
    second, third = reading.events.row(1, named=True), reading.events.row(2, named=True)
    assert {
        "dst_ip": "10.0.0.9",
        "dst_port": 443,
        "cmdline": "/bin/sh",
        "ppid": None,
        "image": None,
    }.items() <= second.items()
    wanted = {"host": "unknown", "container_id": None, "exe": None, "cmdline": None, "path": "/etc/passwd"}
    assert wanted.items() <= third.items()


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "jsonl", "parquet"])
def test_the_laws_of_sensors_hold(kind: str, tmp_path: Path, mapping: Path):
    rows = Written("cells", head=1, nothing=("",)) if kind.startswith("csv") else Written()
    sensor = replace(generic(mapping), written=rows)
    assert sensor.blind == set(KINDS) - {"exec", "connect", "open"}
    check_sensor(sensor, [written(tmp_path, kind)])


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("s", "1798761600.5"),
        ("ms", "1798761600500"),
        ("us", "1798761600500000"),
        ("ns", "1798761600500000000"),
    ],
)
def test_a_number_is_of_the_unit_that_was_said(format: str, text: str, tmp_path: Path, mapping: Path):
    mapping.write_text(f"time: {{column: T, format: {format}}}\nkind: exec\ncolumns: {{exe: line}}")
    (tmp_path / "r.csv").write_text(f"T,line\n{text},/a\n0,/b\n99999999999999999999,/c\n-5,/d\n")
    reading = generic(mapping).read(tmp_path / "r.csv")
    assert reading.events["time"].dt.epoch("ms").to_list() == [1798761600500]
    assert reading.events["exe"].to_list() == ["/a"] and reading.rejects["line"].to_list() == [3, 4, 5]


def test_what_is_inside_an_object_is_named_with_its_path(tmp_path: Path, mapping: Path):
    mapping.write_text("time: {column: at}\nkind: exec\ncolumns: {exe: process/exe, uid: process/uid}")
    row = {"at": "2027-01-01T00:00:00Z", "process": {"exe": "/a", "uid": 0}}
    (tmp_path / "r").write_text(json.dumps(row))
    pl.DataFrame([row]).write_parquet(tmp_path / "p")
    for name in "rp":
        assert generic(mapping).read(tmp_path / name).events.select("exe", "uid").row(0) == ("/a", 0)


@pytest.mark.parametrize("plain", [True, False])
def test_a_key_with_nothing_in_every_record_is_no_missing_column(plain: bool, tmp_path: Path, mapping: Path):
    mapping.write_text("time: {column: at}\nkind: exec\ncolumns: {exe: größe, comm: a.b}")
    row = {"at": "2027-01-01T00:00:00Z", "größe": None, "a.b": "x"}
    (tmp_path / "r").write_text(json.dumps(row, ensure_ascii=plain), "utf-8")
    assert generic(mapping).read(tmp_path / "r").events.select("exe", "comm").row(0) == (None, "x")


def test_times_of_parquet_are_the_same_moment_in_any_zone(tmp_path: Path, mapping: Path):
    mapping.write_text("time: {column: at}\nkind: exec\ncolumns: {exe: exe}")
    at = pl.Series([1798761600500]).cast(pl.Datetime("ms", "UTC")).dt.convert_time_zone("Asia/Tokyo")
    pl.DataFrame({"at": at, "exe": ["/a"]}).write_parquet(tmp_path / "r")
    assert generic(mapping).read(tmp_path / "r").events["time"].dt.epoch("ms").to_list() == [1798761600500]


def test_the_name_alone_says_in_python_how_a_mapping_is_given(tmp_path: Path):
    with pytest.raises(UsageError, match=r"generic\(mapping\)"):
        import_capture("generic", [written(tmp_path, "csv")], tmp_path / "c")


def test_files_of_other_sensors_are_named(tmp_path: Path, mapping: Path):
    (tmp_path / "r.csv").write_text("timestamp,processId,\n1,2,\n")
    with pytest.raises(RtmlError, match="it looks like beth"):
        generic(mapping).read(tmp_path / "r.csv")


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_missing_column_is_named_with_the_nearest_and_may_be_optional(
    kind: str, tmp_path: Path, mapping: Path
):
    rows = [{("Devise" if k == "Device" else k): v for k, v in row.items()} for row in ROWS]
    path = written(tmp_path, kind, rows)
    with pytest.raises(UsageError, match=r"rows\.\w+: no column 'Device'.*did you mean 'Devise'\?.*optional"):
        generic(mapping).read(path)
    mapping.write_text(MAPPING.replace("[Proto]", "[Proto, Device]"))
    assert generic(mapping).read(path).events["host"].to_list() == ["unknown"] * 3


def test_rows_of_csv_that_do_not_fit_are_rejects_with_their_line(tmp_path: Path, mapping: Path):
    mapping.write_text("time: {column: at}\nkind: exec\ncolumns: {exe: exe, cmdline: args}")
    good = b'2027-01-01T00:00:00Z,/a,"two\nlines \xff"\n'
    (tmp_path / "r.csv").write_bytes(b"\xef\xbb\xbfat,exe,args\n" + good + b"1,2,3,4\n1\n,,\n" + good)
    reading = generic(mapping).read(tmp_path / "r.csv")
    assert reading.events["cmdline"].to_list() == ["two\nlines \\xff"] * 2
    assert reading.rejects["line"].to_list() == [3, 4, 5] and reading.records == 5


def test_the_same_column_twice_or_a_header_alone_is_an_error(tmp_path: Path, mapping: Path):
    mapping.write_text("time: {column: at}\nkind: exec\ncolumns: {exe: exe}")
    for text in ("at,exe,exe\n2027-01-01T00:00:00Z,/a,/b\n", "at,exe\n"):
        (tmp_path / "r.csv").write_text(text)
        with pytest.raises(RtmlError, match=r"r\.csv"):
            generic(mapping).read(tmp_path / "r.csv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time: {column: a}\nkind: exec\ncolumns: {cmdlin: b}", "no column 'cmdlin'.*did you mean 'cmdline'"),
        ("time: {column: a}\nkind: exex\ncolumns: {}", "unknown kind 'exex'; did you mean 'exec'"),
        ("time: {column: a}\nkind: {column: b, values: {x: opn}}\ncolumns: {}", "did you mean 'open'"),
        ("time: {colum: a}\nkind: exec\ncolumns: {}", "did you mean 'column'"),
        ("time: {column: a, format: min}\nkind: exec\ncolumns: {}", "time.format"),
        ("kind: exec\ncolumns: {}", "time: is required"),
        ("time: {column: a}\nkind: exec\ncolumns: {time: b}", "no column 'time' to fill"),
        ("time: {column: a}\nkind: exec\ncolumns: {exe: b}\noptional: [c]", "optional: 'c'"),
        ("time: {column: a}\nkind: exec\ncolumns: {exe: b, comm: b/c}", "'b' is no name"),
        ("time: {column: ''}\nkind: exec\ncolumns: {}", "'' is no name"),
        ("time: {column: a}\nkind: exec\ncolumns: {exe: {folder: b}}", "'value', or 'folder' and 'file'"),
        ("time: {column: a}\nkind: exec\ncolumns: {exe: []}", "columns.exe: is a column, a list"),
        ("time: {column: a}\nkind: exec\ncolumns: {exe: 7}", "columns.exe.*not 7"),
        ("time: {column: a}\nkind: exec\ncolumns: {host: {valeu: b}}", "did you mean 'value'"),
        ("- a", "a mapping"),
    ],
)
def test_mistakes_in_a_mapping_are_named(text: str, message: str, mapping: Path):
    mapping.write_text(text)
    with pytest.raises(UsageError, match=f"m.yml.*{message}"):
        generic(mapping)


def test_every_column_to_fill_takes_text_or_refuses_it(tmp_path: Path, mapping: Path):
    ours = {"time", "kind", "seq", "sensor", "process_id", "parent_id", "target_id"}
    fields = ", ".join(f"{name}: {name}" for name in POLARS if name not in ours)
    mapping.write_text(f"time: {{column: at}}\nkind: exec\ncolumns: {{{fields}}}")
    names = [name for name in POLARS if name not in ours]
    texts = {"at": "2027-01-01T00:00:00Z", **dict.fromkeys(names, "1")}
    texts |= {"src_ip": "::1", "dst_ip": "::1", "started": texts["at"], "exe_written": texts["at"]}
    (tmp_path / "r").write_text(json.dumps(texts) + "\n" + json.dumps(dict.fromkeys(texts, "x")))
    manifest = import_capture(generic(mapping), [tmp_path / "r"], tmp_path / "c")
    assert (manifest.events, manifest.rejected) == (1, 1)


def defender_rows() -> list[dict[str, object]]:
    common = {
        "AwsResourceName": "arn:aws:eks:eu-west-1:123456789012:cluster/shop",
        "ContainerId": ID,
        "ContainerName": "web",
        "ContainerImageName": "registry.example.org/web:3",
        "KubernetesNamespace": "shop",
        "KubernetesPodName": "web-7d9f",
        "ActionType": "ProcessCreated",
        "ParentProcessName": "containerd-shim",
    }
    shell = {"Timestamp": "2027-01-01T00:00:00.1234567Z", "ProcessId": 41, "ParentProcessId": "1"}
    shell |= {"ProcessName": "sh", "FolderPath": "/bin", "FileName": "sh", "ProcessCommandLine": "sh -c id"}
    tool = {"Timestamp": "2027-01-01T00:00:01Z", "ProcessId": 42, "ParentProcessId": "41"}
    tool |= {"ProcessName": "id", "FolderPath": "/usr/bin/id", "FileName": "id", "ProcessCommandLine": "id"}
    return [{**common, **shell}, {**common, **tool}]


def test_defenders_process_events_are_imported_with_their_lineage(tmp_path: Path):
    (tmp_path / "d.jsonl").write_text("\n".join(map(json.dumps, defender_rows())))
    manifest = import_capture(generic(DEFENDER), [tmp_path / "d.jsonl"], tmp_path / "c")
    assert (manifest.sensor, manifest.events, manifest.rejected) == ("generic", 2, 0)
    assert manifest.sensor_version is not None and DEFENDER.name in manifest.sensor_version
    events = open_capture(tmp_path / "c").events().sort("time").collect()
    assert events["exe"].to_list() == ["/bin/sh", "/usr/bin/id"]
    assert events["parent_id"][1] == events["process_id"][0]
    assert [c.container_name for c in manifest.containers] == ["web"]
    assert manifest.hosts == ["arn:aws:eks:eu-west-1:123456789012:cluster/shop"]


def test_the_command_imports_and_says_what_it_needs(tmp_path: Path, mapping: Path):
    path, out, runner = written(tmp_path, "csv"), str(tmp_path / "c"), CliRunner()
    command = ["capture", "import", "generic", str(path), "--out", out]
    done = runner.invoke(app, [*command, "--mapping", str(mapping)])
    assert done.exit_code == 0 and "3 events" in done.output and "dst_port: no port" in done.output
    with pytest.raises(UsageError, match="generic rows need a mapping"):
        runner.invoke(app, [*command[:-1], out + "2"], catch_exceptions=False)
    command = ["capture", "import", "beth", str(path), "--out", out + "2", "--mapping", str(mapping)]
    with pytest.raises(UsageError, match="for generic only"):
        runner.invoke(app, command, catch_exceptions=False)
