"""Findings that stand alone: what comes of the capture, what engines said, and no secret in either."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest

from rtml.captures.audit import AUDIT
from rtml.captures.processes import PROCESSES
from rtml.findings.context import MOST_NAMED, MOST_PARENTS, MOST_SHOWN, with_context
from rtml.findings.exports import EXPORTS, HERE
from rtml.findings.importing import read_alerts
from rtml.findings.redaction import HIDDEN, without_secrets
from rtml.schema import FINDINGS, POLARS, conform
from tests.findings.validators import VALIDATORS
from tests.test_cli import rtml

AT = dt.datetime(2026, 1, 1, 10, tzinfo=dt.UTC)


def second(number: float) -> dt.datetime:
    return AT + dt.timedelta(seconds=number)


def events(*rows: dict[str, object]) -> pl.LazyFrame:
    base = {"host": "n1", "kind": "exec", "container_id": "c1"}
    filled = [{**base, "seq": i, "time": second(i), **row} for i, row in enumerate(rows)]
    schema = {name: pl.String() if kind == pl.Categorical() else kind for name, kind in POLARS.items()}
    return conform(pl.DataFrame(filled, schema=schema)).lazy()


def processes(*rows: dict[str, object]) -> pl.LazyFrame:
    filled = [{"host": "n1", "container_id": "c1", "since": AT, "root_id": 1, **row} for row in rows]
    return conform(pl.DataFrame(filled, schema=dict(PROCESSES)), PROCESSES).lazy()


def finding(*seqs: int, **facts: object) -> pl.DataFrame:
    shown = [{"host": "n1", "seq": seq} for seq in seqs] or None
    row = {
        "finding_id": "f",
        "container_id": "c1",
        "host": "n1",
        "evidence": shown,
        "last_seen": second(9),
        **facts,
    }
    return conform(pl.DataFrame([row], schema=dict(FINDINGS)), FINDINGS)


CHAIN = processes(
    {"process_id": 1, "pid": 100, "uid": 33, "exe": "/usr/sbin/nginx", "cmdline": "nginx -g x"},
    {"process_id": 2, "pid": 101, "parent_id": 1, "uid": 33, "exe": "/bin/sh", "cmdline": "sh -c 'id; nc'"},
    {"process_id": 3, "pid": 102, "parent_id": 2, "uid": 33, "exe": "/bin/sh", "cmdline": "sh -c 'id; nc'"},
    {
        "process_id": 3,
        "pid": 102,
        "parent_id": 2,
        "uid": 33,
        "since": second(2),
        "exe": "/bin/nc",
        "cmdline": "nc x",
    },
    {"process_id": 4, "pid": 103, "parent_id": 4, "exe": "/bin/own", "cmdline": "own"},
)


def test_who_did_it_under_whom_and_what_was_reached():
    happened = events(
        {
            "process_id": 3,
            "kind": "connect",
            "dst_ip": "10.0.0.7",
            "dst_port": 99,
            "seq": 5,
            "time": second(5),
        },
        {"process_id": 3, "kind": "open", "path": "/etc/shadow", "seq": 6, "time": second(6)},
        {"process_id": 1, "kind": "open", "path": "/never/asked", "seq": 7, "time": second(7)},
    )
    row = with_context(finding(5, 6), happened, CHAIN).row(0, named=True)
    assert (row["pid"], row["user"], row["exe"], row["cmdline"]) == (102, "33", "/bin/nc", "nc x")
    assert [parent["exe"] for parent in row["parents"]] == ["/bin/sh", "/usr/sbin/nginx"]
    assert row["destinations"] == ["10.0.0.7:99"] and row["files"] == ["/etc/shadow"]
    assert [(event["seq"], event["kind"]) for event in row["events"]] == [(5, "connect"), (6, "open")]


def test_a_process_is_what_it_was_at_the_time_not_what_it_became():
    row = with_context(finding(0), events({"process_id": 3, "time": second(1)}), CHAIN).row(0, named=True)
    assert row["exe"] == "/bin/sh" and row["events"][0]["cmdline"] == "sh -c 'id; nc'"


def test_without_events_the_process_that_is_named_is_described():
    row = with_context(finding(process_id=2), events(), CHAIN).row(0, named=True)
    assert row["exe"] == "/bin/sh" and [parent["pid"] for parent in row["parents"]] == [100]
    assert row["events"] is None


def test_one_that_is_its_own_parent_has_none():
    assert with_context(finding(process_id=4), events(), CHAIN)["parents"].to_list() == [None]


def test_a_long_chain_and_many_events_are_cut():
    many = 40
    chain = processes(
        *({"process_id": i, "pid": i, "parent_id": i - 1, "exe": f"/{i}"} for i in range(1, many))
    )
    seen = events(*({"process_id": many - 1, "path": f"/f{i}"} for i in range(many)))
    row = with_context(finding(*range(many)), seen, chain).row(0, named=True)
    assert len(row["parents"]) == MOST_PARENTS and row["parents"][0]["pid"] == many - 2
    assert len(row["events"]) == MOST_SHOWN and len(row["files"]) == MOST_NAMED
    assert [event["seq"] for event in row["events"]] == list(range(MOST_SHOWN))


def test_rows_and_what_is_known_stay():
    first = with_context(finding(0), events({"process_id": 3}), CHAIN)
    several = pl.concat([first, finding(finding_id="g"), first])
    again = with_context(several, events({"process_id": 1, "seq": 99}), CHAIN)
    assert again["finding_id"].to_list() == ["f", "g", "f"] and again[0].equals(first)
    assert with_context(several[:0], events(), CHAIN).equals(several[:0])


def test_events_of_another_host_with_the_same_number_are_not_taken():
    row = with_context(finding(0), events({"process_id": 3, "host": "n2"}), CHAIN).row(0, named=True)
    assert row["events"] is None


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("mysql -uroot -phunter2 db", "hunter2"),
        ("PGPASSWORD=hunter2 psql", "hunter2"),
        ("app --db-password 'two words' --x", "two words"),
        ("app --api-key=hunter2", "hunter2"),
        ('curl -d {"client_secret": "hunter2"} http://x', "hunter2"),
        ("curl -H Authorization:\\ Bearer\\ x -u bob:hunter2 http://x", "hunter2"),
        ("curl -H 'Authorization: Bearer hunter2abc'", "hunter2"),
        ("git clone https://bob:hunter2@host/x", "hunter2"),
        ("aws configure set aws_secret_access_key hunter2", None),
        ("echo AKIAABCDEFGHIJKLMNOP", "AKIAABCDEFGHIJKLMNOP"),
        ("x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdef", "eyJhbGci"),
        ("redis-cli -h x -a hunter2 ping", "hunter2"),
        ("export GITHUB_TOKEN=abc && id", "abc"),
    ],
)
def test_secrets_are_hidden(line: str, secret: str | None):
    shown = without_secrets(line)
    assert secret is None or (secret not in shown and HIDDEN in shown)


@pytest.mark.parametrize(
    "line",
    [
        "mkdir -p /srv/x",
        "nmap -p1-1000 10.0.0.7",
        "cat /etc/passwd",
        "passwd root",
        "sh -c 'echo Y3VybCBodHRw | base64 -d'",
        "curl http://10.0.0.7:8000/a.sh -o /tmp/a",
        "app --ask-pass --user bob",
        "kubectl get secret web -o yaml",
    ],
)
def test_what_is_no_secret_stays(line: str):
    assert without_secrets(line) == line


ALERTS = {
    "falco": {
        "rule": "Shell",
        "time": "2026-01-01T10:00:01Z",
        "priority": "Error",
        "output": "Shell (command=sh --password hunter2)",
        "output_fields": {
            "container.id": "c1",
            "proc.cmdline": "sh --password hunter2",
            "proc.exepath": "/bin/sh",
            "user.name": "bob",
            "proc.pid": 7,
            "fd.rip": "10.0.0.7",
            "fd.rport": "99",
        },
    },
    "tetragon": {
        "time": "2026-01-01T10:00:01Z",
        "aggregation_info": {"count": "5"},
        "process_kprobe": {
            "policy_name": "p",
            "message": "Shell",
            "process": {
                "docker": "c1",
                "binary": "/bin/sh",
                "arguments": "--password hunter2",
                "uid": 33,
                "pid": 7,
            },
        },
    },
    "tracee": {
        "timestamp": 1_767_261_601_000_000_000,
        "eventName": "dropped",
        "containerId": "c1",
        "userId": 33,
        "hostProcessId": 7,
        "executable": "/bin/sh",
        "args": [{"name": "argv", "value": ["sh", "--password", "hunter2"]}],
        "metadata": {"Properties": {"Severity": 3, "signatureName": "Shell"}},
    },
}


@pytest.mark.parametrize("engine", ALERTS)
def test_imported_alerts_keep_what_their_engine_said(engine: str, tmp_path: Path):
    file = tmp_path / "alerts.jsonl"
    file.write_text(json.dumps(ALERTS[engine]) + "\n")
    row = read_alerts(file, engine).findings.row(0, named=True)
    assert row["output"].startswith("Shell") and row["exe"] == "/bin/sh" and row["pid"] == 7
    assert row["cmdline"].endswith("--password *****") and row["user"] in ("bob", "33")
    assert "hunter2" not in str(row)
    assert row["count"] == (5 if engine == "tetragon" else 1)
    assert row["destinations"] == (["10.0.0.7:99"] if engine == "falco" else None)


def test_the_command_line_fills_findings_from_a_capture(tmp_path: Path):
    place = "datasets/lab-v1/capture"
    done = rtml("rules", place, "--out", tmp_path / "rules.parquet")
    assert done.returncode == 0, done.stderr
    whole = pl.read_parquet(tmp_path / "rules.parquet")
    assert whole["cmdline"].null_count() == 0 and whole["events"].null_count() == 0
    bare = whole.with_columns(
        pl.lit(None).cast(FINDINGS[name]).alias(name) for name in ("cmdline", "events", "parents")
    )
    bare.write_parquet(tmp_path / "bare.parquet")
    done = rtml(
        "findings",
        "export",
        tmp_path / "bare.parquet",
        "--format",
        "parquet",
        "--capture",
        place,
        "--out",
        tmp_path / "full.parquet",
    )
    assert done.returncode == 0, done.stderr
    assert pl.read_parquet(tmp_path / "full.parquet").equals(whole)


def test_calls_of_the_api_say_what_was_asked_and_by_whom():
    call = {"host": "n1", "seq": 0, "verb": "create", "resource": "pods", "subresource": "exec", "code": 101}
    call |= {
        "object_namespace": "shop",
        "object_name": "web-1",
        "username": "alice",
        "uri": "/x?token=hunter2",
    }
    audit = conform(pl.DataFrame([call]), AUDIT).lazy()
    about = finding(0, type="Execution:Kubernetes/ExecInPod", actor="alice")
    row = with_context(about, events({"kind": "audit"}), CHAIN, audit)
    event = row["events"][0][0]
    assert (event["request"], event["user"]) == ("create pods/exec shop/web-1 101", "alice")
    assert "hunter2" not in str(row.to_dicts())
    sent = VALIDATORS["guardduty"](EXPORTS["guardduty"].write(row, HERE))[0]["service"]["action"]
    assert sent["kubernetesApiCallAction"] == {
        "verb": "create",
        "resource": "pods",
        "subresource": "exec",
        "namespace": "shop",
        "resourceName": "web-1",
        "statusCode": 101,
    }
