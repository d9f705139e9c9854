"""Rule files without a rule guard nothing, and say so instead of finding nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtml.errors import UsageError
from rtml.rules.running.run import load_all

SIGMA = """
title: t
logsource: {product: linux, category: process_creation}
detection: {s: {User: a}, condition: s}
"""
FALCO = "- rule: r\n  condition: evt.type = execve and proc.name = id\n  priority: NOTICE\n"
NOTHING = {"only comments": ("# mine\n", "# mine\n"), "only parts": ("", "- list: a\n  items: [b]\n")}
NOT_RUN = {
    "skipped": (SIGMA.replace("User", "Usr"), FALCO.replace("proc.name", "proc.nam")),
    "disabled": ("", FALCO + "  enabled: no\n"),
}


@pytest.mark.parametrize("case", NOTHING)
def test_files_without_one_rule_are_an_error(case: str, tmp_path: Path):
    for engine, text in zip(("sigma", "falco"), NOTHING[case], strict=True):
        (tmp_path / engine).mkdir()
        (tmp_path / engine / "x.yml").write_text(text)
        given = {"paths" if engine == "sigma" else "falco": [tmp_path / engine]}
        with pytest.raises(UsageError, match=f"(?i)no rule of {engine} is there, so it guards nothing"):
            load_all(packs=(), **given)


def test_one_rule_is_enough_and_no_file_at_all_is_no_mistake(tmp_path: Path):
    (tmp_path / "bad.yaml").write_text(FALCO.replace("proc.name", "proc.nam").replace("rule: r", "rule: q"))
    (tmp_path / "good.yaml").write_text(FALCO)
    rules, skipped = load_all(packs=(), falco=[tmp_path])
    assert (len(rules), len(skipped)) == (1, 1)
    assert load_all(packs=())[0] == []


@pytest.mark.parametrize("case", NOT_RUN)
def test_rules_that_are_not_run_are_named(case: str, tmp_path: Path):
    for engine, text in zip(("sigma", "falco"), NOT_RUN[case], strict=True):
        (tmp_path / f"{engine}.yml").write_text(text)
        given = {"paths" if engine == "sigma" else "falco": [tmp_path / f"{engine}.yml"]}
        rules, skipped = load_all(packs=(), **given) if text else ([], [1])
        assert (rules, len(skipped)) == ([], 1)
