"""Elasticsearch and OpenSearch by ``_bulk``: ECS, and ``_id`` is the finding's, so again is an update."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from rtml.errors import UsageError
from rtml.findings.exports import Origin, Row
from rtml.findings.exports.contract import compact
from rtml.findings.exports.ecs import ecs
from rtml.findings.sinks.contract import Deliver, Sink, Undelivered
from rtml.findings.sinks.http import Post

__all__ = ["ELASTICSEARCH", "SECRET"]

SECRET = "RTML_ELASTICSEARCH_API_KEY"
"""Left out where it is not set: a cluster behind a proxy may ask for nothing."""


def _connect(target: str, origin: Origin) -> Deliver:
    base, _, index = target.rstrip("/").rpartition("/")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,200}", index) or not base.partition("://")[2]:
        raise UsageError(f"{target!r}: must be like https://host:9200/INDEX", argument="to")
    key = os.environ.get(SECRET)
    post = Post(base, {"Authorization": f"ApiKey {key}"} if key else {})

    def deliver(rows: Sequence[Row]) -> dict[int, str]:
        lines = []
        for row in rows:
            lines += [
                compact({"index": {"_index": index, "_id": row["finding_id"]}}),
                compact(ecs(row, origin)),
            ]
        body = "".join(f"{line}\n" for line in lines).encode()
        return _refused(post(body, {"Content-Type": "application/x-ndjson"}, "/_bulk"), len(rows))

    return deliver


def _refused(answer: object, sent: int) -> dict[int, str]:
    """Return which documents were refused; an answer that is none says that none was taken."""
    if not isinstance(answer, dict) or not isinstance(answer.get("items"), list):
        raise Undelivered("no answer of Elasticsearch")
    items: list[dict[str, int]] = [next(iter(item.values()), {}) for item in answer["items"]]
    if len(items) != sent:
        raise Undelivered(f"Elasticsearch answered for {len(items)} of {sent}")
    codes = enumerate(item.get("status", 500) for item in items)
    return {number: f"Elasticsearch answered {code}" for number, code in codes if code >= 300}


ELASTICSEARCH = Sink("elasticsearch", "like https://host:9200/INDEX", 200, _connect, (SECRET,), says=ecs)
