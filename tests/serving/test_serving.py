"""Batches over HTTP: what was answered is in the capture, once; whoever is refused is told why."""

from __future__ import annotations

import gzip
import json
import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

pytest.importorskip("starlette", reason="rtml[serve] is not installed")
pytest.importorskip("uvicorn", reason="rtml[serve] is not installed")

from rtml.captures import check_capture, open_capture
from rtml.captures.following.follow import Pulse, follow
from tests.serving.running import OTHER, PROD, TOKEN, Served, lines, served

SMALL = {"body": 300_000, "unpacked": 600_000, "waiting": 3_000_000, "patience": 1.5, "captures": 40}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with two clients and small bounds."""
    with served(tmp_path_factory.mktemp("served") / "out", limits=SMALL) as running:
        yield running


def events_of(server: Served, wanted: int, folder: str = "111/prod-1/falco") -> pl.DataFrame:
    """Events of a capture, once it has as many as were sent."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if (server.out / folder / "capture.json").is_file():
            found = open_capture(server.out / folder).events().collect()
            if found.height >= wanted:
                return found
        time.sleep(0.2)
    raise AssertionError(f"{folder} did not come to {wanted} events")


def where(cluster: str) -> dict[str, str]:
    return {**PROD, "cluster": cluster}


def test_batches_are_the_capture_that_following_makes(server: Served, tmp_path: Path):
    raw = [lines(40, first=40 * i) for i in range(10)]
    for part in raw:
        answer = server.post(part, params=where("prod-same"))
        assert (answer.status_code, answer.json()["lines"], answer.json()["rejected"]) == (200, 40, 0)
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(raw))
    os.utime(log, (time.time() - 60, time.time() - 60))  # nobody writes it any more
    follow("falco", str(log), tmp_path / "c", Pulse(once=True, sleep=0.01))
    sent = events_of(server, 400, "111/prod-same/falco")
    followed = open_capture(tmp_path / "c").events().collect()
    assert sent["account"].unique().to_list() == ["111"]
    assert sent["cluster"].unique().to_list() == ["prod-same"]
    plain = pl.all().exclude("account", "cluster", "seq")
    cast = pl.col(pl.Categorical).cast(pl.String)
    ours, theirs = (rows.with_columns(cast).select(plain).sort("time", "pid") for rows in (sent, followed))
    assert ours.equals(theirs)
    kept = open_capture(server.out / "111/prod-same/falco")
    assert [c.name for c in check_capture(kept) if c.grave and not c.ok] == []


def test_rejects_are_kept_and_told_of_their_own_batch(server: Served):
    def send(number: int) -> dict[str, object]:
        odd = b"no json\n" * (number % 3)
        return server.post(lines(5, first=5 * number) + odd, params=where("prod-odd")).json()

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(send, range(24)))
    assert [answer["rejected"] for answer in told] == [number % 3 for number in range(24)]
    assert all(answer["reasons"] == {"not JSON": answer["rejected"]} for answer in told if answer["rejected"])
    events_of(server, 120, "111/prod-odd/falco")
    manifest = open_capture(server.out / "111/prod-odd/falco").manifest
    assert (manifest.events, manifest.rejected) == (120, 24)


def test_a_batch_of_nothing_but_rejects_is_refused_and_kept(server: Served):
    answer = server.post(b'{"a": 1}\n', params=where("prod-none"))
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("nothing of this batch could be read: 1 of 1 lines")


def test_a_batch_that_is_sent_again_is_taken_once(server: Served):
    key, target = {"Idempotency-Key": "b-1"}, where("prod-again")
    first = server.post(lines(7), headers=key, params=target).json()
    again = server.post(lines(7), headers=key, params=target).json()
    assert (first["repeated"], again["repeated"], again["lines"]) == (False, True, 7)
    other = server.post(lines(8), headers=key, params=target)
    assert other.status_code == 422
    assert "other content" in other.json()["error"]
    with ThreadPoolExecutor(8) as pool:
        both = {"Idempotency-Key": "b-2"}
        told = list(pool.map(lambda _: server.post(lines(3, 100), headers=both, params=target), range(8)))
    assert sorted(answer.json()["repeated"] for answer in told) == [False] + [True] * 7
    assert events_of(server, 10, "111/prod-again/falco").height == 10


def _otlp(raw: bytes) -> dict[str, object]:
    records = [{"body": {"stringValue": line.decode()}} for line in raw.splitlines()]
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}


