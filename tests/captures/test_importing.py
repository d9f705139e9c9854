"""From sensor files to a capture: counted, atomic, the same whatever the order."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import Capture, check_capture, import_capture, open_capture
from rtml.errors import RtmlError, UsageError
from rtml.schema import POLARS
from tests.captures.conftest import HEADER, TIME, oid, write_records
from tests.captures.test_bpftrace import line


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join([line("exec", 900, "/bin/sh"), line("fork", 8), "{broken"]))
    return path


def test_the_shipped_capture_keeps_every_promise(lab: Capture):
    assert [check for check in check_capture(lab) if not check.ok] == []
    assert lab.manifest.events == 388_788
    assert lab.containers().filter(pl.col("role") == "infrastructure").height == 2


def test_manifest_counts_and_rejects(log: Path, tmp_path: Path):
    manifest = import_capture("bpftrace", [log], tmp_path / "c")
    assert (manifest.events, manifest.rejected) == (2, 1)
    rejects = pl.read_parquet(tmp_path / "c" / "rejects.parquet")
    assert rejects.row(0) == ("log.jsonl", 3, "not a JSON record of bpftrace", "{broken")
    names = [check.name for check in check_capture(open_capture(tmp_path / "c")) if not check.ok]
    assert names == ["no input line refused"]


def test_order_of_files_does_not_matter(tmp_path: Path):
    for i in range(3):
        text = "\n".join(line("fork", j, t=10**9 * i + j) for j in range(5))
        (tmp_path / f"{i}.jsonl").write_text(text)
    files = [tmp_path / f"{i}.jsonl" for i in range(3)]
    import_capture("bpftrace", files, tmp_path / "a")
    import_capture("bpftrace", files[::-1], tmp_path / "b")
    a, b = (open_capture(tmp_path / x).events().sort("seq").collect() for x in "ab")
    assert a.equals(b)


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_a_rotated_log_is_one_log(tmp_path: Path, cut: int, newest_first: bool):
    lines = [
        line("exec", 900, "/usr/sbin/apache2", t=10, pid=5),
        line("fork", 6, t=20, pid=5),
        line("exec", 20, "/bin/dash", t=30, pid=6).replace("\\u001f1\\u001f0", "\\u001f5\\u001f0"),
        line("fork", 7, t=40, pid=6).replace("\\u001f1\\u001f0", "\\u001f5\\u001f0"),
        line("unlink", "/var/log/x", t=50, pid=7).replace("\\u001f1\\u001f0", "\\u001f6\\u001f0"),
    ]
    sitting = {"clock_start": {"unix_ns": 10**18, "boot_ns": 0}, "host": {"hostname": "n"}}
    for name, texts in {"whole": [lines], "parts": [lines[:cut], lines[cut:]]}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "sitting.json").write_text(json.dumps(sitting))
        for number, text in enumerate(texts):
            (tmp_path / name / f"log.{number}").write_text("\n".join(text))
        logs = sorted((tmp_path / name).glob("log.*"), reverse=newest_first)
        import_capture("bpftrace", logs, tmp_path / f"c-{name}")
    whole, parts = (open_capture(tmp_path / f"c-{name}") for name in ("whole", "parts"))
    assert whole.events().sort("seq").collect().equals(parts.events().sort("seq").collect())
    assert whole.processes().collect().equals(parts.processes().collect())
    last = parts.events().sort("seq").last().collect()
    assert last["exe"].cast(pl.String).item() == "/bin/dash"


def test_logs_of_two_sittings_share_no_process(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "log").write_text(line("fork", 8))
        sitting = {"clock_start": {"unix_ns": 10**18 + ord(name), "boot_ns": 0}}
        (tmp_path / name / "sitting.json").write_text(json.dumps(sitting))
    import_capture("bpftrace", [tmp_path / "a" / "log", tmp_path / "b" / "log"], tmp_path / "c")
    assert open_capture(tmp_path / "c").events(["process_id"]).collect()["process_id"].n_unique() == 2


PACKED = {
    "copy.jsonl": lambda raw: raw,
    "log.jsonl.gz": lambda raw: gzip.compress(raw[:9]) + gzip.compress(raw[9:]),
    "crlf.jsonl": lambda raw: raw.replace(b"\n", b"\r\n"),
    "wide.jsonl": lambda raw: raw.decode().encode("utf-16"),
}


def test_a_copy_that_nobody_named_is_left_out_and_counted(log: Path, tmp_path: Path):
    (tmp_path / "more").mkdir()
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / "more" / name).write_bytes(log.read_bytes())
    alone = import_capture("auto", [tmp_path / "more" / "a.jsonl"], tmp_path / "one")
    both = import_capture("auto", [tmp_path / "more"], tmp_path / "two")
    assert (both.events, both.rejected, both.lost) == (alone.events, alone.rejected, alone.lost)
    assert both.beside == {"b.jsonl holds the same records as a.jsonl": alone.events + alone.rejected}


@pytest.mark.parametrize("name", PACKED)
def test_a_copy_under_another_name_is_refused_however_it_is_packed(log: Path, tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(PACKED[name](log.read_bytes()))
    with pytest.raises(UsageError, match=f"{name}: holds the same records as .*log.jsonl"):
        import_capture("bpftrace", [log, tmp_path / name], tmp_path / "c")
    assert not (tmp_path / "c").exists()
    (tmp_path / name).write_bytes(PACKED[name](log.read_bytes() + b"\n" + line("fork", 9).encode()))
    assert import_capture("bpftrace", [log, tmp_path / name], tmp_path / "c").events == 5


def test_a_copy_that_is_packed_within_is_one_too(tmp_path: Path):
    records = [HEADER, ("Process", {"oid": oid(7)})]
    records += [("ProcessEvent", {"procOID": oid(7), "ts": TIME + i}) for i in range(3)]
    one = write_records(tmp_path / "one.sf", records, codec="deflate")
    other = write_records(tmp_path / "other.sf", records, codec="null")
    with pytest.raises(UsageError, match=r"other.sf: holds the same records as .*one.sf"):
        import_capture("sysflow", [one, other], tmp_path / "c")
    manifest = import_capture("auto", [tmp_path], tmp_path / "c")
    assert (manifest.events, manifest.beside) == (3, {"other.sf holds the same records as one.sf": 3})


def test_the_same_file_twice_is_refused(log: Path, tmp_path: Path):
    (tmp_path / "d").mkdir()
    with pytest.raises(UsageError, match="named twice"):
        import_capture("bpftrace", [log, tmp_path / "d" / ".." / log.name], tmp_path / "c")


def test_no_events_and_one_event_are_captures(tmp_path: Path):
    begin = json.dumps({"type": "attached_probes", "data": {"probes": 43}})
    (tmp_path / "none").write_text(begin)
    (tmp_path / "one").write_text(line("exec", 1, "/bin/sh"))
    for name, events in (("none", 0), ("one", 1)):
        import_capture("bpftrace", [tmp_path / name], tmp_path / f"c-{name}")
        capture = open_capture(tmp_path / f"c-{name}")
        assert capture.events().collect().height == events
        assert capture.events().collect_schema() == POLARS
        assert all(check.ok for check in check_capture(capture))


def test_a_failed_import_leaves_nothing(log: Path, tmp_path: Path):
    before = set(tmp_path.iterdir())
    with pytest.raises(RtmlError, match="absent"):
        import_capture("bpftrace", [log, tmp_path / "absent"], tmp_path / "c")
    assert set(tmp_path.iterdir()) == before


def test_a_killed_import_leaves_no_capture_that_opens(log: Path, tmp_path: Path):
    code = (
        "import sys, time, rtml.reading.whole as w\n"
        "w.os.replace = lambda *a: (print('writing', flush=True), time.sleep(60))\n"
        "from rtml.cli import main; sys.argv = ['rtml', *sys.argv[1:]]; main()\n"
    )
    command = [sys.executable, "-c", code, "capture", "import", "bpftrace", str(log), "--out"]
    with subprocess.Popen([*command, str(tmp_path / "c")], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        os.kill(process.pid, signal.SIGKILL)
    time.sleep(0.1)
    with pytest.raises(RtmlError, match="no capture here"):
        open_capture(tmp_path / "c")
    import_capture("bpftrace", [log], tmp_path / "c")
    assert open_capture(tmp_path / "c").manifest.events == 2


def test_an_existing_folder_is_never_overwritten(log: Path, tmp_path: Path):
    (tmp_path / "c").mkdir()
    with pytest.raises(RtmlError, match="exists already"):
        import_capture("bpftrace", [log], tmp_path / "c")


def test_a_misspelt_sensor_gets_a_hint(log: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="did you mean 'bpftrace'"):
        import_capture("bpftrase", [log], tmp_path / "c")


def test_a_hostile_host_name_stays_inside_the_capture(tmp_path: Path):
    sitting = {"clock_start": {"unix_ns": 5, "boot_ns": 5}, "host": {"hostname": "../../../etc/x"}}
    (tmp_path / "sitting.json").write_text(json.dumps(sitting))
    (tmp_path / "log").write_text(line("fork", 8))
    import_capture("bpftrace", [tmp_path / "log"], tmp_path / "c")
    (part,) = (tmp_path / "c" / "events").rglob("*.parquet")
    assert part.parent.name == "node=n-..%2F..%2F..%2Fetc%2Fx"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"sensor": 5}', '{"sensor": "x", "format_version": 99}'])
def test_a_broken_manifest_is_a_clear_error(tmp_path: Path, text: str):
    (tmp_path / "capture.json").write_text(text)
    with pytest.raises(RtmlError, match=r"capture\.json"):
        open_capture(tmp_path)


def test_a_cut_off_part_is_a_clear_error(log: Path, tmp_path: Path):
    import_capture("bpftrace", [log], tmp_path / "c")
    (part,) = (tmp_path / "c" / "events").rglob("*.parquet")
    part.write_bytes(part.read_bytes()[:100])
    with pytest.raises(RtmlError, match=r"part-0\.parquet: not a Parquet file that can be read"):
        check_capture(open_capture(tmp_path / "c"))


def test_a_column_that_does_not_exist_gets_a_hint(lab: Capture):
    with pytest.raises(RtmlError, match="did you mean 'cmdline'"):
        lab.events(["cmd_line"])
