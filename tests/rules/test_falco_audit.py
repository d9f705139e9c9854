"""Falco's rules of source k8s_audit over the Kubernetes audit log: fields, sets, stages, what is not kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rtml.captures import import_capture, open_capture
from rtml.rules.chosen import Chosen
from rtml.rules.falco.loading import load_falco
from rtml.rules.language.contract import Rule, Skipped
from rtml.rules.language.examples import matches
from rtml.rules.running.run import Ran, run_all
from tests.captures.test_k8s_audit import event, write

FILE = """
- required_engine_version: 0.40.0
- required_plugin_versions:
  - {name: k8saudit, version: 0.11.0, alternatives: [{name: k8saudit-eks, version: 0.8.0}]}
  - {name: json, version: 0.7.0}
- list: own_stages
  items: [ResponseComplete]
  source: k8s_audit
- macro: answered
  condition: (jevt.value[/stage] in (own_stages))
  source: k8s_audit
- macro: anything
  condition: (jevt.rawtime exists)
- macro: nothing
  condition: (jevt.rawtime=0)
- rule: Port opened
  desc: to a pod
  condition: answered and anything and ka.target.subresource = portforward and not nothing
  output: by %ka.user.name
  priority: WARNING
  source: k8s_audit
- rule: Shell
  desc: in a container
  condition: evt.type = execve and proc.name = sh
  output: x
  priority: NOTICE
