"""Sinks of AWS, against moto's services in this process."""

from __future__ import annotations

import io
from pathlib import Path

import boto3
import polars as pl
import pytest
from moto import mock_aws

from rtml.findings.exports import HERE
from rtml.findings.sinks import SINKS
from rtml.findings.sinks.delivering import Sent, send
from tests.findings.odd_findings import MODEL, RULE, many, table


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"):
        monkeypatch.setenv(f"AWS_{name}", "testing")


@mock_aws
def test_security_hub_and_the_lake_take_what_is_sent(tmp_path: Path):
    boto3.client("securityhub", region_name="eu-west-1").enable_security_hub()
    sent = send(many(150), SINKS["securityhub"], "eu-west-1", tmp_path, HERE)
    assert sent == Sent(150, 0, 0, {})
    store = boto3.client("s3", region_name="us-east-1")
    store.create_bucket(Bucket="lake")
    for _ in range(2):
        sent = send(table(RULE, MODEL), SINKS["securitylake"], "s3://lake/ext/rtml@us-east-1", tmp_path, HERE)
    keys = [one["Key"] for one in store.list_objects_v2(Bucket="lake")["Contents"]]
    assert len(keys) == 1
    assert keys[0].startswith("ext/rtml/region=us-east-1/accountId=123456789012/eventDay=20261124/")
    body = store.get_object(Bucket="lake", Key=keys[0])["Body"].read()
    events = pl.read_parquet(io.BytesIO(body))
    assert events["class_uid"].to_list() == [2004, 2004] and events["anomaly_analyses"].null_count() == 1


@mock_aws
def test_the_bus_takes_events_ten_at_once(tmp_path: Path):
    boto3.client("events", region_name="eu-west-1").create_event_bus(Name="findings")
    assert send(many(25), SINKS["eventbridge"], "findings@eu-west-1", tmp_path, HERE) == Sent(25, 0, 0, {})


@mock_aws
def test_a_store_that_refuses_keeps_everything_for_later(tmp_path: Path):
    sent = send(many(2), SINKS["securitylake"], "s3://no-such-bucket/x@us-east-1", tmp_path, HERE)
    assert sent.kept == 2 and list(sent.reasons) == ["S3: NoSuchBucket"]