def test_logs_of_opentelemetry_are_the_same_events(server: Served):
    service = pytest.importorskip("opentelemetry.proto.collector.logs.v1.logs_service_pb2")
    from google.protobuf.json_format import ParseDict

    json_type, binary = {"Content-Type": "application/json"}, {"Content-Type": "application/x-protobuf"}
    target = where("prod-otlp")
    body = json.dumps(_otlp(lines(4) + b"odd\n")).encode()
    told = server.post(body, path="/v1/logs", headers=json_type, params=target)
    assert told.json()["partialSuccess"]["rejectedLogRecords"] == "1"
    message = ParseDict(_otlp(lines(3, 50)), service.ExportLogsServiceRequest()).SerializeToString()
    packed = {**binary, "Content-Encoding": "gzip"}
    answer = server.post(gzip.compress(message), path="/v1/logs", headers=packed, params=target)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "application/x-protobuf"
    found = events_of(server, 7, "111/prod-otlp/falco")
    assert sorted(found["pid"]) == [*range(5000, 5004), *range(5050, 5053)]


DEEP = b'{"resourceLogs":' + b"[" * 5000 + b"]" * 5000 + b"}"
KEYS = b'{"kvlistValue":{"values":[{"key":"a","value":' * 60 + b"{}" + b"}]}}" * 60
NESTED = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":' + KEYS + b"}]}]}]}"
BOMB = gzip.compress(bytes(50_000_000))
NDJSON, ZIPPED = {"Content-Type": "application/x-ndjson"}, {"Content-Encoding": "gzip"}
HOSTILE = {
    "no token": (401, "a token is wanted", {"token": None}),
    "another token": (401, "not known", {"token": "c" * 32}),
    "a token that is no text": (
        401,
        "not known",
        {"token": None, "headers": {"Authorization": b"Bearer \x80\xff"}},
    ),
    "basic": (401, "a token is wanted", {"token": None, "headers": {"Authorization": "Basic YTpi"}}),
    "another's account": (403, "may not write for the account '222'", {"params": {**PROD, "account": "222"}}),
    "another cluster": (403, "may not write for the cluster", {"params": {**PROD, "cluster": "dev"}}),
    "another sensor": (
        403,
        "for the sensor tetragon",
        {"token": OTHER, "params": {"sensor": "tetragon", "account": "222", "cluster": "one"}},
    ),
    "which account": (
        400,
        "say for which account",
        {"token": OTHER, "params": {"sensor": "falco", "cluster": "one"}},
    ),
    "a path": (400, "no name of the account", {"params": {**PROD, "account": "../../etc"}}),
    "a path that fits": (400, "no name of the cluster", {"params": {**PROD, "cluster": "prod-/../../x"}}),
    "an absolute path": (400, "no name of the account", {"params": {**PROD, "account": "/etc"}}),
    "nothing": (400, "no name of the account", {"params": {**PROD, "account": ""}}),
    "zeros": (400, "no name of the cluster", {"params": {**PROD, "cluster": "prod-\0"}}),
    "no sensor": (400, "say which sensor", {"params": {}}),
    "no such sensor": (400, "unknown sensor", {"params": {**PROD, "sensor": "../falco"}}),
    "one that is not followed": (400, "unknown sensor", {"params": {**PROD, "sensor": "sysflow"}}),
    "another type": (415, "content type 'image/png'", {"headers": {"Content-Type": "image/png"}}),
    "another packing": (415, "content encoding 'br'", {"headers": {"Content-Encoding": "br"}}),
    "no gzip": (400, "no gzip", {"headers": ZIPPED}),
    "cut gzip": (400, "cut off", {"raw": gzip.compress(lines(9))[:-9], "headers": ZIPPED}),
    "a bomb": (413, "600,000 bytes when it is unpacked", {"raw": BOMB, "headers": ZIPPED}),
    "packed twice": (415, "packed twice", {"raw": gzip.compress(gzip.compress(b"x")), "headers": ZIPPED}),
    "packed, not said": (415, "packed twice", {"raw": BOMB, "headers": NDJSON}),
    "utf-16": (415, "not UTF-8", {"raw": "{}".encode("utf-16")}),
    "too long": (413, "at most 300,000 bytes", {"raw": b"x" * 300_001}),
    "a long key": (400, "Idempotency-Key", {"headers": {"Idempotency-Key": "k" * 201}}),
    "otlp, no json": (400, "no JSON", {"path": "/v1/logs"}),
    "otlp, a list": (400, "object with resourceLogs", {"path": "/v1/logs", "raw": b"[]"}),
    "otlp, odd": (400, "no request of OTLP", {"path": "/v1/logs", "raw": b'{"resourceLogs": 7}'}),
    "otlp, deep": (400, "JSON", {"path": "/v1/logs", "raw": DEEP}),
    "otlp, deep values": (400, "no request of OTLP", {"path": "/v1/logs", "raw": NESTED}),
    "otlp, no protobuf": (
        400,
        "(protobuf)",
        {"path": "/v1/logs", "headers": {"Content-Type": "application/x-protobuf"}, "raw": b"\xff" * 99},
    ),
    "lines as protobuf": (415, "content type", {"headers": {"Content-Type": "application/x-protobuf"}}),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_cannot_be_taken_is_refused_with_a_sentence(server: Served, case: str):
    status, sentence, asked = HOSTILE[case]
    answer = server.post(**{"raw": b"no json\n", **asked})
    assert answer.status_code == status, answer.text
    assert sentence in answer.json()["error"]
    assert "Traceback" not in answer.text
    assert server.post(lines(1), params=where("prod-alive")).status_code == 200


def test_deep_lines_are_rejects_and_stop_no_other_line(server: Served):
    deep = b'{"output_fields":' * 9_000 + b"1" + b"}" * 9_000 + b"\n"
    answer = server.post(lines(2) + deep + lines(2, 2), params=where("prod-deep"))
    assert (answer.status_code, answer.json()["lines"]) == (200, 5)
    assert events_of(server, 4, "111/prod-deep/falco").height == 4


def test_an_open_brace_of_one_client_takes_nothing_of_another(server: Served):
    target = {"sensor": "falco", "account": "team-a", "cluster": "one"}

    def send(number: int) -> int:
        raw = b'{"output": "\n' if number % 2 else lines(3, 3 * number)
        return server.post(raw, token=OTHER, params=target).json()["rejected"]

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(send, range(20)))
    assert events_of(server, 30, "team-a/one/falco").height == 30


