"""A signed webhook: a JSON list of OCSF events, signed as the Standard Webhooks specification says.

``webhook-id`` is the same for the same findings, so a receiver that keeps ids takes a batch once;
``webhook-signature`` is ``v1,`` and the HMAC-SHA256 of id, time and body. https://www.standardwebhooks.com/
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Sequence

from rtml.findings.exports import Origin, Row
from rtml.findings.exports.contract import compact
from rtml.findings.exports.ocsf import detection_finding
from rtml.findings.sinks.contract import Deliver, Sink, secret
from rtml.findings.sinks.http import Post

__all__ = ["SECRET", "WEBHOOK", "signature"]

SECRET = "RTML_WEBHOOK_SECRET"


def signature(key: str, name: str, moment: str, body: bytes) -> str:
    """Return the value of ``webhook-signature``.

    Examples
    --------
    >>> signature("key", "msg_1", "1700000000", b"{}")
    'v1,XaXLFEFQ69Q4+demDWPEv5ydXczDW2mM5crCUEFcFBA='
    """
    signed = f"{name}.{moment}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(key.encode(), signed, hashlib.sha256).digest()).decode()}"


def _connect(target: str, origin: Origin) -> Deliver:
    post, key = Post(target), secret(SECRET)

    def deliver(rows: Sequence[Row]) -> dict[int, str]:
        body = compact([detection_finding(row, origin) for row in rows]).encode()
        name = f"msg_{hashlib.sha256(body).hexdigest()[:32]}"
        moment = str(int(time.time()))
        signed = {
            "Content-Type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": moment,
            "webhook-signature": signature(key, name, moment, body),
        }
        post(body, signed)
        return {}

    return deliver


WEBHOOK = Sink("webhook", "an address", 50, _connect, (SECRET,))
