"""Security Hub by ``BatchImportFindings``: ASFF, 100 at once; the same id updates what is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rtml.findings.exports import Origin, Row
from rtml.findings.exports.asff import asff
from rtml.findings.sinks.aws import client, region_of
from rtml.findings.sinks.contract import Deliver, Sink, Undelivered

__all__ = ["SECURITYHUB"]


def _connect(target: str, origin: Origin) -> Deliver:
    region = region_of(target or origin.region)
    hub, here = client("securityhub", region), replace(origin, region=region)

    def deliver(rows: Sequence[Row]) -> dict[int, str]:
        findings = [asff(row, here) for row in rows]
        try:
            answer = hub.batch_import_findings(Findings=findings)
        except Exception as error:  # botocore makes its classes of errors as it goes
            raise Undelivered(f"Security Hub: {type(error).__name__}") from error
        refused = {one["Id"]: one.get("ErrorCode", "?") for one in answer.get("FailedFindings", [])}
        named = enumerate(finding["Id"] for finding in findings)
        return {number: f"Security Hub: {refused[name]}" for number, name in named if name in refused}

    return deliver


SECURITYHUB = Sink("securityhub", "a region", 100, _connect)