def test_events_of_another_account_are_refused_whole_and_alone(server: Served):
    target = {"sensor": "ocsf", "account": "111", "cluster": "prod-1"}
    sample = (Path(__file__).parents[1] / "data/ocsf/events.jsonl").read_bytes()
    named = [line for line in sample.splitlines() if b'"account"' in line]
    if not named:
        pytest.skip("the sample of OCSF names no account")
    answer = server.post(b"\n".join(named), params=target)
    assert answer.status_code == 403
    assert "nothing of it was taken" in answer.json()["error"]
    assert not list((server.out / "111/prod-1/ocsf/events").rglob("*.parquet"))


def test_slow_clients_are_told_and_stop_nobody(server: Served):
    host, port = server.address.removeprefix("http://").split(":")
    idle = [socket.create_connection((host, int(port))) for _ in range(20)]
    for number, one in enumerate(idle):
        head = b"POST /v1/events?sensor=falco&account=111&cluster=prod-slow HTTP/1.1\r\nHost: x\r\n"
        if number % 2:
            one.sendall(head + f"Authorization: Bearer {TOKEN}\r\nContent-Length: 100\r\n\r\n{{".encode())
        else:
            one.sendall(head[:30])
    assert server.post(lines(1), params=where("prod-alive")).status_code == 200
    for number, one in enumerate(idle):
        one.settimeout(10)
        first = one.recv(2000)
        assert first.startswith(b"HTTP/1.1 408") if number % 2 else first == b"", first
        one.close()


def test_health_and_counts_need_no_token(server: Served):
    assert server.client.get(server.address + "/live").text == "live\n"
    assert server.client.get(server.address + "/ready").status_code == 200
    server.post(lines(3), params=where("prod-count"))
    text = server.client.get(server.address + "/metrics").text
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert int(values["rtml_serve_lines_total"]) >= 3
    assert int(values['rtml_serve_requests_total{status="200"}']) >= 1
    assert "111" not in "".join(name for name in values)


def test_a_capture_that_cannot_be_written_is_nobody_elses_loss(tmp_path: Path):
    (tmp_path / "out/111/prod-bad").mkdir(parents=True)
    (tmp_path / "out/111/prod-bad/falco").write_text("in the way")
    with served(tmp_path / "out") as server:
        bad = server.post(lines(1), params=where("prod-bad"))
        assert (bad.status_code, bad.headers["retry-after"]) == (503, "5")
        assert str(tmp_path) not in bad.text
        assert server.client.get(server.address + "/ready").status_code == 503
        assert server.post(lines(1), params=where("prod-good")).status_code == 200
        assert server.client.get(server.address + "/ready").status_code == 200
        text = server.client.get(server.address + "/metrics").text
        assert "rtml_serve_captures_failing 1" in text


def test_who_sends_too_much_is_told_when_to_come_again(tmp_path: Path):
    policy = (
        "tokens: [{name: a, env: RTML_TEST_SHOP, accounts: ['*'], clusters: ['*'], bytes_per_second: %d}]"
    )
    with served(tmp_path / "out", policy % 500, limits={"waiting": 100_000}) as server:
        long = server.post(lines(200))
        assert (long.status_code, long.headers["retry-after"]) == (429, "1")
        assert server.post(lines(30)).status_code == 200
        paced = server.post(lines(1))
        assert (paced.status_code, "500 bytes a second" in paced.text) == (429, True)
        assert int(paced.headers["retry-after"]) > 1


def test_captures_are_bounded(tmp_path: Path):
    policy = "tokens: [{name: a, env: RTML_TEST_SHOP, accounts: ['*'], clusters: ['*']}]"
    with served(tmp_path / "out", policy, limits={"captures": 2}) as server:
        answers = [server.post(lines(1), params=where(f"c{number}")).status_code for number in range(3)]
    assert answers == [200, 200, 429]
