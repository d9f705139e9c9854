"""Sinks: batches, retries, the spool, what each receiver gets; against receivers that fail on purpose."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import stamina
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from rtml.errors import RtmlError, UsageError
from rtml.findings.exports import HERE, rows_of
from rtml.findings.sinks import SINKS
from rtml.findings.sinks.contract import Sink, Undelivered
from rtml.findings.sinks.delivering import Sent, send
from tests.findings import receivers, validators
from tests.findings.odd_findings import EVERYTHING, MODEL, RULE, SECRETS, many, table

KEYS = {"RTML_WEBHOOK_SECRET": "k3y-of-the-hook", "RTML_SPLUNK_TOKEN": "t0ken-of-splunk"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)


@pytest.fixture
def receiver() -> Iterator[receivers.Receiver]:
    with receivers.http() as one:
        yield one


def bulk(body: bytes) -> dict[str, object]:
    return {"errors": False, "items": [{"index": {"status": 201}}] * (body.count(b"\n") // 2)}


def target_of(name: str, receiver: receivers.Receiver) -> str:
    if name == "elasticsearch":
        receiver.usual = bulk
        return f"{receiver.url}/findings"
    return receiver.url


HTTP = ["falcosidekick", "webhook", "splunk", "elasticsearch", "otlp"]


@pytest.mark.parametrize("name", HTTP)
def test_everything_arrives_once_though_the_receiver_fails_now_and_then(
    name: str, receiver: receivers.Receiver, tmp_path: Path
):
    target = target_of(name, receiver)
    receiver.answers += [(503, {}), (429, {})]
    sent = send(EVERYTHING, SINKS[name], target, tmp_path, HERE)
    assert (sent.delivered, sent.kept) == (EVERYTHING["finding_id"].n_unique(), 0)
    again = send(EVERYTHING, SINKS[name], target, tmp_path, HERE)
    assert again == Sent(0, sent.delivered, 0, {})
    ids = b"".join(receiver.accepted).decode()
    plain = [row["finding_id"] for row in rows_of(EVERYTHING) if row["finding_id"].startswith("f-")]
    assert len(plain) > 5 and all(one in ids for one in plain)
    assert not any(key in ids for key in (*SECRETS, *KEYS.values()))


@pytest.mark.parametrize("name", HTTP)
def test_what_is_undelivered_is_kept_with_its_reason_and_sent_later(
    name: str, receiver: receivers.Receiver, tmp_path: Path
):
    target = target_of(name, receiver)
    receiver.answers += [(403, {})] * 3
    sent = send(many(5), SINKS[name], target, tmp_path, HERE)
    assert sent.kept > 0 and list(sent.reasons) == ["127.0.0.1: answered 403"]
    kept = pl.read_parquet(next(tmp_path.glob(f"{name}-*.parquet")))
    assert kept.height == sent.kept and set(kept["reason"]) == {"127.0.0.1: answered 403"}
    receiver.answers.clear()
    later = send(many(1), SINKS[name], target, tmp_path, HERE)
    assert later.kept == 0 and sent.delivered + later.delivered == 5
    assert not list(tmp_path.glob("*.parquet"))


@pytest.mark.parametrize("status", [400, 401, 403, 413, 302])
def test_what_trying_again_cannot_mend_is_tried_once(
    status: int, receiver: receivers.Receiver, tmp_path: Path
):
    receiver.answers += [(status, {})]
    sent = send(many(1), SINKS["otlp"], receiver.url, tmp_path, HERE)
    assert sent.kept == 1 and len(receiver.seen) == 1, "no retry, and no redirect is followed"


@pytest.mark.parametrize("status", [0, 408, 429, 500, 502, 503, 504])
def test_what_trying_again_may_mend_is_tried_again(status: int, receiver: receivers.Receiver, tmp_path: Path):
    receiver.answers += [(status, {})] * 2
    assert send(many(1), SINKS["otlp"], receiver.url, tmp_path, HERE).delivered == 1
    assert len(receiver.seen) == 3


def test_a_receiver_that_is_gone_is_not_tried_for_every_batch(tmp_path: Path):
    with receivers.http() as gone:
        pass
    sent = send(many(50), SINKS["falcosidekick"], gone.url, tmp_path, HERE)
    assert sent == Sent(0, 0, 50, {"127.0.0.1: ConnectError": 50})


def test_a_changed_finding_is_an_update_and_the_same_one_is_not(receiver: receivers.Receiver, tmp_path: Path):
    target = target_of("elasticsearch", receiver)
    for count, delivered in ((3, 1), (3, 0), (4, 1)):
        sent = send(table({**RULE, "count": count}), SINKS["elasticsearch"], target, tmp_path, HERE)
        assert sent.delivered == delivered
    ids = [json.loads(body.split(b"\n")[0])["index"]["_id"] for body in receiver.accepted]
    assert ids == ["f-rule", "f-rule"]


def test_what_a_sink_does_not_say_is_no_update(receiver: receivers.Receiver, tmp_path: Path):
    """Numbers of events change when captures join: ECS has none of them, a file of OCSF has."""
    moved = [table({**RULE, "evidence": [{"host": "h", "seq": seq}]}) for seq in (1, 2)]
    search, file = target_of("elasticsearch", receiver), str(tmp_path / "f.jsonl")
    for name, target, again in (("elasticsearch", search, 0), ("file", file, 1)):
        sent = [send(findings, SINKS[name], target, tmp_path, HERE).delivered for findings in moved]
        assert sent == [1, again], name


def test_documents_that_elasticsearch_refuses_alone_are_kept_alone(
    receiver: receivers.Receiver, tmp_path: Path
):
    items = [{"index": {"status": 201}}, {"index": {"status": 400, "error": {}}}, {"index": {"status": 201}}]
    receiver.answers += [(200, {"errors": True, "items": items})]
    sent = send(many(3), SINKS["elasticsearch"], f"{receiver.url}/findings", tmp_path, HERE)
    assert (sent.delivered, sent.reasons) == (2, {"Elasticsearch answered 400": 1})


@pytest.mark.parametrize("answer", [{}, [], {"items": []}, {"items": [{}]}, None])
def test_an_answer_that_is_none_of_elasticsearch_delivers_nothing(
    answer: object, receiver: receivers.Receiver, tmp_path: Path
):
    receiver.answers += [(200, answer)]
    assert send(many(1), SINKS["elasticsearch"], f"{receiver.url}/findings", tmp_path, HERE).kept == 1


def test_the_webhook_is_signed_and_the_signature_can_be_checked(receiver: receivers.Receiver, tmp_path: Path):
    send(table(RULE, MODEL), SINKS["webhook"], receiver.url, tmp_path, HERE)
    _, headers, body = receiver.seen[0]
    named = {key.lower(): value for key, value in headers.items()}
    signed = f"{named['webhook-id']}.{named['webhook-timestamp']}.".encode() + body
    digest = hmac.new(KEYS["RTML_WEBHOOK_SECRET"].encode(), signed, hashlib.sha256).digest()
    assert named["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    validators.ocsf("".join(f"{json.dumps(event)}\n" for event in json.loads(body)).encode())


def test_falcosidekick_gets_events_of_falco(receiver: receivers.Receiver, tmp_path: Path):
    send(EVERYTHING, SINKS["falcosidekick"], receiver.url, tmp_path, HERE)
    events = [json.loads(body) for body in receiver.accepted]
    wanted = {"uuid", "output", "priority", "rule", "time", "output_fields", "source", "tags", "hostname"}
    assert all(event.keys() == wanted and event["output_fields"] for event in events)
    assert all(isinstance(v, str | int | float) for event in events for v in event["output_fields"].values())
    rules = [event["rule"] for event in events]
    assert "Execution:Runtime/ReverseShell" in rules
    assert "anomaly: Execution:Runtime/AnomalousBehavior.ReverseShell" in rules


def test_splunk_gets_objects_one_after_the_other(receiver: receivers.Receiver, tmp_path: Path):
    send(many(3), SINKS["splunk"], receiver.url, tmp_path, HERE)
    path, headers, body = receiver.seen[0]
    assert path == "/services/collector/event" and headers["Authorization"] == "Splunk t0ken-of-splunk"
    events = [json.loads(line) for line in body.decode().splitlines()]
    assert len(events) == 3 and all(1.7e9 < event["time"] < 2e9 for event in events)


def test_a_collector_can_read_the_logs_and_may_reject_some(receiver: receivers.Receiver, tmp_path: Path):
    receiver.answers += [(200, {"partialSuccess": {"rejectedLogRecords": "1"}})]
    assert send(many(2), SINKS["otlp"], receiver.url, tmp_path, HERE).kept == 2
    send(EVERYTHING, SINKS["otlp"], receiver.url, tmp_path, HERE)
    for _, _, body in receiver.seen:
        request = ParseDict(json.loads(body), ExportLogsServiceRequest())
        records = request.resource_logs[0].scope_logs[0].log_records
        assert all(record.severity_number and record.body.string_value for record in records)


def test_syslog_over_tcp_counts_octets_and_over_udp_sends_datagrams(tmp_path: Path):
    with receivers.tcp() as (port, got):
        sent = send(EVERYTHING, SINKS["syslog"], f"tcp://127.0.0.1:{port}", tmp_path, HERE)
        for _ in range(100):
            if b"".join(got).count(b"CEF:0|") == sent.delivered:
                break
            time.sleep(0.05)
        rest, messages = b"".join(got), []
        while rest:
            length, _, rest = rest.partition(b" ")
            messages.append(rest[: int(length)])
            rest = rest[int(length) :]
    assert len(messages) == sent.delivered == EVERYTHING["finding_id"].n_unique()
    pattern = rb"<1[23]\d>1 \d{4}-\d\d-\d\dT[\d:.]+Z [!-~]+ rtml - [!-~]+ - CEF:0\|"
    assert all(re.match(pattern, message) and b"\n" not in message for message in messages)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        send(table(RULE), SINKS["syslog"], f"udp://127.0.0.1:{server.getsockname()[1]}", tmp_path, HERE)
        assert re.match(pattern, server.recv(65536))


def test_a_file_gets_lines_once(tmp_path: Path):
    target = tmp_path / "out/findings.jsonl"
    for _ in range(2):
        send(EVERYTHING, SINKS["file"], str(target), tmp_path / "spool", HERE)
    assert len(validators.ocsf(target.read_bytes())) == EVERYTHING["finding_id"].n_unique()
    target.unlink()
    target.mkdir()
    sent = send(many(1), SINKS["file"], str(target), tmp_path / "spool", HERE)
    assert sent.kept == 1 and "Is a directory" in next(iter(sent.reasons))


@pytest.mark.parametrize(
    ("name", "target", "hint"),
    [
        ("webhook", "ftp://x/", "must be like https"),
        ("webhook", "https://bob:hunter2@x/", "no user and no password"),
        ("webhook", "", "must be like https"),
        ("elasticsearch", "http://x", "INDEX"),
        ("elasticsearch", "http://x/Bad Index", "INDEX"),
        ("syslog", "http://x", "tcp://host"),
        ("syslog", "", "tcp://host"),
        ("file", "", "like file="),
        ("file", "s3://x/y", "like file="),
        ("securityhub", "europe", "no region"),
        ("eventbridge", "", "like eventbridge="),
        ("securitylake", "bucket", "s3://BUCKET"),
    ],
)
def test_a_target_that_is_none_is_named_before_anything_is_sent(
    name: str, target: str, hint: str, tmp_path: Path
):
    with pytest.raises(UsageError, match=re.escape(hint)) as raised:
        send(many(1), SINKS[name], target, tmp_path, HERE)
    assert "hunter2" not in str(raised.value) and not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["webhook", "splunk"])
def test_a_secret_is_asked_of_the_environment(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for key in SINKS[name].secrets:
        monkeypatch.delenv(key)
    with pytest.raises(UsageError, match=r"set RTML_\w+ in the environment"):
        send(many(1), SINKS[name], "http://127.0.0.1:1", tmp_path, HERE)


def test_a_killed_process_leaves_half_a_line_and_nothing_is_lost(tmp_path: Path):
    target = tmp_path / "f.jsonl"
    send(many(2), SINKS["file"], str(target), tmp_path, HERE)
    ledger = next(tmp_path.glob("file-*.delivered.jsonl"))
    ledger.write_bytes(ledger.read_bytes()[:-20])
    sent = send(many(3), SINKS["file"], str(target), tmp_path, HERE)
    assert (sent.delivered, sent.known) == (2, 1), "at least once: the batch without a line comes again"
    assert send(many(3), SINKS["file"], str(target), tmp_path, HERE).delivered == 0


def test_two_at_once_out_of_one_spool_are_refused(tmp_path: Path):
    def deliver(rows: object) -> dict[int, str]:
        with pytest.raises(RtmlError, match="another process sends to slow"):
            send(many(1), slow, "x", tmp_path, HERE)
        raise Undelivered("no")

    slow = Sink("slow", "", 10, lambda target, origin: deliver)
    assert send(many(1), slow, "x", tmp_path, HERE).kept == 1


def test_the_command_sends_keeps_and_tells(receiver: receivers.Receiver, tmp_path: Path):
    from tests.test_cli import rtml

    many(3).write_parquet(tmp_path / "f.parquet")
    asked = ("findings", "send", tmp_path / "f.parquet", "--spool", tmp_path / "spool", "--to")
    receiver.answers += [(403, {})]
    done = rtml(*asked, f"otlp={receiver.url}")
    assert done.returncode == 1 and "3 findings kept in" in done.stderr and "answered 403" in done.stderr
    done = rtml(*asked, f"otlp={receiver.url}")
    assert done.returncode == 0 and "3 findings delivered" in done.stdout
    done = rtml(*asked, f"otlp={receiver.url}")
    assert done.returncode == 0 and "3 had arrived before" in done.stdout and len(receiver.accepted) == 1
    done = rtml(*asked, "oltp=http://x")
    assert done.returncode == 2 and "did you mean 'otlp'?" in done.stderr
    done = rtml(*asked, "stdout")
    assert done.returncode == 0 and len(validators.ocsf(done.stdout.encode())) == 3
    assert os.environ["RTML_SPLUNK_TOKEN"] not in done.stdout + done.stderr
