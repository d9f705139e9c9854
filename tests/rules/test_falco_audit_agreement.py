"""Falco's own rules of source k8s_audit over recorded audit events: they raise what Falco raises.

Needs Falco's rule file ``k8s_audit_rules.yaml`` anywhere among the shared data, or in the folder
that ``RTML_FALCO_AUDIT_RULES`` names.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from rtml.captures import import_capture, open_capture
from rtml.rules.chosen import Chosen
from rtml.rules.falco.loading import load_falco
from rtml.rules.running.run import run_all
from tests.conftest import SHARED
from tests.rules.test_k8s_audit_agreement import ABOUT_FALCO, cases, recording

PLACE = Path(os.environ.get("RTML_FALCO_AUDIT_RULES", SHARED))
OURS = {
    "allow_namespace_foo.yaml": "- list: allowed_namespaces\n  append: true\n  items: [foo]\n",
    "allow_user_some-user.yaml": "- list: allowed_k8s_users\n  append: true\n  items: [some-user]\n",
    "allow_only_apache_container.yaml": (
        "- macro: allowed_k8s_containers\n  condition: (ka.req.pod.containers.image.repository in (httpd))\n"
    ),
    "allow_nginx_container.yaml": (
        "- macro: allowed_k8s_containers\n  condition: (ka.req.pod.containers.image.repository in (nginx))\n"
    ),
    "trust_nginx_container.yaml": "".join(
        f"- list: k8s_audit_{name}_images\n  append: true\n  items: [nginx]\n"
        for name in ("privileged", "sensitive_mount", "hostnetwork")
    ),
    "disallow_kactivity.yaml": "- macro: consider_activity_events\n  condition: (k8s_audit_never_true)\n",
}
"""What a case's files for users change, in Falco's language."""

RENAMED = {
    f"K8s Role/Clusterrole{what} {done}": {f"K8s {kind}{other} {done}" for kind in ("Role", "ClusterRole")}
    for what, other in (("", ""), ("binding", "Binding"))
    for done in ("Created", "Deleted")
}
NOT_KEPT = {
    "Create/Modify Configmap With Private Credentials": "ka.req.configmap.obj",
    "Ingress Object without TLS Certificate Created": "jevt.value[/requestObject/spec/tls]",
}
"""Rules that need what no capture holds, and what."""

CHANGED = {"delete_secret"}
"""Recorded when the rule still spoke of controllers; Falco's file of today leaves ``system:`` users out."""


def rule_file() -> Path | None:
    return next(iter(sorted(PLACE.rglob("k8s_audit_rules.yaml"))), None) if PLACE.is_dir() else None


def hits(case: dict[str, Any], rules: Path, folder: Path) -> dict[str, int]:
    import_capture("k8s-audit", [recording(case)], folder / "c")
    named = [Path(name).name for name in case["rules_file"]]
    (folder / "users.yaml").write_text(
        "".join(OURS.get(name, "") for name in named) or "- list: no\n  items: []"
    )
    ran = run_all(open_capture(folder / "c"), Chosen(None, falco=(rules, folder / "users.yaml")))
    return {row["title"]: row["hits"] for row in ran.evaluation.table.to_dicts() if row["hits"]}


def needed() -> Path:
    found = rule_file()
    if found is None or not cases():
        pytest.skip(f"no k8s_audit_rules.yaml of Falco, or no recorded events, in {PLACE}")
    return found


def test_all_rules_run_but_those_that_need_what_no_capture_holds():
    rules, skipped = load_falco([needed()])
    assert len(rules) >= 40 and {rule.kinds for rule in rules} <= {("audit",), ()}
    for one in skipped:
        name = one.reason.split("'")[1]
        assert NOT_KEPT[name] in one.reason


@pytest.mark.parametrize("name", sorted(cases()) or ["absent"])
def test_a_recorded_case_raises_what_falco_raises(name: str, tmp_path: Path):
    rules = needed()
    case = cases()[name]
    if name in ABOUT_FALCO or "stderr_contains" in case:
        pytest.skip("tests Falco's own engine")
    if name in CHANGED:
        pytest.skip("Falco's rule has changed since this was recorded")
    if any(rule in NOT_KEPT for counts in case.get("detect_counts", []) for rule in counts):
        pytest.skip("the rule needs what no capture holds")
    found = hits(case, rules, tmp_path)
    if not case["detect"]:
        assert found == {}
    for expected in case.get("detect_counts", []):
        for rule, count in expected.items():
            assert sum(found.get(one, 0) for one in RENAMED.get(rule, {rule})) == count, f"{rule}: {found}"
