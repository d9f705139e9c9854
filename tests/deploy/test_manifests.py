"""Manifests are what Kubernetes takes, ask for no more than they need, and call commands that there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from rtml.cli import app
from tests.conftest import REPOSITORY

DEPLOY = REPOSITORY / "deploy"
PARTS = sorted((DEPLOY / "kustomize").rglob("kustomization.yaml"))
FILES = sorted(path for path in (DEPLOY / "kustomize").rglob("*.yaml") if path not in PARTS)
VERSIONS = ("1.29", "1.33", "1.37")
HOST_FOLDERS = {"/var/log/falco"}


def documents(path: Path) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(path.read_text("utf-8")) if one]


def name(path: Path) -> str:
    return path.relative_to(DEPLOY).as_posix()


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every pod template with its name."""
    for path in FILES:
        for one in documents(path):
            spec = one.get("spec", {})
            spec = spec.get("jobTemplate", {}).get("spec", spec)
            if "template" in spec:
                yield one["metadata"]["name"], spec["template"]["spec"]


PODS = dict(pods())


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", FILES, ids=name)
def test_kubernetes_takes_them(path: Path, version: str):
    validating = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    for one in documents(path):
        validating.validate(one, version, strict=True)


def test_the_validator_refuses_what_kubernetes_refuses():
    validating = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    for change in ({"replicas": "one"}, {"replica": 1}):
        (one,) = documents(DEPLOY / "kustomize/serve/deployment.yaml")
        one["spec"] |= change
        with pytest.raises(validating.ValidationError):
            validating.validate(one, VERSIONS[-1], strict=True)


@pytest.mark.parametrize("path", PARTS, ids=name)
def test_a_part_names_every_file_beside_it_and_nothing_else(path: Path):
    (part,) = documents(path)
    beside = {other.name for other in path.parent.glob("*.yaml")} - {path.name}
    named = set(part["resources"])
    assert {one for one in named if not one.startswith("../")} == beside
    assert all((path.parent / one / "kustomization.yaml").is_file() for one in named - beside)


def test_nothing_is_there_twice_and_all_is_in_its_namespace():
    seen = set()
    for path in FILES:
        for one in documents(path):
            where = one["metadata"].get("namespace")
            key = one["kind"], where, one["metadata"]["name"]
            assert key not in seen
            seen.add(key)
            wanted = None if one["kind"] == "Namespace" else "rtml-watch" if "watch" in path.parts else "rtml"
            assert where == wanted
            assert one["metadata"]["labels"]["app.kubernetes.io/part-of"] == "rtml"


@pytest.mark.parametrize("pod", PODS)
def test_pods_may_do_nothing_that_they_need_not(pod: str):
    spec = PODS[pod]
    assert spec["automountServiceAccountToken"] is False
    context = spec["securityContext"]
    assert (context["runAsNonRoot"], context["seccompProfile"]) == (True, {"type": "RuntimeDefault"})
    assert context["runAsUser"] > 0
    assert not {"hostPID", "hostIPC", "hostNetwork"} & spec.keys()
    (container,) = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"requests", "limits"} <= container["resources"].keys()
    assert "/tmp" in {mount["mountPath"] for mount in container["volumeMounts"]}


@pytest.mark.parametrize("pod", PODS)
def test_volumes_are_there_and_the_node_is_read_only(pod: str):
    spec = PODS[pod]
    volumes = {one["name"]: one for one in spec["volumes"]}
    mounts = {one["name"]: one for container in spec["containers"] for one in container["volumeMounts"]}
    assert mounts.keys() == volumes.keys()
    for key, volume in volumes.items():
        if "hostPath" in volume:
            assert pod == "rtml-watch"
            assert volume["hostPath"]["path"] in HOST_FOLDERS
            assert mounts[key]["readOnly"] is True


def test_there_is_no_role_and_no_token():
    kinds = {one["kind"] for path in FILES for one in documents(path)}
    assert not {kind for kind in kinds if "Role" in kind or kind == "Secret"}
    accounts = [one for path in FILES for one in documents(path) if one["kind"] == "ServiceAccount"]
    assert {one["metadata"]["name"] for one in accounts} == {p["serviceAccountName"] for p in PODS.values()}
    assert all(one["automountServiceAccountToken"] is False for one in accounts)


def test_every_namespace_denies_what_no_policy_allows():
    policies = [one for path in FILES for one in documents(path) if one["kind"] == "NetworkPolicy"]
    whole = {one["metadata"]["namespace"] for one in policies if one["spec"]["podSelector"] == {}}
    assert whole == {"rtml", "rtml-watch"}
    for one in policies:
        for rule in one["spec"].get("ingress", []):
            assert rule["from"], "an ingress rule without from lets everybody in"


@pytest.mark.parametrize("pod", PODS)
def test_the_commands_that_pods_run_exist(pod: str):
    (container,) = PODS[pod]["containers"]
    words, command = list(container["args"]), get_command(app)
    while hasattr(command, "commands"):
        if words[0] not in command.commands:
            pytest.skip(f"`rtml {words[0]}` is not in this version")
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}
    asked = {word for word in words if word.startswith("--")}
    if pod == "rtml-score" and "--metrics" not in known:
        pytest.skip("`rtml score` knows no --metrics in this version")
    assert asked <= known


@pytest.mark.parametrize("pod", PODS)
def test_variables_of_commands_are_in_their_settings(pod: str):
    (container,) = PODS[pod]["containers"]
    wanted = set(re.findall(r"\$\((\w+)\)", " ".join(container["args"])))
    maps = {one["configMapRef"]["name"] for one in container.get("envFrom", []) if "configMapRef" in one}
    given = {
        key
        for path in FILES
        for one in documents(path)
        if one["kind"] == "ConfigMap" and one["metadata"]["name"] in maps
        for key in one["data"]
    }
    assert wanted <= given


def test_the_unit_by_hand_runs_the_command_of_the_daemon_set():
    unit = (DEPLOY / "rtml-watch.service").read_text("utf-8")
    started = re.search(r"^ExecStart=\S+ (.*)$", unit, re.MULTILINE)
    assert started is not None
    (container,) = PODS["rtml-watch"]["containers"]
    plain = started[1].replace("${", "$(").replace("}", ")").replace("/var/lib/rtml/watch", "/state/watch")
    assert plain.split() == container["args"]
