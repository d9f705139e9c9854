"""auditd: labels of SELinux tell containers, filters tell calls, the journal has records of its own form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.sensors import SENSORS
from rtml.captures.sensors.choosing import choose
from rtml.errors import RtmlError
from tests.captures.test_auditd import AT, CALL, read

LABEL = "system_u:system_r:container_t:s0:c57,c214"
CALLED = "syscall=59 exit=0 subj={}"
FILTERED = (
    'type=SECCOMP {}: auid=4294967295 uid=0 gid=0 ses=1 subj={} pid=7 comm="sh" exe="/bin/dash" sig={} '
)
FILTERED += "arch=c000003e syscall={} compat=0 ip=0x7fe2 code={}"


def filtered(call: int, code: str, label: str = LABEL, sig: int = 0) -> str:
    return FILTERED.format(AT.format(5), label, sig, call, code)


LABELS = {
    LABEL: "c57,c214@unknown",
    "system_u:system_r:container_init_t:s0:c1,c2": "c1,c2@unknown",
    "system_u:system_r:svirt_lxc_net_t:s0:c4,c901": "c4,c901@unknown",
    "system_u:system_r:spc_t:s0": None,
    "system_u:system_r:container_runtime_t:s0-s0:c0.c1023": None,
    "unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023": None,
    "system_u:system_r:svirt_t:s0:c57,c214": None,
    "docker-default": None,
    "(none)": None,
}


@pytest.mark.parametrize("label", LABELS)
def test_a_label_of_a_container_tells_it(label: str, tmp_path: Path):
    line = f"type=SYSCALL {AT.format(5)}: {CALL} {CALLED.format(label)}"
    (event,) = read(tmp_path, line).events.to_dicts()
    assert event["container_id"] == LABELS[label]


def test_labels_are_of_their_host_and_rules_find_what_is_done_there(tmp_path: Path):
    record = f"{AT.format(5)}: {CALL} syscall=304 exit=3 subj={LABEL}"
    (tmp_path / "audit.log").write_text("\n".join(f"node=n{n} type=SYSCALL {record}" for n in (1, 2)))
    import_capture("auto", [tmp_path / "audit.log"], tmp_path / "c")
    capture = open_capture(tmp_path / "c")
    assert {one.container_id for one in capture.manifest.containers} == {"c57,c214@n1", "c57,c214@n2"}


def test_operations_of_a_ring_have_labels_of_their_own(tmp_path: Path):
    ring = f"type=URINGOP {AT.format(5)}: uring_op=18 success=yes exit=3 items=0 ppid=1 pid=7 subj={LABEL}"
    (event,) = read(tmp_path, ring).events.to_dicts()
    assert event["container_id"] == "c57,c214@unknown"


FILTERS: dict[tuple[int, str], dict[str, Any]] = {
    (56, "0x7ffc0000"): {"kind": "syscall", "request": "clone", "result": None},
    (59, "0x7ffc0000"): {"kind": "syscall", "request": "execve"},
    (257, "0x50001"): {"kind": "syscall", "request": "openat", "result": -1},
    (101, "0x5000d"): {"kind": "ptrace", "result": -13},
    (272, "0x80000000"): {"kind": "unshare", "request": "unshare", "result": -1},
    (272, "0x0"): {"result": -1},
}


@pytest.mark.parametrize(("call", "code"), FILTERS)
def test_a_filter_tells_a_call(call: int, code: str, tmp_path: Path):
    reading = read(tmp_path, filtered(call, code))
    (event,) = reading.events.to_dicts()
    who = {"pid": 7, "uid": 0, "comm": "sh", "exe": "/bin/dash", "container_id": "c57,c214@unknown"}
    wanted = FILTERS[call, code] | who
    assert {name: event[name] for name in wanted} == wanted and reading.rejects.is_empty()


def test_the_call_itself_says_more_than_the_filter(tmp_path: Path):
    call = f"type=SYSCALL {AT.format(5)}: {CALL} syscall=257 a2=0 exit=3"
    (event,) = read(tmp_path, filtered(257, "0x7ffc0000"), call).events.to_dicts()
    assert (event["kind"], event["result"], event["ppid"]) == ("open", 0, 1)


def entry(kind: int, name: str, told: str, **more: Any) -> dict[str, Any]:
    """A record as systemd-journald keeps it: what stood before the fields is in fields of its own."""
    return {
        "_TRANSPORT": "audit",
        "_AUDIT_TYPE": str(kind),
        "_AUDIT_TYPE_NAME": name,
        "_AUDIT_ID": "5",
        "_SOURCE_REALTIME_TIMESTAMP": "1798793100250000",
        "__REALTIME_TIMESTAMP": "1798793100260111",
        "_HOSTNAME": "web-1",
        "SYSLOG_IDENTIFIER": "audit",
        "MESSAGE": f"{name} {told}",
        **more,
    }


def test_records_of_the_journal_are_put_together(tmp_path: Path):
    entries = [
        entry(1300, "SYSCALL", f"{CALL} syscall=257 a0=ffffff9c a2=0 exit=3", _PID="7", _EXE="/x"),
        entry(1307, "CWD", 'cwd="/srv"'),
        entry(1302, "PATH", 'item=0 name="a" nametype=NORMAL', MESSAGE=[*b'PATH item=0 name="a"']),
        entry(1327, "PROCTITLE", "proctitle=7800612062"),
    ]
    (tmp_path / "log").write_text("\n".join(map(json.dumps, entries)))
    assert choose([tmp_path / "log"]).sensor == "auditd"
    (event,) = SENSORS["auditd"].read(tmp_path / "log").events.to_dicts()
    wanted = {"kind": "open", "path": "/srv/a", "host": "web-1", "cmdline": "x a b", "pid": 7}
    assert {name: event[name] for name in wanted} == wanted
    assert event["time"].isoformat() == "2027-01-01T08:45:00.250000+00:00"


@pytest.mark.parametrize("at", ["Jan  1 09:45:09", "2027-01-01T09:45:09+0100"])
def test_what_journalctl_prints_of_them_is_told_what_to_do(at: str, tmp_path: Path):
    (tmp_path / "log").write_text(f"{at} web-1 audit[7]: SYSCALL arch=c000003e syscall=59 success=yes\n")
    for read_it in (lambda path: choose([path]), SENSORS["auditd"].read):
        with pytest.raises(RtmlError, match="journalctl -o json _TRANSPORT=audit"):
            read_it(tmp_path / "log")
