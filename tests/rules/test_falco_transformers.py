"""Falco's transformers and fields on the right side: what they make of an event, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtml.rules import evaluate
from rtml.rules.falco.loading import load_falco
from rtml.rules.language.examples import matches
from tests.rules.conftest import capture_of

SHELL = {
    "kind": "exec",
    "exe": "/usr/bin/Bash",
    "comm": "Bash",
    "cmdline": "bash -c aWQ=",
    "parent_image": "/srv/Bash",
    "parent_cmdline": "Bash --login",
    "uid": 0,
    "namespace": "Shop",
}
READ = {"kind": "open", "path": "/etc/Shadow", "flags": "O_RDONLY", "exe": "/bin/Shadow", "comm": "Shadow"}
CALL = {
    "kind": "connect",
    "src_ip": "10.0.0.7",
    "src_port": 443,
    "dst_ip": "::ffff:10.0.0.7",
    "dst_port": 444,
    "exe": "/x",
}
ASKED = {"kind": "audit", "verb": "create", "groups": ["Dev", "ops"], "username": "Ann", "object_name": "ann"}


def load(tmp_path: Path, condition: str, source: str = "syscall"):
    file = tmp_path / "rules.yaml"
    text = f"- rule: r\n  condition: |-\n    {condition}\n  priority: NOTICE\n  source: {source}\n"
    file.write_text(text)
    return load_falco([file])


def holds(tmp_path: Path, condition: str, event: dict) -> bool:
    source = "k8s_audit" if event["kind"] == "audit" else "syscall"
    calls = {"exec": "execve", "open": "open", "connect": "connect"}
    whole = condition if source == "k8s_audit" else f"evt.type = {calls[event['kind']]} and ({condition})"
    rules, skipped = load(tmp_path, whole, source)
    assert skipped == []
    return matches(rules[0], [event]) == [True]


@pytest.mark.parametrize(
    ("condition", "event", "right"),
    [
        ("tolower(proc.name) = bash", SHELL, True),
        ("tolower(proc.name) = Bash", SHELL, False),
        ("tolower(proc.name) in (nginx, Bash, bash)", SHELL, True),
        ("toupper(proc.name) startswith BA", SHELL, True),
        ("tolower(proc.exepath) regex '/usr/.*/bash'", SHELL, True),
        ("tolower(proc.exepath) glob /*/BASH", SHELL, False),
        ("tolower(proc.exepath) pmatch (/USR, /usr/bin)", SHELL, True),
        ("not tolower(proc.name) = bash", SHELL, False),
        ("tolower(proc.name) exists", SHELL, True),
        ("tolower(container.name) exists", SHELL, False),
        ("tolower(container.name) != x", SHELL, False),
        ("not tolower(container.name) = x", SHELL, True),
        ("basename(proc.exepath) = Bash", SHELL, True),
        ("basename(proc.exepath) = /usr/bin/Bash", SHELL, False),
        ("basename(fd.name) = Shadow", READ, True),
        ("basename(fd.name) = ''", {**READ, "path": "/etc/"}, True),
        ("basename(proc.name) = Bash", SHELL, True),
        ("tolower(basename(fd.name)) = shadow", READ, True),
        ("len(proc.name) = 4", SHELL, True),
        ("len(proc.name) = 5 or len(proc.name) < 4", SHELL, False),
        ("len(proc.name) in (3, 4)", SHELL, True),
        ("len(proc.args) = 7", SHELL, True),
        ("len(proc.args) = 0", {**SHELL, "cmdline": "bash"}, True),
        ("len(proc.args) >= 0", {**SHELL, "cmdline": None}, False),
        ("not len(proc.args) >= 0", {**SHELL, "cmdline": None}, True),
        ("len(container.name) != 3", SHELL, False),
        ("len(fd.name) = 4", {**READ, "path": "/é/"}, True),
        ("len(fd.filename) = 2", {**READ, "path": "/é"}, True),
        ("len(fd.filename) = 1", {**READ, "path": "/\\xff"}, True),
        ("len(fd.filename) = 4", {**READ, "path": "/\\x5cxff"}, True),
        ("toupper(fd.filename) = \"A\\xff\"", {**READ, "path": "/a\\xff"}, True),
        ("len(basename(fd.name)) = 6", READ, True),
        ("b64(k8s.ns.name) = id", {**SHELL, "namespace": "aWQ="}, True),
        ("b64(k8s.ns.name) = id", {**SHELL, "namespace": "aWQ"}, False),
        ("not b64(k8s.ns.name) exists", {**SHELL, "namespace": "?"}, True),
        ("concat(k8s.ns.name, '/', proc.name) = Shop/Bash", SHELL, True),
        ("concat(k8s.ns.name, container.name) exists", SHELL, False),
        ("join('-', (k8s.ns.name, user.uid, \"x\")) = Shop-0-x", SHELL, True),
        ("join(',', ()) = '' and proc.name exists", SHELL, True),
        ("len(join(', ', (proc.name, proc.name))) = 10", SHELL, True),
        ("proc.name = val(proc.pname)", SHELL, True),
        ("proc.name != val(proc.pname)", SHELL, False),
        ("proc.name = val(proc.pname)", {**SHELL, "comm": "bash"}, False),
        ("tolower(proc.name) = tolower(proc.pname)", {**SHELL, "comm": "bash"}, True),
        ("proc.name = val(proc.pname)", {**SHELL, "parent_image": None}, False),
        ("proc.name != val(proc.pname)", {**SHELL, "parent_image": None}, False),
        ("not proc.name = val(proc.pname)", {**SHELL, "parent_image": None}, True),
        ("proc.exepath endswith val(proc.name)", SHELL, True),
        ("proc.exepath icontains tolower(proc.name)", SHELL, True),
        ("proc.exepath contains tolower(proc.name)", SHELL, False),
        ("proc.name in val(proc.pname)", SHELL, True),
        ("proc.name = basename(fd.name)", READ, True),
        ("fd.name endswith val(proc.name)", READ, True),
        ("len(proc.pcmdline) > len(proc.name)", SHELL, True),
        ("len(proc.pcmdline) <= len(proc.name)", SHELL, False),
        ("fd.sport = val(fd.cport)", CALL, False),
        ("fd.sport > val(fd.cport)", CALL, True),
        ("fd.sport != val(fd.cport)", CALL, True),
        ("fd.sport >= val(fd.cport)", {**CALL, "src_port": None}, False),
        ("fd.sip = val(fd.cip)", CALL, True),
        ("fd.sip = val(fd.cip)", {**CALL, "dst_ip": "10.0.0.8"}, False),
        ("tolower(ka.user.groups) intersects (dev)", ASKED, True),
        ("ka.user.groups intersects (dev)", ASKED, False),
        ("tolower(ka.user.groups) in (dev, ops)", ASKED, True),
        ("tolower(ka.user.groups) in (dev)", ASKED, False),
        ("len(ka.user.groups) = 2", ASKED, True),
        ("len(ka.user.groups) > 2", ASKED, False),
        ("len(ka.user.groups) > 0", {**ASKED, "groups": None}, False),
        ("join('+', ka.user.groups) = Dev+ops", ASKED, True),
        ("ka.target.name = tolower(ka.user.name)", ASKED, True),
        ("ka.target.name = val(ka.user.name)", ASKED, False),
        ("len(ka.user.name) = 3", ASKED, True),
    ],
)  # fmt: skip
def test_what_a_condition_says_of_an_event(tmp_path: Path, condition: str, event: dict, right: bool):
    assert holds(tmp_path, condition, event) is right


REFUSED = {
    "tolower(user.uid) = x": "no text",
    "len(fd.sport) = 3": "no text",
    "basename(fd.sip) = x": "no text",
    "tolower(proc.aname) = x": "takes no transformer",
    "proc.name = val(proc.aname)": "takes no transformer",
    "fd.ip = val(fd.sip)": "takes no transformer",
    "len(evt.type) = 4": "takes no transformer",
    "evt.type = val(proc.name)": "takes no transformer",
    "len(container.id) = 12": "only with literals",
    "proc.name = val(user.uid)": "compares text with number",
    "proc.name < val(proc.pname)": "takes no field",
    "proc.name regex val(proc.pname)": "takes no field",
    "proc.name pmatch val(proc.pname)": "takes no field",
    "proc.name glob val(proc.pname)": "takes no field",
    "concat(proc.name) = x": "two or more",
    "concat(proc.name, (proc.name)) = x": "a list where concat() takes a text",
    "join('-', proc.name) = x": "a separator and a list",
    "join(('-'), (proc.name)) = x": "a separator and a list",
    "len(proc.name, proc.args) = x": "one field",
    "len((proc.name, proc.args)) = 2": "one field",
    "getopt(proc.args, 'nt:')[t] = x": "getopt() is not supported",
    "val(proc.name) = x": "does not parse",
    "shout(proc.name) = x": "does not parse",
    "tolower(proc.name = x": "does not parse",
    "proc.name = val(x": "does not parse",
    "proc.name in (val(proc.pname))": "does not parse",
    "len(proc.name) = many": "not a number",
    "len(evt.buffer) > 3": "needs evt.buffer",
    "proc.name = val(evt.buffer)": "needs evt.buffer",
    "tolower(proc.nam) = x": "did you mean 'proc.name'",
    "concat('a', 'b') = ab": "matches every event",
    f"{'tolower(' * 150}proc.name{')' * 150} = x": "nested more than",
}


@pytest.mark.parametrize("condition", REFUSED)
def test_what_is_not_supported_takes_the_whole_rule_and_says_so(tmp_path: Path, condition: str):
    rules, skipped = load(tmp_path, f"evt.type = execve and ({condition})")
    assert rules == []
    assert len(skipped) == 1 and REFUSED[condition] in skipped[0].reason


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("len(ka.user.groups) = 0", "does not tell it from absent"),
        ("len(ka.user.groups) < 3", "does not tell it from absent"),
        ("len(ka.user.name) <= 0", "does not tell it from absent"),
        ("tolower(ka.user.name) = ''", "does not tell it from absent"),
        ("tolower(ka.user.groups) = x", "is a list"),
        ("b64(ka.user.groups) intersects (x)", "b64() of a list"),
        ("ka.user.groups intersects val(ka.user.groups)", "comparing lists"),
        ("tolower(ka.uri.param[x]) = x", "only with literals"),
    ],
)
def test_lists_and_what_a_log_does_not_tell(tmp_path: Path, condition: str, reason: str):
    rules, skipped = load(tmp_path, condition, "k8s_audit")
    assert rules == [] and reason in skipped[0].reason


def test_an_exception_may_transform_its_field(tmp_path: Path):
    file = tmp_path / "rules.yaml"
    file.write_text(
        "- rule: r\n  condition: evt.type = execve\n  priority: NOTICE\n"
        "  exceptions: [{name: a, fields: [basename(proc.exepath)], values: [[Bash]]}]\n"
    )
    rules, skipped = load_falco([file])
    assert skipped == []
    assert matches(rules[0], [SHELL, {**SHELL, "exe": "/bin/zsh"}]) == [False, True]


@pytest.mark.parametrize(
    ("condition", "could", "why"),
    [
        ("len(container.name) > 3", False, "always null here: container_name"),
        ("proc.name = val(container.name)", False, "always null here: container_name"),
        ("concat(proc.name, container.name) = x", False, "always null here: container_name"),
        ("not len(container.name) > 3", True, None),
        ("tolower(user.name) = www-data", False, "names of users are known for root only"),
        ("tolower(user.name) = root", True, None),
        ("proc.name = val(user.name)", True, "partly: names of users"),
        ("len(user.name) = 4", True, "partly: names of users"),
    ],
)
def test_whether_it_could_match_is_said(tmp_path: Path, condition: str, could: bool, why: str | None):
    rules, _ = load(tmp_path, f"evt.type = execve and {condition}")
    rows = [{"kind": "exec", "exe": "/bin/sh", "comm": "sh", "uid": 1000}]
    could_match, reason = evaluate(capture_of(rows), rules).table.select("could_match", "why_not").row(0)
    assert could_match is could
    assert (reason is None) == (why is None) and (why or "") in (reason or "")
