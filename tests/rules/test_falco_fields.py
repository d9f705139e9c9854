"""Fields of Falco: what its paths of file operations mean; none of its documented ones is unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtml.rules.falco.fields import MISSING, field_of
from rtml.rules.falco.loading import load_falco
from rtml.rules.language.examples import matches
from rtml.rules.running.evaluate import evaluate
from tests.rules.conftest import capture_of

LINK = {"kind": "link", "request": "symlink", "path": "passwd", "path_to": "/tmp/l", "cwd": "/etc"}
MOVE = {"kind": "rename", "request": "rename", "path": "/a", "path_to": "b", "cwd": "/c"}
MKDIR = {"kind": "syscall", "request": "mkdir", "path": "d", "cwd": "/srv"}
OPEN = {"kind": "open", "path": "/etc/shadow"}
GONE = {"kind": "unlink", "request": "unlinkat", "path": "x", "cwd": "/srv"}
MOUNT = {"kind": "mount", "request": "mount", "path": "/mnt"}


def rule_of(tmp_path: Path, condition: str):
    (tmp_path / "rule.yaml").write_text(f"- rule: r\n  condition: {condition!r}\n  priority: NOTICE\n")
    rules, skipped = load_falco([tmp_path / "rule.yaml"])
    assert skipped == []
    return rules[0]


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        (LINK, {"source": "/tmp/l", "target": "/etc/passwd", "sourceraw": "/tmp/l", "targetraw": "passwd"}),
        (MOVE, {"source": "/a", "target": "/c/b", "sourceraw": "/a", "targetraw": "b"}),
        (MKDIR, {"name": "/srv/d", "nameraw": "d"}),
        ({**MKDIR, "request": "access"}, {}),
        (OPEN, {"name": "/etc/shadow", "nameraw": "/etc/shadow"}),
        (GONE, {"name": "/srv/x", "nameraw": "x"}),
        (MOUNT, {"target": "/mnt", "targetraw": "/mnt"}),
    ],
)
def test_paths_of_file_operations_are_those_of_falco(tmp_path, event, fields):
    for part in ("name", "nameraw", "source", "sourceraw", "target", "targetraw"):
        field = f"fs.path.{part}"
        there = rule_of(tmp_path, f"evt.type exists and {field} exists")
        assert (event["kind"] in there.kinds and matches(there, [event]) == [True]) == (part in fields), part
        if part in fields:
            rule = rule_of(tmp_path, f"{field} = {fields[part]}")
            assert matches(rule, [event, {**event, "result": -13}]) == [True, False], part


def test_a_call_without_any_path_in_the_capture_could_not_match(tmp_path):
    rule = rule_of(tmp_path, "evt.type = mkdir and fs.path.name startswith /etc")
    events = [{key: value for key, value in MKDIR.items() if key != "path"}]
    row = evaluate(capture_of(events), [rule]).table.row(0, named=True)
    assert (row["could_match"], row["why_not"]) == (False, "always null here: file")


@pytest.mark.parametrize(
    "field",
    [
        *("evt.arg.foo", "evt.arg[0]", "evt.rawarg.uid", "evt.type.is.open", "thread.cgroup.cpuacct"),
        *("container.label.team", "k8s.pod.label[app.kubernetes.io/name]", "k8s.deployment.label.a"),
        *("proc.pgid.name", "proc.vpgid.exepath", "fdlist.names", "evt.is_open_create", "proc.aenv[HOME]"),
    ],
)
def test_what_falco_knows_and_no_capture_holds_is_not_called_unknown(tmp_path, field):
    (tmp_path / "r.yaml").write_text(
        f"- rule: r\n  condition: evt.type = execve and {field} = x\n  priority: NOTICE\n"
    )
    rules, (told,) = load_falco([tmp_path / "r.yaml"])
    assert rules == [] and f"needs {field}, which no capture holds" in told.reason
    name, _, argument = field.partition("[")
    columns = field_of(name, argument.rstrip("]") or None).columns
    assert all(column.startswith(MISSING) for _, column in columns)


def test_what_an_ancestor_called_itself_is_not_its_path(tmp_path):
    event = {"kind": "exec", "comm": "id", "ancestors": ["/usr/bin/bash", "/usr/sbin/nginx"]}
    for field in ("proc.aexe", "proc.aexe[1]"):
        rule = rule_of(tmp_path, f"evt.type = execve and {field} endswith bin/bash")
        assert matches(rule, [event]) == [True]
        bare = rule_of(tmp_path, f"evt.type = execve and {field} in (bash, -bash)")
        row = evaluate(capture_of([event]), [bare]).table.row(0, named=True)
        assert not row["could_match"] and "argv[0]" in row["why_not"]
