"""Tuning entries of Falco in every spelling: they mean what Falco means, or are named and change nothing."""

from __future__ import annotations

import pytest

from rtml.rules.language.examples import matches
from tests.rules.test_falco_loading import load

BASH = {"kind": "exec", "comm": "bash", "cmdline": "/bin/bash -i", "image": "nginx:1.27", "pid": 5}
SHELL = """
- list: shells
  items: [sh, bash]
- list: one_shell
  items: [bash]
- list: nothing
  items: []
- macro: spawned
  condition: evt.type in (execve, execveat)
- rule: Shell
  condition: spawned and proc.name in (shells)
  priority: NOTICE
"""


def condition(text: str) -> str:
    return SHELL.partition("- rule")[0] + f"- rule: r\n  condition: {text!r}\n  priority: NOTICE\n"


@pytest.mark.parametrize("yes", ["true", "True", "TRUE", "yes", "Yes", "on", "y", "'true'"])
@pytest.mark.parametrize("no", ["false", "False", "no", "OFF", "n"])
def test_every_spelling_of_true_and_false(tmp_path, yes, no):
    change = f"- rule: Shell\n  condition: and proc.args contains zzz\n  append: {yes}"
    (rule,), skipped = load(tmp_path, SHELL, change)
    assert not skipped and matches(rule, [BASH]) == [False]
    rules, (told,) = load(tmp_path, SHELL + f"  enabled: {no}\n")
    assert rules == [] and "disabled in its file" in told.reason
    rules, (told,) = load(tmp_path, SHELL, f"- rule: Shell\n  enabled: {no}\n")
    assert rules == [] and "disabled in its file" in told.reason
    rules, skipped = load(tmp_path, SHELL + f"  enabled: {no}\n", f"- rule: Shell\n  enabled: {yes}\n")
    assert len(rules) == 1 and not skipped


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("condition: and a\n  override: {condition: prepend}", "neither append nor replace"),
        ("override: {condition: append}", "the entry has no condition"),
        ("condition: and a\n  enabled: false\n  override: {condition: append}", "enabled is given"),
        ("condition: and a\n  append: true\n  override: {condition: append}", "exclude each other"),
        ("source: k8s_audit\n  override: {source: replace}", "Falco cannot replace it"),
        ("priority: INFO\n  override: {priority: append}", "Falco cannot append it"),
        ("condition: and a\n  append: maybe", "append must be true or false, not 'maybe'"),
        ("enabled: perhaps", "enabled must be true or false"),
        ("desc: nothing else\n  append: true", "nothing to append"),
        ("override: [condition]", "override must be a mapping"),
    ],
)
def test_a_change_without_meaning_is_named_and_changes_nothing(tmp_path, change, reason):
    (rule,), (told,) = load(tmp_path, SHELL, f"- rule: Shell\n  {change}\n")
    assert matches(rule, [BASH]) == [True] and rule.level == "low"
    assert "rule 'Shell': " in told.reason and reason in told.reason


def test_nothing_is_no_mistake(tmp_path):
    text = SHELL + "  exceptions: ~\n  tags: null\n-\n- list: more\n  items:\n"
    (rule,), skipped = load(tmp_path, text)
    assert not skipped and matches(rule, [BASH]) == [True]


@pytest.mark.parametrize(
    ("entry", "cmdline"),
    [
        ("{name: a, fields: [proc.name], comps: [in], values: [['(sh, bash)']]}", None),
        ("{name: a, fields: [proc.name], comps: [in], values: [['sh, bash']]}", None),
        ("{name: a, fields: [proc.name], comps: [in], values: [['(shells)']]}", None),
        ("{name: a, fields: [proc.name], comps: [in], values: [[shells]]}", None),
        ("{name: a, fields: [proc.name], values: [[one_shell]]}", None),
        ("{name: a, fields: [proc.name], values: [['\"bash\"']]}", None),
        ("{name: a, fields: [proc.name], values: [[[sh, bash]]]}", None),
        ("{name: a, fields: proc.name, comps: intersects, values: [bash]}", None),
        ("{name: a, fields: [proc.args], values: [['-x (deleted)']]}", "bash -x (deleted)"),
        ("{name: a, fields: [proc.args], values: [['(deleted) -x']]}", "bash (deleted) -x"),
        ("{name: a, fields: [proc.args], values: [['-o=x']]}", "bash -o=x"),
        ("{name: a, fields: [proc.args], comps: [endswith], values: [[(y)]]}", "bash (x)(y)"),
        ("{name: a, fields: ['tolower(proc.name)', proc.pid], comps: [=, <], values: [[bash, 9]]}", None),
    ],
)
def test_values_of_exceptions_mean_what_they_mean_in_a_condition(tmp_path, entry, cmdline):
    change = f"- rule: Shell\n  exceptions: [{entry}]\n  override: {{exceptions: append}}\n"
    (rule,), skipped = load(tmp_path, SHELL, change)
    assert not skipped
    passed = {**BASH, "cmdline": cmdline} if cmdline else BASH
    other = {**BASH, "comm": "sh", "cmdline": "sh -x (deleted", "pid": 99}
    listed = "sh, bash" in entry or "(shells)" in entry or "[[shells]]" in entry
    assert matches(rule, [passed, other]) == [False, not listed]


