"""Sigma's filters: over files, by name, id or any, with what they cannot do said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rtml.rules.language.over_rules import OverRules
from rtml.rules.running.evaluate import evaluate
from rtml.rules.sigma.loading import load
from tests.rules.conftest import capture_of
from tests.rules.sigma_over import base, held_back, over, run, written

NUMBER = "0b1f8a56-6d0c-4c55-9d8a-3f0a7c1d2e31"


EVENTS = [
    run("id", 0, uid=0, cmdline="id"),
    run("id", 1, uid=7, cmdline="id"),
    run("ls", 2, uid=0, cmdline="ls"),
    run("ls", 3, uid=7, cmdline="ls -l"),
]


def hits(paths: list[Path]) -> list[int]:
    rules, skipped = load(paths)
    assert skipped == []
    return sorted(evaluate(capture_of(EVENTS), rules).hits["seq"])


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        (["id"], [1, 2, 3]),
        ("id", [1, 2, 3]),
        ([NUMBER], [0, 1, 3]),
        (["id", NUMBER.upper()], [1, 3]),
        ("any", [1, 3]),
        ([], [1, 3]),
    ],
)
@pytest.mark.parametrize("apart", [False, True])
def test_what_a_filter_holds_back_is_no_hit_in_whatever_file(
    tmp_path: Path, rules: Any, left: list[int], apart: bool
):
    bases = [base("id"), base("ls", id=NUMBER)]
    outer = held_back(rules)
    one, two = ([outer], bases) if apart else ([outer, *bases], [])
    assert hits(written(tmp_path, a=one, **({"b": two} if apart else {}))) == left
    if apart:
        paths = [tmp_path / "b.yml", tmp_path / "a.yml"]
        assert hits(paths) == left


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        ("s", [0, 2]),
        ("not s", [1, 3]),
        ("not 1 of s*", [1]),
        ("not all of them", [0, 1, 3]),
        ("s and not s_line", [0]),
    ],
)
def test_the_rule_and_the_condition_of_the_filter_must_hold(tmp_path: Path, condition: str, left: list[int]):
    tests = {"s": {"User": "root"}, "s_line": {"CommandLine|startswith": "ls"}, "condition": condition}
    documents = [base("id"), base("ls", detection={"s": {"Image|endswith": "/ls"}, "condition": "1 of them"})]
    assert hits(written(tmp_path, a=[*documents, held_back("any", tests)])) == left


def test_two_filters_hold_both(tmp_path: Path):
    line = held_back("any", {"x": {"CommandLine": "ls -l"}, "condition": "not x"}, title="Other")
    assert hits(written(tmp_path, a=[base("id"), base("ls")], b=[held_back("any")], c=[line])) == [1]


def test_a_filter_holds_back_what_a_correlation_counts(tmp_path: Path):
    documents = [base("id"), over("event_count", ["id"], {"gte": 2})]
    assert hits(written(tmp_path, a=documents)) == [1]
    rules, skipped = load(written(tmp_path, a=documents, b=[held_back(["id"])]))
    assert skipped == [] and isinstance(rules[0], OverRules)
    assert evaluate(capture_of(EVENTS), rules).hits.is_empty()


@pytest.mark.parametrize(
    ("outer", "reason"),
    [
        (held_back(["id"], {"s": {"Usr": "root"}, "condition": "not s"}), "did you mean 'User'"),
        (held_back(["id"], {"s": {"User": "root"}, "condition": ["not s"]}), "condition must be a string"),
        (held_back(["id"], {"s": {"User": "root"}, "condition": "not missing"}), "missing"),
        ({**held_back(["id"]), "logsource": "x"}, "logsource must be a valid YAML map"),
    ],
)
def test_a_filter_that_is_not_understood_takes_its_rules_with_it(tmp_path: Path, outer: Any, reason: str):
    rules, skipped = load(written(tmp_path, a=[base("id"), base("ls")], b=[outer]))
    assert [rule.title for rule in rules] == ["One ls"]
    told = " | ".join(one.reason for one in skipped)
    assert reason in told and "filter 'Ours'" in told


def test_a_filter_without_a_rule_says_so_and_stops_nothing(tmp_path: Path):
    other = {**held_back(["id"]), "logsource": {"product": "linux", "category": "file_event"}}
    for outer, reason in (
        (held_back(["gone"]), "is named gone"),
        (other, "no rule of its log source is named id"),
        ({**other, "filter": {**other["filter"], "rules": "any"}}, "is of its log source"),
    ):
        rules, (skipped,) = load(written(tmp_path, a=[base("id"), outer]))
        assert [rule.title for rule in rules] == ["One id"] and reason in skipped.reason


def test_a_filter_of_any_rule_without_a_log_source_is_named_and_stops_nothing(tmp_path: Path):
    outer = held_back("any")
    del outer["logsource"]
    rules, (skipped,) = load(written(tmp_path, a=[base("id")], b=[outer]))
    assert [rule.title for rule in rules] == ["One id"] and "must have a log source" in skipped.reason
