"""Falco files: later entries change earlier ones; what is bad is named and stops no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtml.rules.falco.loading import load_falco
from rtml.rules.language.examples import matches

SHELL = """
- list: shells
  items: [sh, '"bash"']
- macro: spawned
  condition: evt.type in (execve, execveat)
- rule: Shell
  condition: spawned and container.id != host and proc.name in (shells)
  priority: CRITICAL
  tags: [mitre_execution, T1059.004]
"""
BASH = {"kind": "exec", "comm": "bash", "cmdline": "/bin/bash -i", "image": "nginx:1.27"}


def load(tmp_path: Path, *texts: str):
    files = []
    for number, text in enumerate(texts):
        files.append(tmp_path / f"{number}.yaml")
        files[-1].write_text(text)
    return load_falco(files)


def one(tmp_path: Path, *texts: str):
    rules, skipped = load(tmp_path, *texts)
    assert skipped == []
    return rules[0]


def rule(condition: str) -> str:
    return f"- rule: r\n  condition: {condition!r}\n  priority: NOTICE\n"


def test_a_rule(tmp_path):
    found = one(tmp_path, SHELL)
    assert (found.level, found.kinds, found.techniques) == ("critical", ("exec",), ("T1059.004",))
    assert found.finding_type == "Execution:Runtime/FalcoRule"
    assert matches(found, [BASH, {**BASH, "comm": "Bash"}, {**BASH, "comm": None}]) == [True, False, False]


@pytest.mark.parametrize(
    "change",
    [
        "- list: shells\n  items: [zsh]\n  override: {items: replace}",
        "- list: shells\n  items: [zsh]",
        "- macro: spawned\n  condition: and proc.args contains x\n  append: true",
        "- rule: Shell\n  condition: and not proc.cmdline startswith 'bash -'\n"
        "  override: {condition: append}",
        "- rule: Shell\n  exceptions:\n  - {name: a, fields: [proc.name, proc.args],\n"
        "     comps: [in, startswith], values: [[[bash, dash], '-']]}\n  append: true",
        "- rule: Shell\n  exceptions: [{name: a, fields: proc.args, values: ['-i']}]\n"
        "  override: {exceptions: append}",
    ],
)
def test_changes_silence_the_rule(tmp_path, change):
    assert matches(one(tmp_path, SHELL, change), [BASH]) == [False]


EXCEPTED = """
- rule: Shell
  condition: evt.type = execve and proc.name in (sh, bash)
  priority: NOTICE
  exceptions: [{name: job, fields: [proc.name, proc.args], comps: [=, startswith], values: [[sh, -c]]}]
