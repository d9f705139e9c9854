"""Our own pack: every rule meets its examples and says what it must say."""

from __future__ import annotations

import re

import pytest

from rtml.rules import load_pack
from rtml.rules.language.examples import failures

RULES, SKIPPED = load_pack("container")
PURPOSES = (
    "Backdoor|CredentialAccess|CryptoCurrency|DefenseEvasion|Discovery|Execution|Exfiltration"
    "|Impact|Persistence|PrivilegeEscalation|UnauthorizedAccess"
)


def test_every_file_is_a_rule():
    assert SKIPPED == []
    assert len(RULES) >= 20


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.title)
def test_examples(rule):
    assert failures(rule) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.title)
def test_metadata(rule):
    assert re.fullmatch(rf"({PURPOSES}):Runtime/[A-Z]\w+(\.\w+)?(!DNS)?", rule.finding_type)
    assert rule.techniques
    assert rule.licence == "Apache-2.0"
    assert rule.authors == "rtml contributors"
    assert rule.description


def test_stateless_types_of_the_market_are_covered():
    types = {rule.finding_type for rule in RULES}
    wanted = """UnauthorizedAccess:Runtime/MetadataDNSRebind
        PrivilegeEscalation:Runtime/DockerSocketAccessed
        PrivilegeEscalation:Runtime/RuncContainerEscape
        PrivilegeEscalation:Runtime/CGroupsReleaseAgentModified
        DefenseEvasion:Runtime/ProcessInjection.Proc DefenseEvasion:Runtime/ProcessInjection.Ptrace
        DefenseEvasion:Runtime/ProcessInjection.VirtualMemoryWrite
        DefenseEvasion:Runtime/FilelessExecution Impact:Runtime/CryptoMinerExecuted
        PrivilegeEscalation:Runtime/ContainerMountsHostDirectory
        PrivilegeEscalation:Runtime/UserfaultfdUsage Execution:Runtime/SuspiciousTool
        Execution:Runtime/SuspiciousCommand DefenseEvasion:Runtime/SuspiciousCommand
        DefenseEvasion:Runtime/PtraceAntiDebugging Discovery:Runtime/SuspiciousCommand
        Persistence:Runtime/SuspiciousCommand PrivilegeEscalation:Runtime/SuspiciousCommand
        DefenseEvasion:Runtime/KernelModuleLoaded"""
    assert set(wanted.split()) <= types
