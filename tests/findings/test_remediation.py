"""Every finding type that anything registered can report has advice of its own."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from rtml import registered
from rtml.features import AUDIT_FAMILIES, FAMILIES
from rtml.findings.remediation import GENERAL, advice, advised
from rtml.findings.rule_types import PURPOSES, finding_type_of
from rtml.findings.sequences.signals import HOST_SEQUENCE_TYPE, SEQUENCE_TYPE
from rtml.models.explaining.changes import CHANGED
from rtml.models.explaining.types import model_type
from rtml.rules.catalogue import catalogue, user_data
from rtml.rules.intelligence import load_intelligence
from rtml.rules.intelligence.callers import caller_rules
from rtml.rules.running.first_seen import TYPE
from rtml.rules.running.run import load_all

ROOT = Path(__file__).parents[2]
PACKS = "\n".join(file.read_text("utf-8") for file in (ROOT / "rtml/rules").rglob("*.yml"))
CALLS = yaml.safe_load(files("rtml.models.explaining").joinpath("anomalous.yml").read_text("utf-8"))


@cache
def reported() -> set[str]:
    """Every type: of rules, correlations, lists, models, sequences, and of rules and alerts of others."""
    rules = load_all(packs=registered.PACKS)[0]
    of_callers = caller_rules(load_intelligence(["test"]))
    families = [name for name, family in {**FAMILIES, **AUDIT_FAMILIES}.items() if name != "audit"]
    others = [
        finding_type_of([tactic], name)
        for tactic in PURPOSES
        for name in ("SigmaRule", "FalcoRule", "ImportedAlert")
    ]
    return {
        *catalogue(),
        *(kind for kinds in user_data().values() for kind in kinds),
        *(rule.finding_type for rule in (*rules, *of_callers)),
        *re.findall(r"^ *finding_type: (\S+)", PACKS, re.MULTILINE),
        *(model_type(name) for name in (*families, None)),
        *(line["type"] for line in CALLS),
        *others,
        *(CHANGED, TYPE, SEQUENCE_TYPE, HOST_SEQUENCE_TYPE),
    }


def test_every_type_has_advice_of_its_own():
    missing = sorted(kind for kind in reported() if advice(kind) == GENERAL)
    assert not missing, f"add them to rtml/findings/remediation.yml: {missing}"


def test_no_advice_is_for_a_type_that_nothing_reports():
    written = yaml.safe_load(files("rtml.findings").joinpath("remediation.yml").read_text("utf-8"))
    named = {kind for entry in written for kind in entry["types"]}
    # A list of the user's own: none is shipped, so no rule of it is loaded here.
    custom = {kind for kind in named if kind.endswith(":Kubernetes/MaliciousIPCaller.Custom")}
    assert not {kind for kind in advised() if kind not in reported()} - custom


def test_no_type_stands_twice():
    written = yaml.safe_load(files("rtml.findings").joinpath("remediation.yml").read_text("utf-8"))
    named = [kind for entry in written for kind in entry["types"]]
    assert len(named) == len(set(named))


@pytest.mark.parametrize("part", ["check", "contain", "silence"])
def test_advice_is_whole_sentences(part: str):
    for kind, words in advised().items():
        text = getattr(words, part)
        assert len(text) > 20 and text[-1] in ".?" and text.isprintable(), kind
