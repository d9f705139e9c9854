"""What sensors print for people is told apart from logs, with the way to one that is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtml.captures.sensors import SENSORS
from rtml.captures.sensors.choosing import choose
from rtml.errors import RtmlError
from tests.samples import DATA, shipped

FALCO = "08:45:00.123456789: Warning Sensitive file opened (user=root command=cat /etc/shadow container=web)"
TEXTS = {
    FALCO: ("falco", "json_output: true"),
    f"Fri Jan  1 08:45:00 2027: Falco version: 0.39.0 (x86_64)\n2027-01-01T{FALCO}": ("falco", "json_output"),
    f"2027-01-01T08:45:00.123456789+0000: Notice x{FALCO}": ("falco", "json_output"),
    "🚀 process default/xwing /usr/bin/curl https://ebpf.io": ("tetragon", "-o json"),
    "💥 exit    default/xwing /usr/bin/curl https://ebpf.io 60": ("tetragon", "-o json"),
    "TIME             UID    COMM             PID     TID     RET              EVENT      ARGS": (
        "tracee",
        "--output json",
    ),
    "== Alert / 2027-01-01 08:45:00.123456 ==": ("kubearmor", "write JSON"),
    "K8S.NODE         K8S.NAMESPACE    K8S.PODNAME      COMM      PID   ARGS": (
        "inspektor-gadget",
        "-o json",
    ),
    "RUNTIME.CONTAINERNAME    COMM       PID   TID": ("inspektor-gadget", "-o json"),
    "Jan  1 08:45:00.123: default/xwing:41234 (ID:1) -> kube-system/dns:53 (ID:2) FORWARDED (UDP)": (
        "hubble",
        "-o jsonpb",
    ),
    "1 08:45:00.123456789 0 curl (1234) > openat dirfd=-100(AT_FDCWD)": ("sysdig", "with -j"),
}


@pytest.mark.parametrize("text", TEXTS)
def test_it_is_told_what_it_is_and_what_to_do(text: str, tmp_path: Path):
    sensor, way = TEXTS[text]
    (tmp_path / "log").write_text(f"{text}\n{text}\n")
    for read in (SENSORS[sensor].read, lambda path: choose([path])):
        with pytest.raises(RtmlError, match="it is ") as raised:
            read(tmp_path / "log")
        assert way in str(raised.value)


@pytest.mark.parametrize("sensor", ["falco", "tetragon", "hubble", "sysdig", "auditd"])
def test_records_between_such_lines_are_read(sensor: str, tmp_path: Path):
    sample = shipped(sensor)[0]
    (tmp_path / sample.name).write_text(f"{FALCO}\n" + sample.read_text())
    known = SENSORS[sensor].read(sample).events.height
    assert SENSORS[sensor].read(tmp_path / sample.name).events.height == known
    assert sensor != "falco" or choose([tmp_path / sample.name]).sensor == "falco"
    assert DATA in sample.parents
