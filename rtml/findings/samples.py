"""One finding of every type that rtml can report, invented and flagged as a sample: to try a connection with.

Addresses are those that documentation is free to use (RFC 5737), names end in ``.example``.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from rtml.findings.levels import LEVELS
from rtml.findings.remediation import advised
from rtml.findings.unit import stable_id
from rtml.schema import FINDINGS, conform

__all__ = ["samples"]

_TECHNIQUES = {
    "Execution": "T1059.004",
    "Persistence": "T1053.003",
    "PrivilegeEscalation": "T1611",
    "DefenseEvasion": "T1562.001",
    "CredentialAccess": "T1552.001",
    "Discovery": "T1046",
    "Backdoor": "T1071.001",
    "Trojan": "T1568.002",
    "CryptoCurrency": "T1496.001",
    "Impact": "T1496.001",
    "Exfiltration": "T1041",
    "UnauthorizedAccess": "T1090.003",
}
_OF_MODELS = ("AnomalousBehavior", "Change:")


def samples(at: dt.datetime | None = None) -> pl.DataFrame:
    """Return one finding of every type of ``remediation.yml``, with everything that a finding can say.

    Parameters
    ----------
    at
        When they happened; the present by default. Their ids do not depend on it.

    Examples
    --------
    >>> table = samples(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    >>> table["type"].is_unique().all(), table["sample"].all(), sorted(set(table["source"]))
    (True, True, ['model', 'rule'])
    """
    now = at or dt.datetime.now(dt.UTC)
    rows = [_sample(kind, now) for kind in advised()]
    return conform(pl.DataFrame(rows, schema=dict(FINDINGS), orient="row"), FINDINGS)


def _sample(kind: str, now: dt.datetime) -> dict[str, Any]:
    model = any(word in kind for word in _OF_MODELS)
    audit = ":Kubernetes/" in kind
    return {
        "finding_id": stable_id("sample", kind),
        "source": "model" if model else "rule",
        "detector": "sample",
        "type": kind,
        "severity": LEVELS["medium" if model else "high"],
        "score": 0.9,
        "first_seen": now - dt.timedelta(minutes=5),
        "last_seen": now,
        "count": 3,
        **_place(audit, kind.startswith("Change:")),
        "title": f"Sample of {kind}",
        **(_by_model(now) if model else _by_rule(kind)),
        **({} if audit else _process(now)),
        "sample": True,
    }


def _place(audit: bool, change: bool) -> dict[str, Any]:
    where = {"account": "000000000000", "cluster": "sample", "namespace": "shop", "workload": "web"}
    if audit:
        return {**where, "actor": "system:serviceaccount:shop:web"}
    if change:
        return {**where, "containers": ["0" * 64, "1" * 64]}
    return {
        **where,
        "host": "node-1.example",
        "container_id": "0" * 64,
        "container_name": "web",
        "image": "registry.example/shop/web:1.0",
        "image_digest": f"sha256:{'0' * 64}",
        "pod": "web-0",
        "service_account": "web",
    }


def _by_rule(kind: str) -> dict[str, Any]:
    technique = _TECHNIQUES.get(kind.partition(":")[0])
    reason = {"feature": f"Sample rule for {kind}", "value": 3.0, "usual": None, "share": 1.0}
    return {"techniques": [technique] if technique else None, "contributions": [reason]}


def _by_model(now: dt.datetime) -> dict[str, Any]:
    reason = {
        "feature": "files.read: read /etc/shadow given web: cat",
        "value": 9.5,
        "usual": 1.0,
        "share": 0.6,
    }
    return {
        "p_value": 0.0001,
        "budget": 1.0,
        "contributions": [reason],
        "compared": "usually 1 file, now 9",
        "counterfactual": "usual if it had not read /etc/shadow",
        "maturity": "this group was seen for 720 container-minutes",
        "again": [{"container_id": "1" * 64, "process_id": 2, "first_seen": now}],
    }


def _process(now: dt.datetime) -> dict[str, Any]:
    facts = {
        "pid": 4242,
        "user": "33",
        "exe": "/usr/bin/cat",
        "cmdline": "cat /etc/shadow",
        "exe_sha256": "0" * 64,
    }
    event = {"time": now, "host": "node-1.example", "seq": None, "kind": "open", "result": 0, **facts}
    there = {"kind": "connect", "dst_ip": "192.0.2.7", "dst_port": 443, "protocol": "tcp"}
    return {
        **facts,
        "process_id": 4242,
        "parents": [{"pid": 4200, "exe": "/bin/sh", "cmdline": "sh -c 'cat /etc/shadow'"}],
        "destinations": ["192.0.2.7:443"],
        "files": ["/etc/shadow"],
        "events": [{**event, "path": "/etc/shadow"}, {**event, **there}],
    }
