"""The envelope of EventBridge around GuardDuty's JSON, as a target of a rule gets it.

``source`` is rtml, for nobody but AWS may say ``aws.guardduty``: a rule that matches GuardDuty's findings
needs this name beside it.
"""

from __future__ import annotations

import uuid
from typing import Any

from rtml.findings.exports.contract import Origin, by_line
from rtml.findings.exports.guardduty import guardduty
from rtml.findings.exports.places import account_of
from rtml.findings.exports.rows import Row, zulu

__all__ = ["EVENTBRIDGE", "envelope"]

_RTML = uuid.UUID("7b9b8f64-3d0b-5bb8-9d0f-1f6f0b8d4a11")


def envelope(row: Row, origin: Origin) -> dict[str, Any]:
    """Return one finding in its envelope.

    Examples
    --------
    >>> import polars as pl
    >>> from rtml.findings.exports.rows import rows_of
    >>> event = envelope(next(rows_of(pl.DataFrame({"finding_id": ["f"]}))), Origin())
    >>> event["detail-type"], event["source"], event["time"], event["detail"]["id"]
    ('rtml Finding', 'rtml', '1970-01-01T00:00:00Z', 'f')
    """
    detail = guardduty(row, origin)
    return {
        "version": "0",
        "id": str(uuid.uuid5(_RTML, f"{row['finding_id']} {zulu(row['last_seen'])}")),
        "detail-type": "rtml Finding",
        "source": "rtml",
        "account": account_of(row, origin.account),
        "time": f"{row['last_seen']:%Y-%m-%dT%H:%M:%SZ}",
        "region": origin.region,
        "resources": [],
        "detail": detail,
    }


EVENTBRIDGE = by_line("eventbridge", envelope)
