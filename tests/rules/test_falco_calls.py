"""System calls that rules name: no event of another call of the same kind is taken for one of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtml.captures.sensors.calls import KIND_OF
from rtml.rules.falco.fields import system_calls
from rtml.rules.falco.loading import load_falco
from rtml.rules.language.examples import matches
from rtml.rules.running.evaluate import evaluate
from rtml.rules.sigma.loading import load
from tests.rules.conftest import capture_of


def rule_of(tmp_path: Path, condition: str):
    file = tmp_path / "rule.yaml"
    file.write_text(f"- rule: r\n  condition: {condition!r}\n  priority: NOTICE\n")
    rules, skipped = load_falco([file])
    assert skipped == []
    return rules[0]


@pytest.mark.parametrize(
    ("calls", "kind", "hits"),
    [
        ("symlink, symlinkat", "link", {"symlink": True, "symlinkat": True, "link": False, "linkat": False}),
        ("link, linkat", "link", {"symlink": False, "link": True, None: True}),
        ("setuid", "setuid", {"setuid": True, "setgid": False, "setresuid": False, None: True}),
        ("setgid", "setuid", {"setuid": False, "setgid": True}),
        ("rmdir", "unlink", {"rmdir": True, "unlinkat": False, "security_inode_unlink": True}),
        ("umount2", "mount", {"umount2": True, "mount": False}),
        ("umount2", "syscall", {"umount2": True, "pivot_root": False, None: False}),
        ("pivot_root", "mount", {"pivot_root": True, "mount": False}),
        ("fchmodat2", "chmod", {"fchmodat2": True, "chmod": False}),
        ("setfsuid", "setuid", {"setfsuid": True, "setuid": False}),
        ("tgkill", "kill", {"tgkill": True, "kill": False, "SIGKILL": True}),
        ("dup2", "dup", {"dup2": True, "dup3": False, "0": True}),
        ("mkdir, chroot", "syscall", {"mkdir": True, "chroot": True, "mkdirat": False}),
    ],
)
def test_another_call_of_the_kind_is_no_match(tmp_path, calls, kind, hits):
    rule = rule_of(tmp_path, f"evt.type in ({calls}) and proc.name = x")
    events = [{"kind": kind, "comm": "x", "request": request} for request in hits]
    assert matches(rule, events) == list(hits.values())
    other = rule_of(tmp_path, f"not evt.type in ({calls}) and proc.name = x")
    assert matches(other, events) == [not hit for hit in hits.values()]


@pytest.mark.parametrize("call", ["execveat", "openat2", "open_by_handle_at"])
def test_calls_that_events_do_not_tell_apart_are_refused_alone(tmp_path, call):
    file = tmp_path / "rule.yaml"
    file.write_text(f"- rule: r\n  condition: evt.type = {call} and proc.name = x\n  priority: NOTICE\n")
    rules, (told,) = load_falco([file])
    assert rules == [] and f"needs evt.type={call}, which no capture holds" in told.reason


def test_every_call_that_sensors_turn_into_a_kind_is_looked_for_there():
    hooks = ("sched_", "security_")
    lost = {call for call, kind in KIND_OF.items() if call not in system_calls(kind)}
    assert {call for call in lost if not call.startswith(hooks)} == set()


def account_of(tmp_path: Path, condition: str, *events: dict[str, object]):
    return evaluate(capture_of(list(events)), [rule_of(tmp_path, condition)]).table.row(0, named=True)


def test_a_call_that_the_capture_does_not_have_is_no_rule_without_findings(tmp_path):
    mkdir = {"kind": "syscall", "comm": "x", "request": "mkdir"}
    link = {"kind": "link", "comm": "x", "request": "link"}
    row = account_of(tmp_path, "evt.type in (chroot, keyctl) and proc.name = x", mkdir)
    assert (row["could_match"], row["why_not"]) == (False, "the capture has no chroot, keyctl events")
    row = account_of(tmp_path, "evt.type in (chroot, mkdir) and proc.name = y", mkdir)
    assert (row["could_match"], row["why_not"]) == (True, None)
    row = account_of(tmp_path, "evt.type in (chroot, link) and proc.name = y", mkdir)
    assert (row["could_match"], row["why_not"]) == (False, "the capture has no chroot, link events")
    row = account_of(tmp_path, "evt.type in (chroot, link) and proc.name = y", mkdir, link)
    assert (row["could_match"], row["why_not"]) == (True, None)
    row = account_of(tmp_path, "not evt.type in (chroot, keyctl) and proc.name = y", mkdir)
    assert row["could_match"]


def test_a_call_that_sigma_asks_for_in_vain_is_told_too(tmp_path):
    (tmp_path / "s.yml").write_text(
        "title: s\nlogsource: {product: linux, category: system_call}\n"
        "detection: {a: {SystemCall: [CHROOT, keyctl]}, condition: a}\n"
    )
    rules, _ = load([tmp_path / "s.yml"])
    event = {"kind": "syscall", "comm": "x", "request": "mkdir"}
    row = evaluate(capture_of([event]), rules).table.row(0, named=True)
    assert (row["could_match"], row["why_not"]) == (False, "the capture has no CHROOT, keyctl events")
    row = evaluate(capture_of([event, {**event, "request": "chroot"}]), rules).table.row(0, named=True)
    assert (row["could_match"], row["hits"]) == (True, 1)


RINGS = ["mkdirat", "io_uring mkdirat", "io_uring mkdir", "io_uring"]


def test_a_call_by_its_name_is_meant_too_where_a_ring_was_asked_for_it(tmp_path):
    events = [{"kind": "syscall", "comm": "x", "request": call, "path": "/srv/.x"} for call in RINGS]
    named = rule_of(tmp_path, "evt.type in (mkdir, mkdirat) and fs.path.name startswith /srv")
    assert matches(named, events) == [True, True, True, False]
    assert matches(rule_of(tmp_path, "evt.type = mkdirat and proc.name = x"), events) == [
        *[True, True],
        *[False, False],
    ]
    links = [{"kind": "unlink", "comm": "x", "request": f"io_uring {call}"} for call in ("unlinkat", "rmdir")]
    assert matches(rule_of(tmp_path, "evt.type = rmdir and proc.name = x"), links) == [False, True]
    assert matches(rule_of(tmp_path, "evt.type = unlinkat and proc.name = x"), links) == [True, False]


def test_sigma_and_the_account_mean_it_too(tmp_path):
    (tmp_path / "s.yml").write_text(
        "title: s\nlogsource: {product: linux, category: system_call}\n"
        "detection: {a: {SystemCall: [Mkdirat, chroot]}, condition: a}\n"
    )
    rules, _ = load([tmp_path / "s.yml"])
    event = {"kind": "syscall", "comm": "x", "request": "io_uring mkdirat"}
    row = evaluate(capture_of([event]), rules).table.row(0, named=True)
    assert (row["could_match"], row["hits"]) == (True, 1)
    row = evaluate(capture_of([{**event, "request": "io_uring statx"}]), rules).table.row(0, named=True)
    assert (row["could_match"], row["why_not"]) == (False, "the capture has no Mkdirat, chroot events")
