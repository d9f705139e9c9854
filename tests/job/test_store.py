"""Captures and results in a store: moto's server, asked over HTTP as S3 is."""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import polars as pl
import pytest
from moto.server import ThreadedMotoServer

from rtml.captures import Capture
from rtml.errors import RtmlError, UsageError
from rtml.job import alone as locks
from rtml.job.alone import Busy, alone
from rtml.job.places import place_at
from rtml.job.running import job_of, run, run_job
from tests.job.conftest import OURS, contents, cut, some_edges
from tests.job.delivered import meant, quick_retries, three_sinks
from tests.job.killing import kill_at_random, words

TURNS = ("webhook", "file", "elasticsearch")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    yield "http://{}:{}".format(*moto.get_host_and_port())
    moto.stop()


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    settings = {
        "ACCESS_KEY_ID": "t",
        "SECRET_ACCESS_KEY": "t",
        "ENDPOINT_URL": server,
        "DEFAULT_REGION": "us-east-1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    name = f"bucket-{random.getrandbits(40):x}"
    boto3.client("s3").create_bucket(Bucket=name)
    return name


def put(folder: Path, url: str) -> None:
    place = place_at(url)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            place.write(path.relative_to(folder).as_posix(), path)


def got(url: str, folder: Path) -> Path:
    place = place_at(url)
    for entry in place.entries():
        (folder / entry.name).parent.mkdir(parents=True, exist_ok=True)
        (folder / entry.name).write_bytes(place.read(entry.name) or b"")
    return folder


def test_from_a_store_into_a_store(bucket: str, night: Capture, folder: Path, tmp_path: Path):
    pieces = cut(night, tmp_path / "in", some_edges(night, 3, 17))
    here = run_job([str(tmp_path / "in")], folder, tmp_path / "here")
    for piece in pieces:
        put(piece, f"s3://{bucket}/captures/{piece.name}")
        run_job([f"s3://{bucket}/captures"], folder, f"s3://{bucket}/scored")
    there = got(f"s3://{bucket}/scored", tmp_path / "there")
    tables = {
        name: digest for name, digest in contents(tmp_path / "here").items() if name.endswith(".parquet")
    }
    found = contents(there)
    assert {name: digest for name, digest in found.items() if name.endswith(".parquet")} == tables
    assert not [name for name in found if ".lock" in name or ".work" in name]
    told = run_job([f"s3://{bucket}/captures/part-*"], folder, f"s3://{bucket}/scored")
    assert told["findings"] == here["findings"]
    assert not list(Path().glob("s3:*"))


@pytest.mark.parametrize("out", ["s3:/bucket/x", "ftp://host/x", "S3x://bucket/x"])
def test_a_store_that_is_none_is_refused(out: str, night: Capture, folder: Path):
    with pytest.raises(UsageError, match="no such store; known: s3://"):
        run_job([night.path], folder, out)
    assert not Path(out.partition("/")[0]).exists()


def test_one_job_at_a_time_and_a_dead_one_for_two_minutes(bucket: str, monkeypatch: pytest.MonkeyPatch):
    out = place_at(f"s3://{bucket}/scored")
    with alone(out), pytest.raises(Busy, match="already"), alone(out):
        pass
    with alone(out):
        pass
    out.write(f"{locks.LOCK}/dead", b"{}")
    with pytest.raises(Busy), alone(out):
        pass
    monkeypatch.setattr(locks, "STALE", 0.5)
    time.sleep(1.6)  # times of a store are whole seconds
    with alone(out):
        assert len(list(out.entries(locks.LOCK))) == 1


def test_a_store_that_does_not_answer_is_said(bucket: str, folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(RtmlError, match=f"s3://{bucket}/(in|out).*NETWORK"):
        run_job([f"s3://{bucket}/in"], folder, f"s3://{bucket}/out")


def test_a_capture_that_the_store_does_not_give_waits(
    bucket: str, night: Capture, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The store fails for one capture each time: bounded retries, the rest is done, the next run takes it."""
    pieces = cut(night, tmp_path / "in", some_edges(night, 3, 19))
    for piece in pieces:
        put(piece, f"s3://{bucket}/captures/{piece.name}")
    read, asked = type(place_at("/x")).read, []

    def failing(self, name: str) -> bytes | None:
        if "part-01" in self.url:
            asked.append(name)
            raise OSError("AWS Error REQUEST_TIMEOUT during GetObject operation")
        return read(self, name)

    out = tmp_path / "out"
    with monkeypatch.context() as broken:
        broken.setattr(type(place_at("/x")), "read", failing)
        ran = run(job_of([f"s3://{bucket}/captures"], folder, out))
    (fault,) = ran.result["aside"]
    assert "REQUEST_TIMEOUT" in fault["reason"] and 3 <= len(asked) <= 4
    assert ran.result["windows"] > 0
    assert run(job_of([f"s3://{bucket}/captures"], folder, out)).complete
    run_job([f"s3://{bucket}/captures"], folder, tmp_path / "one")
    assert contents(out) == contents(tmp_path / "one")


def test_a_day_of_hours_with_kills_ends_as_one_run_and_each_finding_is_delivered_once(
    bucket: str, night: Capture, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """An hourly job of model and rules, a growing bucket, kills now and then; sinks take turns in failing."""
    monkeypatch.setenv("RTML_WEBHOOK_SECRET", "k3y")
    draw, captures, out = random.Random(23), f"s3://{bucket}/captures", tmp_path / "scored"
    pieces = cut(night, tmp_path / "in", some_edges(night, 6, 23))
    late, told, kept = pieces.pop(1), set[str](), dict.fromkeys(TURNS, 0)
    with three_sinks(tmp_path) as sinks, quick_retries():
        for hour, piece in enumerate([*pieces, late]):
            put(piece, f"{captures}/{piece.name}")
            if hour % 2:
                kill_at_random(words([captures], folder, str(out), "--rules"), draw, 4.0)
            run_job([captures], folder, out, rules=OURS)
            findings = pl.read_parquet(out / "findings.parquet")
            told |= set(findings["finding_id"])
            with sinks.failing(TURNS[hour % 3]):
                sent = sinks.send(findings)
            kept = {name: kept[name] + sent[name].kept for name in TURNS}
        sinks.send(findings)
        arrived = sinks.arrived()
    run_job([captures], folder, tmp_path / "one", rules=OURS)
    assert contents(out) == contents(tmp_path / "one")
    assert min(kept.values()) > 0, "a sink never failed"
    assert findings["finding_id"].n_unique() == findings.height > 10
    for name, contents_ in meant(findings).items():
        once = [(uid, json.dumps(content, sort_keys=True)) for uid, content in arrived[name]]
        assert len(set(once)) == len(once), f"{name} got the same twice"
        assert {uid for uid, _ in once} == told, f"{name} lacks some, or has others"
        assert {uid: content for uid, content in arrived[name] if uid in contents_} == contents_
    assert not list((tmp_path / "spool").glob("*.parquet"))
