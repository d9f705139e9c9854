"""Recorded Kubernetes audit events: our pack says of each file what Falco must say of it.

``expected.yaml`` names the cases: a file, user lists (Falco rule files whose names are translated
into ours here), and the Falco rule that must fire, with its count, or that nothing must.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from rtml.captures import import_capture, open_capture
from rtml.errors import RtmlError
from rtml.rules.chosen import Chosen
from rtml.rules.running.run import run_all
from tests.conftest import SHARED

FOLDER = SHARED / "k8s_audit"
NGINX: dict[str, Any] = {"append": ["nginx"]}
LISTS: dict[str, dict[str, Any]] = {
    "allow_namespace_foo.yaml": {"allowed_namespaces": {"append": ["foo"]}},
    "allow_user_some-user.yaml": {"allowed_users": {"append": ["some-user"]}},
    "allow_only_apache_container.yaml": {"allowed_images": ["httpd"]},
    "allow_nginx_container.yaml": {"allowed_images": ["nginx"]},
    "trust_nginx_container.yaml": {
        "privileged_images": NGINX,
        "sensitive_mount_images": NGINX,
        "host_network_images": NGINX,
    },
}
"""What the user's files of a case mean in lists of ours."""

QUIET = "disallow_kactivity.yaml"
"""Leaves out Falco's rules of mere activity: ours are of level informational."""

ABOUT_FALCO = {"json_pointer_correct_parse"}
"""A test of Falco's JSON pointers: the rule it needs is not among the data."""


def cases() -> dict[str, dict[str, Any]]:
    if not FOLDER.is_dir():
        return {}
    text = (FOLDER / "expected.yaml").read_text().replace("!mux", "")
    found: dict[str, dict[str, Any]] = yaml.safe_load(text)["trace_files"]
    return found


def recording(case: dict[str, Any]) -> Path:
    return FOLDER / f"k8s_audit_{case['addl_cmdline_opts'].rpartition('/')[2]}"


def table() -> dict[str, list[str]]:
    text = files("rtml.rules").joinpath("mappings/falco_k8s_audit.yml").read_text("utf-8")
    found: dict[str, list[str]] = yaml.safe_load(text)
    return found


def hits(case: dict[str, Any], folder: Path) -> dict[str, int]:
    """Run the pack over the case's file; hits by the name of the rule's file."""
    import_capture("k8s-audit", [recording(case)], folder / "c")
    named = [Path(name).name for name in case["rules_file"]]
    lists: dict[str, Any] = {}
    for name in named:
        lists |= LISTS.get(name, {})
    (folder / "lists.yml").write_text(yaml.safe_dump(lists))
    level = "low" if QUIET in named else "informational"
    chosen = Chosen(pack=("k8s-audit",), lists=folder / "lists.yml" if lists else None, level=level)
    ran = run_all(open_capture(folder / "c"), chosen)
    sources = {rule.id: Path(rule.source).stem for rule in ran.rules}
    found = ran.evaluation.table.filter(ran.evaluation.table["hits"] > 0)
    return {sources[row["rule"]]: row["hits"] for row in found.to_dicts()}


@pytest.mark.parametrize("name", sorted(cases()) or ["absent"])
def test_a_recorded_case_agrees_with_falco(name: str, tmp_path: Path):
    if name == "absent":
        pytest.skip(f"real data is absent: {FOLDER}")
    if name in ABOUT_FALCO:
        pytest.skip("tests Falco's own engine")
    case = cases()[name]
    if "stderr_contains" in case:
        with pytest.raises(RtmlError, match="not a Kubernetes audit log"):
            import_capture("k8s-audit", [recording(case)], tmp_path / "c")
        return
    found = hits(case, tmp_path)
    if not case["detect"]:
        assert found == {}
        return
    for expected in case["detect_counts"]:
        for rule, count in expected.items():
            ours = [found.get(mine, 0) for mine in table()[rule]]
            assert sum(ours) == count, f"{rule}: {found}"


def test_every_recording_has_a_case():
    if not FOLDER.is_dir():
        pytest.skip(f"real data is absent: {FOLDER}")
    assert {recording(case) for case in cases().values()} == set(FOLDER.glob("*.json"))


def test_the_table_names_rules_of_the_pack():
    pack = files("rtml.rules").joinpath("packs/k8s-audit")
    known = {Path(one.name).stem for one in pack.iterdir()}
    assert {name for names in table().values() for name in names} <= known
