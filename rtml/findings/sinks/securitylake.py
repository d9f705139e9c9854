"""S3 in the layout of Security Lake's custom sources: OCSF as Parquet, by region, account and day.

``ext/rtml/region=R/accountId=A/eventDay=YYYYMMDD/NAME.parquet``; NAME is made of the findings: the same batch
is the same object.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from rtml.errors import UsageError
from rtml.findings.exports import Origin, Row
from rtml.findings.exports.contract import compact
from rtml.findings.exports.ocsf import detection_finding
from rtml.findings.exports.places import account_of
from rtml.findings.sinks.aws import client, region_of
from rtml.findings.sinks.contract import Deliver, Sink, Undelivered

__all__ = ["SECURITYLAKE"]


def _connect(target: str, origin: Origin) -> Deliver:
    place, at, named = target.rpartition("@") if "@" in target else (target, "", "")
    scheme, _, path = place.partition("://")
    bucket, _, prefix = path.partition("/")
    if scheme != "s3" or not bucket:
        raise UsageError(
            f"{target!r}: a lake is named like securitylake=s3://BUCKET/ext/rtml@eu-west-1", argument="to"
        )
    region = region_of(named if at else origin.region)
    store, here = client("s3", region), replace(origin, region=region)

    def deliver(rows: Sequence[Row]) -> dict[int, str]:
        parts: dict[str, list[Row]] = {}
        for row in rows:
            day = f"eventDay={row['last_seen']:%Y%m%d}"
            parts.setdefault(f"region={region}/accountId={account_of(row, here.account)}/{day}", []).append(
                row
            )
        try:
            for part, told in parts.items():
                content, name = _parquet(told, here)
                key = "/".join(filter(None, [prefix.strip("/") or "ext/rtml", part, f"{name}.parquet"]))
                store.put_object(Bucket=bucket, Key=key, Body=content)
        except Exception as error:  # botocore makes its classes of errors as it goes
            raise Undelivered(f"S3: {type(error).__name__}") from error
        return {}

    return deliver


def _parquet(rows: Sequence[Row], origin: Origin) -> tuple[bytes, str]:
    """Return events as Parquet, and a name made of them; what has no fixed shape is JSON text."""
    events = [detection_finding(row, origin) for row in rows]
    name = hashlib.sha256(compact(events).encode()).hexdigest()[:32]
    for event in events:
        event["unmapped"] = compact(event.get("unmapped", {}))
        for evidence in event["evidences"]:
            evidence["data"] = compact(evidence.get("data", {}))
    file = io.BytesIO()
    pl.DataFrame(events, infer_schema_length=None).write_parquet(file, compression="zstd")
    return file.getvalue(), name


SECURITYLAKE = Sink("securitylake", "s3://BUCKET/PREFIX@REGION", 500, _connect)
