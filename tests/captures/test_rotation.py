"""A log that was rotated is one log, whatever its files are called and in whatever order they are given."""

from __future__ import annotations

import gzip
import itertools
import re
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.rotation import log_of
from tests.samples import DATA

LOGS = [
    "auditd/audit.log",
    "beth/processes.csv",
    "falco/events.jsonl",
    "sysdig/events.jsonl",
    "tracee/flat.jsonl",
    "tetragon/export.jsonl",
    "kubearmor/logs.jsonl",
    "ecs/events.jsonl",
]
NAMES = {
    "numbers": ("x.log.2.gz", "x.log.1", "x.log"),
    "days": ("x-20261125.log.gz", "x-2026-11-26.log", "x.log"),
    "moments": ("x.log-20261125-10.gz", "x-2026-11-26T10-00-00.000.log", "x.log"),
}


@pytest.mark.parametrize(("sample", "names"), list(zip(LOGS, itertools.cycle(NAMES), strict=False)))
def test_programs_and_ancestry_reach_over_the_border(sample: str, names: str, tmp_path: Path):
    lines = (DATA / sample).read_bytes().splitlines(keepends=True)
    head = lines[:1] if sample.endswith(".csv") else []
    one, two = (whole_records(lines, len(lines) * part // 3) for part in (1, 2))
    parts = [lines[:one], head + lines[one:two], head + lines[two:]]
    files = []
    for name, part in zip(NAMES[names], parts, strict=True):
        files.append(tmp_path / name)
        files[-1].write_bytes(gzip.compress(b"".join(part)) if name.endswith("gz") else b"".join(part))
    sensor = sample.partition("/")[0]
    import_capture(sensor, [DATA / sample], tmp_path / "whole")
    whole = open_capture(tmp_path / "whole")
    order = list(itertools.permutations(files))[len(names) % 6]
    import_capture(sensor, list(order), tmp_path / "parts")
    parted = open_capture(tmp_path / "parts")
    assert told(parted.processes()) == told(whole.processes())
    assert told(parted.events()) == told(whole.events())


def whole_records(lines: list[bytes], cut: int) -> int:
    """Move a cut to where no event of auditd is cut in two."""
    serial = re.compile(rb"msg=audit\([\d.]+:(\d+)\)")
    while (before := serial.search(lines[cut - 1])) and (after := serial.search(lines[cut])):
        if before[1] != after[1]:
            break
        cut += 1
    return cut


def told(frame: pl.LazyFrame) -> list[str]:
    kept = frame.select(pl.exclude("seq", "image_seq", "provenance")).collect()
    return sorted(map(repr, kept.rows()))


def test_other_names_are_other_logs():
    names = [
        "node-1.log",
        "node-2.log",
        "10.0.0.1",
        "10.0.0.2",
        "a-10.0.0.12",
        "2026.log",
        "ip-10-100-1-105.csv",
    ]
    assert len({log_of(Path(name)) for name in names}) == len(names)
    assert log_of(Path("a/x.log.1")) != log_of(Path("b/x.log.1"))
    assert {log_of(Path(name)) for name in ("x.log.1", "x.log.12.zst", "x-1795000000.log")} == {"x.log"}
    assert log_of(Path(".1")) == ".1"


def test_logs_of_two_names_share_no_process(tmp_path: Path):
    lines, ids = (DATA / "beth/processes.csv").read_bytes().splitlines(keepends=True), {}
    half = len(lines) // 2
    for names in (("a.log", "b.log"), ("c.log.1", "c.log")):
        for name, part in zip(names, (lines[:half], lines[:1] + lines[half:]), strict=True):
            (tmp_path / name).write_bytes(b"".join(part))
        import_capture("beth", [tmp_path / name for name in names], tmp_path / names[0][0])
        table = open_capture(tmp_path / names[0][0]).processes().collect()
        ids[names] = table["process_id"].n_unique()
    assert ids["a.log", "b.log"] > ids["c.log.1", "c.log"]
