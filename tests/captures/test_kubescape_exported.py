"""Alerts of Kubescape's node-agent as it posts them over HTTP, writes them to a table, and to syslog."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.sensors import SENSORS, Reading
from rtml.captures.sensors.choosing import choose
from tests.captures.test_kubescape_labels import ID, SENTENCES

HEAD = (
    "Rule Name,Alert Message,Fix Suggestion,Pod Name,Container Name,Namespace,Container ID,PID,Comm,UID,GID"
)
AT = "2027-01-01T08:45:00.125Z"


def read(folder: Path, text: str) -> Reading:
    (folder / "a.log").write_text(text)
    assert choose([folder / "a.log"]).sensor == "kubescape"
    return SENSORS["kubescape"].read(folder / "a.log")


def table(*rows: str) -> str:
    return "\n".join([f"{HEAD},PPID,Timestamp", *rows, ""])


def row(name: str, message: str, at: str = "2027-01-01 08:45:00.125 +0000 UTC") -> str:
    return f'{name},"{message}","add ""x""",web-0,web,shop,{ID},4010,sh,1001,1001,4000,{at}'


def posted(*alerts: dict[str, Any]) -> str:
    """What `pkg/exporters/http_exporter.go` sends: flat alerts, and one tree for all."""
    child = {"pid": 4010, "ppid": 4000, "comm": "ls", "path": "/bin/ls", "cmdline": "ls -l"}
    top = {"pid": 4000, "comm": "nginx", "childrenMap": {"ls␟4010": child}}
    tree = {"processTree": top, "uniqueID": 1, "containerID": ID}
    spec = {"alerts": [*alerts], "processTree": tree, "cloudMetadata": {}}
    return json.dumps({"kind": "RuntimeAlerts", "apiVersion": "kubescape.io/v1", "spec": spec})


FLAT = {
    "alertName": "Unexpected process launched",
    "arguments": {"retval": 0, "exec": "/bin/ls", "args": ["ls", "-l"]},
    "infectedPID": 4010,
    "timestamp": AT,
    "containerName": "web",
    "namespace": "shop",
    "nodeName": "node-a",
    "containerID": ID,
    "podName": "web-0",
    "ruleID": "R0001",
    "hostName": "node-agent-b4qmg",
    "message": "Unexpected process launched: /bin/ls",
}


def syslog(message: str = "Unexpected process launched: /bin/ls", **said: str) -> str:
    told = {"rule": "Unexpected process launched", "error": message, "comm": "ls", "uid": "1001"}
    told |= {"pod_name": "web-0", "container_name": "web", "namespace": "shop", "container_id": ID, **said}
    words = " ".join(f'{name}="{value}"' for name, value in told.items())
    return f"<3>1 {AT} web-0 web 4010 - [kubecop@4010 {words}] {message}"


SAME = {"kind": "exec", "exe": "/bin/ls", "comm": "ls", "pid": 4010, "container_id": ID, "pod": "web-0"}


def test_what_is_posted_says_what_the_agents_own_log_says(tmp_path: Path):
    reading = read(tmp_path, posted(FLAT, {**FLAT, "ruleID": "R0002", "arguments": {"path": "/etc/a"}}))
    event, other = reading.events.to_dicts()
    wanted = SAME | {"host": "node-a", "ppid": 4000, "cmdline": "ls -l", "result": 0, "namespace": "shop"}
    assert {column: event[column] for column in wanted} == wanted
    assert event["time"].isoformat() == "2027-01-01T08:45:00.125000+00:00"
    assert (other["kind"], other["path"], other["process_id"]) == ("open", "/etc/a", event["process_id"])
    assert reading.processes is not None and reading.processes.height == 2


def test_that_it_posts_no_more_is_a_loss_of_unknown_size(tmp_path: Path):
    limit = {"alertName": "AlertLimitReached", "timestamp": "0001-01-01T00:00:00Z", "nodeName": "node-a"}
    reading = read(tmp_path, posted(FLAT) + "\n" + posted(limit))
    assert [(lost.host, lost.count) for lost in reading.lost] == [("node-a", 0)]
    assert reading.events.height == 1 and reading.rejects.is_empty()


def test_a_table_has_names_of_rules_and_sentences(tmp_path: Path):
    later = row("Unexpected file access", SENTENCES["file"][1], "2027-01-01 10:45:00 +0200 CEST m=+0.1")
    text = table(row("Unexpected process launched", "Unexpected process launched: /bin/ls"), later, "a,b")
    reading = read(tmp_path, text)
    first, second = reading.events.to_dicts()
    wanted = SAME | {"comm": "sh", "ppid": 4000, "uid": 1001, "host": "unknown"}
    assert {column: first[column] for column in wanted} == wanted
    assert (second["kind"], second["path"], second["wrote"]) == ("open", "/etc/a b", True)
    assert [str(at) for at in reading.events["time"]] == [
        "2027-01-01 08:45:00.125000+00:00",
        "2027-01-01 08:45:00+00:00",
    ]
    assert reading.rejects["line"].to_list() == [4]


@pytest.mark.parametrize("name", [name for name in SENTENCES if name not in ("unknown", "peer")])
def test_a_name_and_a_sentence_tell_the_kind(name: str, tmp_path: Path):
    rule, message, wanted = SENTENCES[name]
    names = {"R0001": "Unexpected process launched", "R0010": "Unexpected Sensitive File Access"}
    names |= {"R1000": "Exec from malicious source", "R1004": "Exec from mount"}
    (event,) = read(tmp_path, table(row(names.get(rule, "A rule"), message))).events.to_dicts()
    kinds = {key: value for key, value in wanted.items() if key != "request"}
    assert {column: event[column] for column in kinds} == kinds


def test_syslog_names_the_container_and_its_own_head_the_node(tmp_path: Path):
    quoted = syslog(fix_suggestion='add \\"x\\] y\\"', comm='a \\"b\\"')
    malware = f'<3>1 {AT} web-0 web 7 - [kubecop@7 malware_name="EICAR" description="d"] Malware'
    head = "<11>2027-01-01T08:45:00Z node-a kubecop[1]: 412 "
    lines = [head + syslog(), f"412 {quoted}", "Jan  1 08:45:00 x cron: no", malware]
    reading = read(tmp_path, "\n".join(lines))
    first, second = reading.events.to_dicts()
    assert {column: first[column] for column in SAME} == SAME
    assert (first["host"], second["host"], second["comm"]) == ("node-a", "unknown", 'a "b"')
    assert reading.beside == {"an alert about a file, of no process": 1}
    assert reading.rejects["line"].to_list() == [3]


def test_a_table_of_nothing_and_a_capture_of_all(tmp_path: Path):
    (tmp_path / "a.csv").write_text(table(row("Unexpected process launched", "x")))
    (tmp_path / "b.log").write_text(syslog())
    (tmp_path / "c.json").write_text(posted(FLAT))
    import_capture("auto", [tmp_path], tmp_path / "c")
    events = open_capture(tmp_path / "c").events().collect()
    assert events["host"].to_list() == ["node-a"] * 3 and events["process_id"].n_unique() == 1
    with pytest.raises(Exception, match="no record|not a log"):
        SENSORS["kubescape"].read(_written(tmp_path / "d.csv", table()))


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
