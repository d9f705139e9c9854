"""Audit logs as others hand them on: syslog of many hosts, the kernel's log, ausearch, go-audit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.sensors import SENSORS, Reading
from rtml.captures.sensors.choosing import choose
from rtml.errors import RtmlError

CALL = "type=1300 audit(1798793100.250:{}): arch=c000003e syscall={} success=yes exit=0 ppid=1 pid=7 uid=0"
LOST = "audit: audit_lost={} audit_rate_limit=0 audit_backlog_limit=64"
SUPPRESSED = "kauditd_printk_skb: {} callbacks suppressed"


def read(folder: Path, *lines: str) -> Reading:
    (folder / "audit.log").write_text("\n".join(lines))
    return SENSORS["auditd"].read(folder / "audit.log")


def counted(reading: Reading) -> list[tuple[str, int]]:
    return sorted((loss.host, loss.count) for loss in reading.lost)


HEADS = {
    "Jan  1 09:45:09 web-1 kernel: [   12.5] audit: ": "web-1",
    "<14>Jan 11 09:45:09 web-1 audispd: ": "web-1",
    "Jan  1 2027 09:45:09 10.0.0.7 audisp-syslog[77]: ": "10.0.0.7",
    "2027-01-01T09:45:09.123456+01:00 web-1.example.org audispd[7]: ": "web-1.example.org",
    "<134>2027-01-01T09:45:09 web-1 audispd[7]: ": "web-1",
    "<86>1 2027-01-01T09:45:09.5Z fe80::7 audispd 7 - - ": "fe80::7",
    '213 <86>1 2027-01-01T09:45:09Z web-1 audispd - audit [x@1 a="b c"] ': "web-1",
    "1 2027-01-01T09:45:09Z web-1 audispd 7 - - ": "web-1",
    "Jan  1 09:45:09 web-1 audispd: node=other ": "other",
    "<86>1 2027-01-01T09:45:09Z - audispd 7 - - ": "unknown",
    "Jan  1 09:45:09 kernel: audit: ": "unknown",
    "Jan  1 09:45:09 audispd[7]: ": "unknown",
    "Jan  1 09:45:09 relay Jan  1 09:45:08 web-1 ": "unknown",
    "somebody said web-1 kernel: ": "unknown",
    "[   12.5] audit: ": "unknown",
}


@pytest.mark.parametrize("head", HEADS)
def test_a_record_without_a_node_is_of_the_host_that_syslog_names(head: str, tmp_path: Path):
    assert read(tmp_path, head + CALL.format(5, 59)).events["host"].to_list() == [HEADS[head]]


def test_hosts_of_one_log_have_events_serials_and_processes_of_their_own(tmp_path: Path):
    heads = [f"Jan  1 09:45:09 {host} kernel: audit: " for host in ("web-1", "web-2")]
    lines = [head + CALL.format(5, 59) for head in heads]
    lines += [head + f'type=1309 audit(1798793100.250:5): argc=1 a0="{head[16:21]}"' for head in heads]
    lines += [heads[0] + CALL.format(7, 231), heads[1] + CALL.format(500, 231)]
    reading = read(tmp_path, *lines)
    assert dict(reading.events.filter(kind="exec").select("host", "cmdline").iter_rows()) == {
        "web-1": "web-1",
        "web-2": "web-2",
    }
    assert counted(reading) == [("web-1", 1), ("web-2", 494)]
    import_capture("auditd", [tmp_path / "audit.log"], tmp_path / "c")
    processes = open_capture(tmp_path / "c").processes().filter(pid=7).collect()
    assert processes["process_id"].n_unique() == 2


def test_the_host_of_a_head_is_that_of_all_records_on_its_line(tmp_path: Path):
    path = 'type=PATH msg=audit(1798793100.250:5): item=0 name="/x" nametype=NORMAL'
    (event,) = read(
        tmp_path, f"Jan  1 09:45:09 web-1 audispd: {CALL.format(5, 257)} {path}"
    ).events.to_dicts()
    assert (event["host"], event["path"]) == ("web-1", "/x")


def test_what_ausearch_writes_between_events_is_no_record(tmp_path: Path):
    between = ["----", "time->Fri Jan  1 09:45:00 2027"]
    reading = read(tmp_path, *between, CALL.format(5, 59), *between, CALL.format(6, 59), "----", "-----")
    assert (reading.events.height, reading.rejects["text"].to_list()) == (2, ["-----"])


KERNEL = "Jan  1 09:45:09 web-1 kernel: [   12.5] "
ACCOUNTS = {
    (SUPPRESSED.format(32),): 32,
    (SUPPRESSED.format(32), SUPPRESSED.format(8)): 40,
    (LOST.format(5),): 5,
    (LOST.format(5), LOST.format(9), LOST.format(9)): 9,
    (LOST.format(5), LOST.format(2)): 7,
    ("audit: backlog limit exceeded",): 1,
    ("audit: rate limit exceeded",): 1,
    ("audit: audit_backlog=65 > audit_backlog_limit=64", LOST.format(3), "audit: backlog limit exceeded"): 3,
    ("audit: kauditd hold queue overflow",): 1,
}


@pytest.mark.parametrize("accounts", ACCOUNTS)
def test_what_the_kernel_says_it_lost_is_lost(accounts: tuple[str, ...], tmp_path: Path):
    told = [KERNEL + account for account in accounts]
    lines = [KERNEL + "audit: " + CALL.format(serial, 59) for serial in (5, 6)]
    reading = read(tmp_path, lines[0], *told, lines[1])
    assert (reading.rejects.height, reading.beside) == (0, {"an account of losses": len(accounts)})
    assert counted(reading) == [("web-1", ACCOUNTS[accounts])]


def test_an_account_and_the_gap_in_which_it_stands_are_one_loss(tmp_path: Path):
    told = KERNEL + SUPPRESSED.format(32)
    lines = [KERNEL + "audit: " + CALL.format(serial, 59) for serial in (5, 16, 17)]
    assert counted(read(tmp_path, lines[0], told, *lines[1:])) == [("web-1", 10), ("web-1", 22)]
    assert counted(read(tmp_path, *lines[:2], told, lines[2])) == [("web-1", 10), ("web-1", 32)]


def test_an_account_is_of_its_host_and_lies_between_what_stands_round_it(tmp_path: Path):
    record, told = "audit: " + CALL.format(5, 59), KERNEL + LOST.format(4)
    other = KERNEL.replace("web-1", "web-2")
    reading = read(tmp_path, told, other + record, KERNEL + record, other + LOST.format(7))
    spans = {loss.host: (loss.count, loss.start is None, loss.end is None) for loss in reading.lost}
    assert spans == {"web-1": (4, True, False), "web-2": (7, False, True)}


def test_totals_of_losses_grow_over_the_whole_log(tmp_path: Path):
    lines = [KERNEL + "audit: " + CALL.format(serial, 59) for serial in (5, 6, 7)]
    reading = read(tmp_path, lines[0], KERNEL + LOST.format(4), lines[1], KERNEL + LOST.format(9), lines[2])
    assert counted(reading) == [("web-1", 4), ("web-1", 5)]


def test_only_the_kernel_says_what_it_lost(tmp_path: Path):
    forged = [f"Jan  1 09:45:09 web-1 shop[7]: {SUPPRESSED.format(32)}", f"x {LOST.format(7)}"]
    reading = read(tmp_path, CALL.format(5, 59), *forged)
    assert (reading.rejects.height, counted(reading)) == (2, [])


def go_audit(serial: int, *records: tuple[int, str]) -> str:
    messages = [{"type": kind, "data": data} for kind, data in records]
    event = {
        "sequence": serial,
        "timestamp": "1798793100.250",
        "messages": messages,
        "uid_map": {"0": "root"},
    }
    return json.dumps(event, separators=(",", ":"))


EXEC = (1300, 'arch=c000003e syscall=59 success=yes exit=0 ppid=1 pid=7 uid=0 comm="x" exe="/x"')
PARTS = ((1309, 'argc=2 a0="x" a1=612062'), (1307, ' cwd="/srv"'), (1302, 'item=0 name="x" nametype=NORMAL'))
FORMS = {
    "syslog": lambda lines: "\n".join(f"Jan  1 09:45:09 web-1 go-audit[7]: {line}" for line in lines),
    "lines": "\n".join,
    "docker": lambda lines: "\n".join(json.dumps({"log": f"{line}\n", "stream": "stdout"}) for line in lines),
    "printed": lambda lines: "\n".join(json.dumps(json.loads(line), indent=2) for line in lines),
}


@pytest.mark.parametrize("form", FORMS)
def test_go_audit_is_the_audit_log(form: str, tmp_path: Path):
    lines = [go_audit(serial, EXEC, *PARTS) for serial in (5, 6, 8)]
    reading = read(tmp_path, FORMS[form](lines))
    assert choose([tmp_path / "audit.log"]).sensor == "auditd"
    wanted = {"kind": "exec", "cmdline": "x a b", "cwd": "/srv", "path": "/srv/x", "pid": 7}
    assert [{name: event[name] for name in wanted} for event in reading.events.to_dicts()] == [wanted] * 3
    host = "web-1" if form == "syslog" else "unknown"
    assert (reading.rejects.height, counted(reading)) == (0, [(host, 1)])


@pytest.mark.parametrize(
    "broken",
    [
        go_audit(5, EXEC)[:-4],
        go_audit(5),
        go_audit(5, EXEC).replace('"1798793100.250"', "null"),
        go_audit(5, (1300, "x\ny")),
        '{"sequence":5,"timestamp":"1798793100.250","messages":"x"}',
    ],
)
def test_a_broken_line_of_go_audit_is_a_reject(broken: str, tmp_path: Path):
    reading = read(tmp_path, "Jan  1 09:45:09 web-1 go-audit[7]: " + broken, go_audit(6, EXEC))
    assert (reading.events.height, reading.rejects["line"].to_list()) == (1, [1])


INTERPRETED = "type=SYSCALL msg=audit({}:456) : arch=x86_64 syscall=execve success=yes exit=0 pid=7"
SYSMON = (
    "<14>1 2027-01-01T09:45:09Z web-1 sysmon 7 - - <Event><System>"
    '<Provider Name="Linux-Sysmon" Guid="{x}"/><EventID>1</EventID></System></Event>'
)
STRANGERS = {
    INTERPRETED.format("09/11/2026 10:02:03.123"): "ausearch --raw",
    "----\n" + INTERPRETED.format("2026-11-09 10:02:03.123"): "ausearch --raw",
    "node=web-1 " + INTERPRETED.format("11/09/26 10:02:03.123"): "ausearch --raw",
    SYSMON: "Sysmon for Linux.*generic",
}


@pytest.mark.parametrize("text", STRANGERS)
def test_what_no_sensor_reads_is_told_with_the_way_out(text: str, tmp_path: Path):
    (tmp_path / "audit.log").write_text(text + "\n")
    with pytest.raises(RtmlError, match=STRANGERS[text]):
        choose([tmp_path / "audit.log"])
    with pytest.raises(RtmlError, match=f"not a log of auditd; it is.*{STRANGERS[text]}"):
        SENSORS["auditd"].read(tmp_path / "audit.log")


def test_a_log_without_a_readable_record_is_not_sent_to_the_same_sensor(tmp_path: Path):
    with pytest.raises(RtmlError, match="no record of auditd can be read"):
        read(tmp_path, go_audit(5, (1300, "x\ny")))