"""
POD = {"kind": "audit", "verb": "create", "resource": "pods"}


def load(folder: Path, condition: str, source: str = "k8s_audit") -> tuple[list[Rule], list[Skipped]]:
    file = folder / "rules.yaml"
    file.write_text(
        f"- rule: r\n  condition: >\n    {condition}\n  priority: NOTICE\n  source: {source}\n", "utf-8"
    )
    return load_falco([file])


def hits(folder: Path, condition: str, *events: dict[str, Any]) -> list[bool]:
    (rule,), skipped = load(folder, condition)
    assert not skipped, skipped
    return matches(rule, [{"kind": "audit", **one} for one in events])


def ran(folder: Path, text: str, *events: dict[str, Any]) -> Ran:
    (folder / "r.yaml").write_text(text)
    import_capture("k8s-audit", [write(folder / "log", *events)], folder / "c")
    return run_all(open_capture(folder / "c"), Chosen(None, falco=(folder / "r.yaml",)))


def counts(of: Ran) -> dict[str, int]:
    return {row["title"]: row["hits"] for row in of.evaluation.table.to_dicts()}


def test_a_file_of_both_sources_runs(tmp_path: Path):
    ref = {"resource": "pods", "subresource": "portforward", "name": "a"}
    events = [event(1, objectRef=ref), event(2, objectRef=ref, stage="RequestReceived"), event(3)]
    found = ran(tmp_path, FILE, *events)
    assert not found.skipped and counts(found) == {"Port opened": 1, "Shell": 0}
    shell = found.evaluation.table.filter(found.evaluation.table["title"] == "Shell")
    assert shell["why_not"].item() == "the sensor cannot see exec events"
    assert [rule.kinds for rule in found.rules] == [("audit",), ("exec",)]


def test_a_rule_sees_every_stage_as_falco_does(tmp_path: Path):
    """A long exec is logged when it starts and when it ends: the rule may mean either."""
    text = FILE.split("- rule: Port")[0] + (
        "- rule: r\n  condition: ka.stage = STAGE and ka.verb = get\n  priority: NOTICE\n  source: k8s_audit"
    )
    events = [event(1, stage="ResponseStarted"), event(1, stage="ResponseComplete")]
    for number, stage in enumerate(("ResponseStarted", "ResponseComplete")):
        (tmp_path / str(number)).mkdir()
        assert counts(ran(tmp_path / str(number), text.replace("STAGE", stage), *events)) == {"r": 1}


def test_sets_are_compared_as_falco_does(tmp_path: Path):
    groups = [{"groups": ["dev"]}, {"groups": ["dev", "system:masters"]}, {"groups": ["dev.x"]}, {}]
    for test, expected in {
        "ka.user.groups in (dev, ops)": [True, False, False, False],
        "ka.user.groups in (dev, 'system:masters')": [True, True, False, False],
        "ka.user.groups intersects ('system:masters')": [False, True, False, False],
        "not ka.user.groups in (dev)": [False, True, True, True],
        "ka.user.groups exists": [True, True, True, False],
        "ka.user.groups in (dev, d.v, .*)": [True, False, False, False],
    }.items():
        assert hits(tmp_path, test, *groups) == expected, test


def test_subjects_of_a_binding_by_kind(tmp_path: Path):
    bound = {"verb": "create", "subjects": ["User:a:b", "ServiceAccount:shop/web", "ServiceAccount:dev/web"]}
    for test, expected in {
        "user_names in ('a:b')": True,
        "user_names intersects (web)": False,
        "group_names exists": False,
        "serviceaccount_names in (web)": True,
        "serviceaccount_ns_names in ('shop:web', 'dev:web')": True,
        "serviceaccount_ns_names in ('shop:web')": False,
        "serviceaccount_ns_names intersects ('shop:web')": True,
    }.items():
        assert hits(tmp_path, f"ka.req.binding.subjects.{test}", bound) == [expected], test


@pytest.mark.parametrize("operator", ["=", "!=", "contains", "startswith", "pmatch"])
def test_a_comparison_that_falco_has_not_for_lists_is_refused(tmp_path: Path, operator: str):
    rules, (skipped,) = load(tmp_path, f"ka.user.groups {operator} dev")
    assert not rules and "ka.user.groups is a list" in skipped.reason


def test_an_image_outside_the_list_counts_beside_one_inside(tmp_path: Path):
    condition = (
        "ka.req.pod.containers.privileged intersects (true) and"
        " not ka.req.pod.containers.image.repository in (calico/node, shop/web)"
    )
    good = {**POD, "privileged": True, "images": ["calico/node:v3"]}
    both = {**good, "images": ["calico/node:v3", "evil:1"]}
    assert hits(tmp_path, condition, good, both, {**both, "privileged": False}) == [False, True, False]


def test_what_only_a_response_says_is_no_request(tmp_path: Path):
    seen = {"images": ["nginx:1"], "host_network": True, "host_paths": ["/proc/1"]}
    deployment = {**seen, "verb": "create", "resource": "deployments"}
    for test in (
        "ka.req.pod.containers.image intersects (nginx:1)",
        "ka.req.pod.host_network intersects (true)",
        "ka.req.container.image = nginx:1",
        "ka.req.container.image.repository startswith ngi",
        "ka.req.volume.hostpath[/proc*] = true",
        "ka.req.pod.volumes.hostpath intersects (/proc/1)",
    ):
        found = hits(tmp_path, test, {**POD, **seen}, {**POD, **seen, "verb": "get"}, deployment)
        assert found == [True, False, False], test
        assert hits(tmp_path, f"not ({test})", {**POD, **seen, "verb": "get"}, deployment) == [True, True]


def test_parameters_of_a_uri_are_decoded(tmp_path: Path):
    uris = [
        "/exec?command=%73h&command=-c",
        "/exec?x=command=sh",
        "/exec?COMMAND=sh",
        "/exec?command=a+b%1f",
        "/",
    ]
    for test, expected in {
        "= sh": [True, False, False, False, False],
        "!= sh": [False, False, False, True, False],
        "in (bash, sh)": [True, False, False, False, False],
        "startswith s": [True, False, False, False, False],
        "endswith h": [True, False, False, False, False],
        "contains ' b'": [False, False, False, True, False],
        "icontains H": [True, False, False, False, False],
        "glob 's?'": [True, False, False, False, False],
        "regex '^s.*$'": [True, False, False, False, False],
        "exists": [True, False, False, True, False],
    }.items():
        events = [{"uri": uri} for uri in uris]
        assert hits(tmp_path, f"ka.uri.param[command] {test}", *events) == expected, test


def test_a_value_cannot_pass_for_another_parameter(tmp_path: Path):
    forged = {"uri": "/x?user=a%1fcommand=sh"}
    assert hits(tmp_path, "ka.uri.param[command] exists", forged) == [False]
    assert hits(tmp_path, "ka.uri.param[user] contains 'command=sh'", forged) == [True]


def test_other_comparisons(tmp_path: Path):
    one = {"code": 201, "username": "system:admin", "uri": "/healthz?x", "object_namespace": "shop"}
    for test, expected in {
        "ka.response.code startswith 2": True,
        "ka.response.code in (200, 201)": True,
        "ka.user.name startswith 'system:'": True,
        "ka.user.name != 'system:admin'": False,
        "ka.impuser.name != root": False,
        "not ka.impuser.name = root": True,
        "ka.uri = /healthz or ka.uri startswith /healthz?": True,
        "ka.uri pmatch (/healthz, /livez)": False,
        "ka.target.namespace != kube-system": True,
        "jevt.value[/user/username] contains admin": True,
        "evt.source = k8s_audit and ka.response.code > 200": True,
    }.items():
        assert hits(tmp_path, test, one) == [expected], test


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("ka.req.configmap.obj contains password", "needs ka.req.configmap.obj, which no capture holds"),
        ("jevt.value[/requestObject/data] exists", "needs jevt.value[/requestObject/data], which no"),
        ("ka.verb = get and ka.resp.name = a", "needs ka.resp.name, which no capture holds"),
        ("ka.req.pod.containers.image[0] = nginx", "needs ka.req.pod.containers.image[0], which"),
        ("ka.req.pod.containers.privileged in (false)", "can be compared here only with: intersects true"),
        ("ka.req.volume.hostpath[/proc*] = false", "can be compared here only with: = true"),
        ("jevt.rawtime > 1700000000", "can be compared here only with: 0"),
        ("ka.req.role.rules.apiGroups intersects ('')", "does not tell it from absent"),
        ("ka.uri.param = sh", "needs an argument"),
        ("ka.uri.param[command] > 3", "is not supported"),
        ("ka.vreb = get", "field 'ka.vreb' is unknown; did you mean 'ka.verb'"),
        ("proc.name = sh", "field 'proc.name' is unknown"),
        ("jevt.rawtime exists", "matches every event"),
    ],
)
def test_what_is_not_captured_is_said(tmp_path: Path, condition: str, reason: str):
    rules, (skipped,) = load(tmp_path, condition)
    assert not rules and reason in skipped.reason


def test_a_log_without_objects_could_not_match(tmp_path: Path):
    text = (
        "- rule: r\n  condition: ka.verb = create and ka.req.pod.host_pid intersects (true)\n"
        "  priority: NOTICE\n  source: k8s_audit\n"
    )
    (row,) = ran(tmp_path, text, event(1, verb="create")).evaluation.table.to_dicts()
    assert not row["could_match"] and "host_pid" in row["why_not"]


def test_exceptions_of_an_audit_rule(tmp_path: Path):
    text = (
        "- rule: r\n  condition: ka.verb = get\n  priority: NOTICE\n  source: k8s_audit\n  exceptions:\n"
        "    - name: who\n      fields: [ka.user.name, ka.target.namespace]\n      comps: [=, in]\n"
        "      values: [[alice, [web, shop]]]\n"
        "    - {name: team, fields: ka.user.groups, comps: intersects, values: [ops]}\n"
    )
    (tmp_path / "rules.yaml").write_text(text)
    (rule,), skipped = load_falco([tmp_path / "rules.yaml"])
    alice = {"kind": "audit", "verb": "get", "username": "alice", "object_namespace": "web"}
    events = [alice, {**alice, "object_namespace": "dev"}, {**alice, "username": "x", "groups": ["a", "ops"]}]
    assert not skipped and matches(rule, events) == [False, True, False]


def test_rules_of_system_calls_never_see_the_audit_log(tmp_path: Path):
    rules, _ = load(tmp_path, "not proc.name = sh", "syscall")
    assert "audit" not in rules[0].kinds