"""


@pytest.mark.parametrize("way", ["append: true", "override: {exceptions: append}"])
def test_values_go_to_the_exception_of_that_name(tmp_path, way):
    change = f"- rule: Shell\n  exceptions: [{{name: job, values: [[bash, -i], [dash, x]]}}]\n  {way}"
    events = [BASH, {**BASH, "comm": "sh", "cmdline": "sh -c id"}, {**BASH, "comm": "sh", "cmdline": "sh -i"}]
    assert matches(one(tmp_path, EXCEPTED, change), events) == [False, False, True]
    assert matches(one(tmp_path, EXCEPTED), events) == [True, False, True]


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("{name: jbo, values: [[bash, -i]]}", "'jbo': no fields, and none of this name before"),
        ("{name: job, values: [[bash]]}", "'job': values and fields differ in number"),
        ("{name: job, comps: [in, =], values: [[bash, x]]}", "'job': comps are set where"),
        ("{name: new, fields: [proc.name], comps: [=, =], values: [[bash]]}", "'new': fields and comps"),
        ("{name: new, fields: proc.name, values: bash}", "'new': values must be a list"),
        ("just text", "None: a name and fields are needed"),
    ],
)
def test_a_bad_exception_leaves_its_rule(tmp_path, entry, reason):
    change = f"- rule: Shell\n  exceptions: [{entry}]\n  override: {{exceptions: append}}"
    rules, skipped = load(tmp_path, EXCEPTED, change)
    assert matches(rules[0], [BASH, {**BASH, "comm": "sh", "cmdline": "sh -c id"}]) == [True, False]
    (problem,) = skipped
    assert f"rule 'Shell': exception {reason}" in problem.reason


def test_files_of_several_documents_and_of_none(tmp_path):
    rules, skipped = load(
        tmp_path, "---\n# team 1\n" + SHELL + "---\n# team 2\n---" + EXCEPTED, "# mine\n---\n# only"
    )
    assert [found.title for found in rules] == ["Shell"]
    assert [found.reason for found in skipped] == ["rule 'Shell' replaces the one earlier in this file"]
    rules, skipped = load(tmp_path, SHELL + "---\n- rule: [")
    assert [found.title for found in rules] == ["Shell"] and "not YAML" in skipped[0].reason


@pytest.mark.parametrize("source", ["okta", "aws_cloudtrail", "[k8s_audit]"])
def test_rules_of_other_sources_are_named_as_such(tmp_path, source):
    text = f"- rule: r\n  condition: ka.verb = get\n  priority: NOTICE\n  source: {source}"
    rules, (skipped,) = load(tmp_path, text)
    assert rules == [] and "only rules of the sources syscall and k8s_audit are run" in skipped.reason
    assert source.strip("[]") in skipped.reason


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        ("r.example:5000/a/b:3@sha256:aa", "3"),
        ("web:3", "3"),
        ("r.example:3/web", None),
        ("sha256:" + "3" * 64, None),
    ],
)
def test_the_tag_of_an_image(tmp_path, image, tag):
    found = one(tmp_path, rule("evt.type = execve and container.image.tag = 3"))
    assert matches(found, [{**BASH, "image": image}]) == [tag == "3"]
    found = one(tmp_path, rule("evt.type = execve and not container.image.tag exists"))
    assert matches(found, [{**BASH, "image": image}]) == [tag is None]


def test_a_socket_is_named_by_both_ends(tmp_path):
    far = {"kind": "connect", "dst_ip": "192.0.2.7", "dst_port": 8443}
    near = {**far, "src_ip": "10.0.0.2", "src_port": 40000}
    local = {"kind": "connect", "socket_path": "/run/a.sock"}
    taken = {**near, "kind": "accept", "dst_ip": "::1"}
    for test, hits in (
        ("contains ':8443'", [True, True, False, True]),
        ("endswith '->192.0.2.7:8443'", [True, True, False, False]),
        ("= '10.0.0.2:40000->192.0.2.7:8443'", [False, True, False, False]),
        ("= '10.0.0.2:40000->::1:8443'", [False, False, False, True]),
        ("= /run/a.sock", [False, False, True, False]),
    ):
        found = one(tmp_path, rule(f"evt.type in (connect, accept) and fd.name {test}"))
        assert matches(found, [far, near, local, taken]) == hits, test


def test_disabled_and_replaced_rules_are_named(tmp_path):
    rules, skipped = load(tmp_path, SHELL, "- rule: Shell\n  enabled: false")
    assert (rules, len(skipped)) == ([], 1)
    rules, skipped = load(tmp_path, SHELL, SHELL)
    assert len(rules) == 1
    assert "rule 'Shell' replaces the one in" in skipped[0].reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (rule("spawnd"), "macro 'spawnd' is unknown; did you mean 'spawned'?"),
        (rule("evt.type = execve and proc.nam = a"), "did you mean 'proc.name'?"),
        (rule("evt.type = execve and proc.name regex '('"), "regex"),
        (rule("evt.type = execve and proc.name"), "does not parse"),
        (rule("evt.type = execve and proc.pid = abc"), "not a number"),
        (rule("evt.type = execve and proc.env contains a"), "needs proc.env, which no capture holds"),
        (rule("(" * 200 + "a" + ")" * 200), "nested more than"),
        ("- macro: a\n  condition: b\n- macro: b\n  condition: a\n" + rule("a"), "names itself: a > b"),
        ("- list: a\n  items: [a]\n" + rule("proc.name in (a)"), "list 'a' names itself"),
        (
            "".join(f"- macro: m{i}\n  condition: m{i + 1} and m{i + 1}\n" for i in range(30)) + rule("m0"),
            "unknown",
        ),
        ("- rule: [", "not YAML"),
        ("just text", "is a list of rules"),
        ("- 3", "neither a rule"),
        ("- rule: x\n  condition: [a]", "wrong form"),
        ("- rule: x", "has no condition"),
        ("- rule: x\n  condition: a\n  append: true", "was not defined before"),
    ],
)
def test_bad_input_is_named_and_stops_no_other(tmp_path, text, reason):
    rules, skipped = load(tmp_path, SHELL, text)
    assert [found.title for found in rules] == ["Shell"]
    assert any(reason in found.reason for found in skipped), skipped


def test_binary_file_and_macro_bomb(tmp_path):
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    bomb = "- macro: m30\n  condition: evt.type = execve\n" + "".join(
        f"- macro: m{i}\n  condition: m{i + 1} and m{i + 1}\n" for i in range(30)
    )
    (tmp_path / "bomb.yaml").write_text(bomb + rule("m0"))
    rules, skipped = load_falco([tmp_path])
    assert rules == []
    assert {"UTF-16" in s.reason or "grows beyond" in s.reason for s in skipped} == {True}


def test_never_and_always(tmp_path):
    assert one(tmp_path, rule("evt.type = execve and evt.num = 0")).kinds == ()
    found = one(tmp_path, rule("evt.type = execve and evt.num >= 0 and proc.tty != 0"))
    assert matches(found, [{**BASH, "tty": "pts/0"}, BASH]) == [True, False]


def test_views_of_files_and_ancestors(tmp_path):
    opened = "evt.type in (open, openat) and evt.is_open_read = true and fd.num >= 0 and "
    row = {"kind": "open", "path": "../../../../etc/shadow", "cwd": "/var/www", "result": 3}
    for test in (
        "fd.name = /etc/shadow",
        "fd.directory = /etc",
        "fd.filename = shadow",
        "fd.nameraw glob '*../*../*'",
        "proc.aname[2] = containerd-shim",
        "proc.aname in (bash)",
        "not fd.name != /etc/shadow",
    ):
        found = one(tmp_path, rule(opened + test))
        event = {**row, "ancestors": ["/bin/bash", "/usr/bin/containerd-shim-runc-v2"]}
        assert matches(found, [event, {**event, "result": -2}]) == [True, False], test


@pytest.mark.parametrize(
    "entry",
    [
        '- list: shells\n  items: [sh, "\\ud800"]',
        '- rule: "\\udfff"\n  condition: evt.type = execve\n  priority: NOTICE',
        "- rule: r\n  condition: \"evt.type = execve and proc.name = '\\udc80'\"\n  priority: NOTICE",
        "- rule: r\n  condition: evt.type = execve\n  priority: NOTICE\n"
        '  exceptions: [{name: n, fields: [proc.name], values: [["\\ud800"]]}]',
    ],
)
def test_half_a_character_is_named_and_stops_no_other(tmp_path, entry):
    rules, skipped = load(tmp_path, SHELL, entry)
    assert [one.title for one in rules] == ["Shell"]
    assert len(skipped) == 1 and "half a character, U+D" in skipped[0].reason
    skipped[0].reason.encode()