def test_an_exception_that_means_nothing_never_takes_its_rule_along(tmp_path):
    entries = {
        "{name: a, fields: [proc.foo], values: [[bash]]}": "field 'proc.foo' is unknown",
        "{name: a, fields: [proc.name], comps: [like], values: [[bash]]}": "'like' compares with no value",
        "{name: a, fields: [proc.name], comps: [exists], values: [[x]]}": "'exists' compares with no value",
        "{name: a, fields: [proc.pid], comps: [<], values: [[abc]]}": "not a number",
        "{name: a, fields: [proc.pid], comps: [contains], values: [[5]]}": "no text",
        "{name: a, fields: [proc.args], comps: [startswith], values: [[[-i, x]]]}": "not with a list",
        "{name: a, fields: [proc.name], comps: ['!='], values: [[[sh, zsh]]]}": "not with a list",
        "{name: a, fields: proc.args, comps: contains, values: ['-i']}": "not with a list",
        "{name: a, fields: proc.name, values: [[bash]]}": "a value is a text, or a list of texts",
        "{name: a, fields: [proc.name], values: [[one, two]]}": "differ in number",
        "{name: a, fields: ['proc.name or evt.num'], values: [[bash]]}": "no comparison",
        "{name: a, fields: [proc.name], comps: ['='], values: [[shells]]}": "a list of 2",
    }
    for entry, reason in entries.items():
        change = f"- rule: Shell\n  exceptions: [{entry}]\n  override: {{exceptions: append}}\n"
        (rule,), (told,) = load(tmp_path, SHELL, change)
        assert matches(rule, [BASH]) == [True], entry
        assert reason in told.reason and "rule 'Shell': exception 'a'" in told.reason


def test_an_exception_on_what_no_capture_holds_takes_its_rule_along(tmp_path):
    change = "- rule: Shell\n  exceptions: [{name: a, fields: [proc.sname], values: [[x]]}]\n  append: true\n"
    rules, (told,) = load(tmp_path, SHELL, change)
    assert rules == [] and "needs proc.sname, which no capture holds" in told.reason


def test_a_list_stands_behind_every_operator(tmp_path):
    for text in ("proc.name = one_shell", "proc.args startswith one_shell or proc.pid = 5"):
        (rule,), skipped = load(tmp_path, condition(f"evt.type = execve and ({text})"))
        assert not skipped and matches(rule, [BASH]) == [True]
    for text, count in (("proc.name = shells", 2), ("proc.name contains nothing", 0)):
        rules, (told,) = load(tmp_path, condition(f"evt.type = execve and {text}"))
        assert rules == [] and f"a list of {count} where one value belongs" in told.reason


def test_a_list_that_is_not_understood_takes_its_rules_along(tmp_path):
    text = "- list: allowed\n  items: [{a: b}]\n" + condition("spawned and not proc.name in (sh, allowed)")
    rules, (first, second) = load(tmp_path, text)
    assert rules == [] and "items must be plain values" in first.reason
    assert "list 'allowed' is not understood" in second.reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("evt.type = execve and proc.pid contains 5", "proc.pid is no text"),
        ("evt.type = execve and proc.pid glob 5*", "proc.pid is no text"),
        ("evt.type = execve and len(proc.name) startswith 4", "is no text"),
        ("evt.type = connect and fd.sip startswith 10.", "fd.sip is no text"),
        ("evt.type = connect and fd.sport endswith 0", "fd.sport is no text"),
        ("evt.type = open and evt.is_open_write contains t", "evt.is_open_write is no text"),
        ("evt.type = open and evt.is_open_write = 1", "is true or false, not '1'"),
        ("evt.type = execve and proc.name < 5", "proc.name is no number"),
        ("evt.type = connect and fd.sip >= 10", "fd.sip is no number"),
    ],
)
def test_comparisons_that_the_type_of_a_field_does_not_know_are_refused(tmp_path, text, reason):
    rules, (told,) = load(tmp_path, condition(text))
    assert rules == [] and reason in told.reason


def test_codes_of_the_audit_log_are_text_to_falco(tmp_path):
    text = "- rule: r\n  condition: ka.response.code startswith 2\n  priority: NOTICE\n  source: k8s_audit\n"
    (rule,), skipped = load(tmp_path, text)
    assert not skipped and matches(rule, [{"code": 201}, {"code": 403}]) == [True, False]


@pytest.mark.parametrize("word", ["SUPER", "5", "warn", "''"])
def test_a_priority_that_is_none_is_told_and_the_rule_is_run(tmp_path, word):
    (rule,), (told,) = load(tmp_path, SHELL.replace("NOTICE", word))
    assert rule.level == "low" and "which is none: taken for notice" in told.reason


@pytest.mark.parametrize("word", ["Info", "INFORMATIONAL", "emergency", "Debug"])
def test_priorities_are_told_in_any_case(tmp_path, word):
    assert load(tmp_path, SHELL.replace("NOTICE", word))[1] == []
