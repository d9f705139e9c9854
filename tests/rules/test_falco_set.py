"""Falco's real rules: all conditions parse, what is refused and why, and that rules can fire."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rtml.rules import Rule, Skipped
from rtml.rules.falco.loading import load_falco
from rtml.rules.falco.syntax import parse
from tests.rules.falco_witness import falco_witness

FALCO = Path(__file__).parents[3] / "shared/data/rules/falco"
NAMES = ("falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml")


@pytest.fixture(scope="module")
def files() -> list[Path]:
    if not FALCO.is_dir():
        pytest.skip(f"{FALCO} is not here")
    return [FALCO / name for name in NAMES]


@pytest.fixture(scope="module")
def loaded(files: list[Path]) -> tuple[list[Rule], list[Skipped]]:
    return load_falco(files, disabled=True)


def test_every_condition_parses(files):
    documents = [one for file in files for one in yaml.safe_load(file.read_text("utf-8"))]
    parsed = [parse(one["condition"]) for one in documents if "condition" in one]
    assert len(parsed) == 445


def test_rules_compile_or_name_the_missing_field(loaded):
    rules, skipped = loaded
    assert len(rules) >= 75
    assert len(rules) + len(skipped) == 93
    odd = [one.reason for one in skipped if "no capture holds" not in one.reason]
    assert [reason for reason in odd if "proc.tty" not in reason] == []


def test_rules_for_the_host_cannot_match(loaded):
    rules, _ = loaded
    never = {rule.title for rule in rules if not rule.kinds}
    assert len(never) == 5
    assert "Netcat/Socat Remote Code Execution on Host" in never


def test_disabled_rules_are_skipped_by_default(files):
    rules, skipped = load_falco(files)
    disabled = [one for one in skipped if "enabled: false" in one.reason]
    assert len(disabled) == 12
    assert len(rules) + len(skipped) == 93


def test_what_rules_carry(loaded):
    rules, _ = loaded
    assert {rule.licence for rule in rules} == {"Apache-2.0"}
    assert {rule.authors for rule in rules} == {"The Falco Authors"}
    assert sum(bool(rule.techniques) for rule in rules) > 60
    assert all(rule.finding_type.endswith(":Runtime/FalcoRule") for rule in rules)


def test_rules_fire_on_a_witness(loaded):
    rules, _ = loaded
    silent = [rule.title for rule in rules if rule.kinds and falco_witness(rule) is None]
    assert silent == []
