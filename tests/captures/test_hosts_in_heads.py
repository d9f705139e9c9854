"""Records of JSON behind syslog that name no host are of the host that the head names, of whatever sensor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.sensors import SENSORS

CALL = {"arch": "0xc000003e", "pid": 7, "ppid": 1, "syscall": 59, "success": "yes", "exit": 0}
RECORDS: dict[str, tuple[dict[str, Any], str]] = {
    "laurel": ({"ID": "1798793100.250:5", "SYSCALL": CALL, "EXECVE": {"ARGV": ["x"]}}, "NODE"),
    "falco": (
        {
            "rule": "r",
            "priority": "Notice",
            "time": "2027-01-01T08:45:00.25Z",
            "output": "x",
            "output_fields": {"evt.type": "execve", "proc.pid": 7},
        },
        "hostname",
    ),
    "kubearmor": (
        {
            "UpdatedTime": "2027-01-01T08:45:00.250001Z",
            "Type": "ContainerLog",
            "Operation": "Process",
            "Resource": "/x",
            "HostPID": 7,
            "Result": "Passed",
        },
        "HostName",
    ),
}
HEADS = {
    "Jan  1 09:45:09 web-1 laurel: ": "web-1",
    "<14>Jan 11 09:45:09 web-1 laurel[7]: @cee: ": "web-1",
    "2027-01-01T09:45:09.123456+01:00 web-1.example.org laurel[7]: ": "web-1.example.org",
    "<86>1 2027-01-01T09:45:09.5Z fe80::7 laurel 7 - - ": "fe80::7",
    '213 <86>1 2027-01-01T09:45:09Z web-1 laurel - audit [x@1 a="b c"] ': "web-1",
    "<86>1 2027-01-01T09:45:09Z - laurel 7 - - ": "unknown",
    "2027-01-01T09:45:09Z stdout F ": "unknown",
    "": "unknown",
}
every_sensor = pytest.mark.parametrize("sensor", RECORDS)


def hosts(sensor: str, folder: Path, *lines: str) -> list[str]:
    (folder / "a.log").write_text("\n".join(lines))
    reading = SENSORS[sensor].read(folder / "a.log")
    assert reading.rejects.is_empty()
    return reading.events["host"].to_list()


@every_sensor
@pytest.mark.parametrize("head", HEADS)
def test_the_head_names_the_host(sensor: str, head: str, tmp_path: Path):
    record, _ = RECORDS[sensor]
    assert hosts(sensor, tmp_path, head + json.dumps(record)) == [HEADS[head]]


@every_sensor
def test_what_the_record_says_counts_more(sensor: str, tmp_path: Path):
    record, name = RECORDS[sensor]
    head = "Jan  1 09:45:09 relay laurel: "
    lines = [head + json.dumps({**record, name: "own"}), head + json.dumps({**record, name: ""})]
    assert hosts(sensor, tmp_path, *lines, json.dumps(record)) == ["own", "relay", "unknown"]


@every_sensor
def test_heads_are_of_their_own_lines_also_among_others(sensor: str, tmp_path: Path):
    record = json.dumps(RECORDS[sensor][0])
    lines = [f"Jan  1 09:45:09 web-{n} laurel: {record}" for n in (1, 2)]
    (tmp_path / "a.log").write_text("\n".join([lines[0], "Jan  1 09:45:09 web-9 cron: no", record, lines[1]]))
    reading = SENSORS[sensor].read(tmp_path / "a.log")
    assert reading.events["host"].to_list() == ["web-1", "unknown", "web-2"]
    assert reading.rejects["line"].to_list() == [2]


def test_processes_of_two_hosts_are_two(tmp_path: Path):
    record = json.dumps(RECORDS["laurel"][0])
    (tmp_path / "a.log").write_text("\n".join(f"Jan  1 09:45:09 web-{n} laurel: {record}" for n in (1, 2)))
    import_capture("auto", [tmp_path / "a.log"], tmp_path / "c")
    processes = open_capture(tmp_path / "c").processes().filter(pid=7).collect()
    assert processes["process_id"].n_unique() == 2
