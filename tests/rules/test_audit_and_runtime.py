"""Audit log and runtime alerts become one attack sequence, through the real command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from rtml.findings.sequences.signals import SEQUENCE_TYPE
from tests.captures.test_k8s_audit import event, write
from tests.rules.test_alerts import FALCO
from tests.test_cli import rtml

POD = {"resource": "pods", "namespace": "web", "name": "shop-1"}
PRIVILEGED = {
    "kind": "Pod",
    "metadata": {"name": "shop-1", "namespace": "web"},
    "spec": {"containers": [{"image": "evil", "securityContext": {"privileged": True}}]},
}


def alert(rule: str, minute: int, pod: str, tag: str) -> dict[str, Any]:
    fields = {**FALCO["output_fields"], "k8s.ns.name": "web", "k8s.pod.name": pod, "container.id": f"c-{pod}"}
    return {
        **FALCO,
        "rule": rule,
        "time": f"2026-01-01T00:{minute:02}:00Z",
        "tags": [tag],
        "output_fields": fields,
    }


def test_a_privileged_pod_and_what_then_runs_in_it_are_one_sequence(tmp_path: Path):
    log = write(
        tmp_path / "audit.log",
        event(
            1,
            verb="create",
            objectRef=POD,
            requestObject=PRIVILEGED,
            user={"username": "mallory"},
            responseStatus={"code": 201},
        ),
    )
    alerts = [
        alert("Terminal shell in container", 5, "shop-1", "mitre_execution"),
        alert("Outbound connection", 9, "other-7", "mitre_impact"),
    ]
    (tmp_path / "alerts.jsonl").write_text("\n".join(map(json.dumps, alerts)))
    audit, runtime, out = (tmp_path / f"{name}.parquet" for name in ("audit", "runtime", "out"))
    rtml("capture", "import", "k8s-audit", log, "--out", tmp_path / "c")
    rtml("rules", tmp_path / "c", "--out", audit)
    rtml("findings", "import", "falco", tmp_path / "alerts.jsonl", "--out", runtime)
    told = rtml("findings", "correlate", audit, runtime, "--out", out)
    assert "1 attack sequences" in told.stdout
    (row,) = pl.read_parquet(out).to_dicts()
    assert (row["type"], row["severity"]) == (SEQUENCE_TYPE, 9.0)
    assert {one["type"].partition(":")[0] for one in row["signals"]} >= {"PrivilegeEscalation", "Execution"}
    assert row["actors"] == ["mallory"] and row["pod"] == "shop-1"
    assert "other-7" not in told.stdout


def test_suppressing_one_actor_leaves_the_hits_of_another(tmp_path: Path):
    exec_in = {"verb": "create", "objectRef": {**POD, "subresource": "exec"}}
    log = write(
        tmp_path / "audit.log",
        *(event(i, **exec_in, user={"username": who}) for i, who in enumerate(["ann", "bob"])),
    )
    quiet = "- {name: q, owner: o, reason: r, expires: 2199-12-31, where: {actor: ann}}"
    (tmp_path / "quiet.yml").write_text(quiet)
    rtml("capture", "import", "k8s-audit", log, "--out", tmp_path / "c")
    done = rtml("rules", tmp_path / "c", "--suppress", tmp_path / "quiet.yml", "--json")
    rules = {row["title"]: row for row in json.loads(done.stdout)["rules"]}
    exec_rule = rules["Command run in a pod"]
    assert (exec_rule["hits"], exec_rule["suppressed"]) == (2, 1)
