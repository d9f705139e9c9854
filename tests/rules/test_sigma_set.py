"""The real Sigma set: what compiles, what is refused and why, and that each rule can fire."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from rtml.rules import Rule, Skipped, load
from tests.rules.witness import witness

CATEGORIES = ("process_creation", "file_event", "network_connection")


@pytest.fixture(scope="module")
def loaded(sigma_set: Path) -> tuple[list[Rule], list[Skipped]]:
    return load([sigma_set / "linux"])


def test_process_file_and_network_rules_compile(loaded, sigma_set):
    rules, skipped = loaded
    assert len(rules) >= 133
    assert len(rules) + len(skipped) == 210
    refused = [one for one in skipped if Path(one.file).parent.name in CATEGORIES]
    assert len(refused) == 2
    assert all("LogonId" in one.reason for one in refused)


def test_every_skipped_rule_has_a_file_and_a_reason(loaded):
    _, skipped = loaded
    assert all(Path(one.file).is_file() and one.reason for one in skipped)
    auditd = Counter("auditd" in one.reason for one in skipped)
    assert auditd[True] == 53


def test_authors_and_techniques_are_kept(loaded):
    rules, _ = loaded
    assert all(rule.authors for rule in rules)
    assert sum(bool(rule.techniques) for rule in rules) > 110


def test_every_compiled_rule_fires_on_a_witness(loaded):
    rules, _ = loaded
    silent = [rule.title for rule in rules if witness(rule) is None]
    assert silent == []


def test_loading_prints_nothing_and_never_asks_the_network(sigma_set):
    program = f"""
import socket, sys
def refuse(*args, **kwargs): raise AssertionError("network")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
from rtml.rules import load, load_pack
load([{str(sigma_set)!r}]); load_pack()
names = {{name.partition(".")[0] for name in sys.modules}}
assert not names & {{"requests", "urllib3", "diskcache"}}, names
assert "sigma.data.mitre_attack" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
