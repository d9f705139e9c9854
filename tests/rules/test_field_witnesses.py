"""Every mapped field has a witness: an event of a kind that carries it, on which a rule about it is true.

A field that is mapped to a column which the events it stands for never have would be a rule that says
"could match, 0 hits" for ever. The suite runs over the registries: a new field without a witness fails.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures.audit import AUDIT
from rtml.rules.falco.audit_fields import _GUARDS, audit_field
from rtml.rules.falco.audit_fields import _data as audit_data
from rtml.rules.falco.fields import MISSING, _data, field_of
from rtml.rules.falco.loading import load_falco
from rtml.rules.language.columns import DERIVED, LISTS, TYPES
from rtml.rules.language.examples import _frame, matches
from rtml.rules.language.inputs import input_of
from rtml.rules.language.views import VIEWS, sources
from rtml.rules.sigma.mapping import log_sources
from rtml.schema import KINDS
from rtml.text import SEPARATOR
from tests.rules.sigma_text import rule as sigma_rule

START = dt.datetime(2026, 1, 1, 10, tzinfo=dt.UTC)
WHO = {
    "time": START,
    "started": START - dt.timedelta(seconds=9),
    "sensor": "x",
    "host": "node-1",
    "container_id": "c1",
    "container_name": "web-1",
    "image": "shop/web:1.2",
    "image_digest": "sha256:0123456789ab",
    "namespace": "shop",
    "pod": "web-abc",
    "workload": "web",
    "service_account": "shop/web",
    "pid": 7,
    "ppid": 6,
    "uid": 0,
    "euid": 0,
    "exe": "/usr/bin/curl",
    "comm": "curl",
    "cmdline": "curl -s example.org",
    "cwd": "/srv",
    "tty": "pts/0",
    "result": 0,
    "parent_image": "/usr/sbin/nginx",
    "parent_cmdline": "nginx -g x",
    "ancestors": [f"/usr/bin/a{n}" for n in range(1, 9)],
}
ENDS = {"src_ip": "10.0.0.7", "src_port": 40_000, "dst_ip": "192.0.2.9", "dst_port": 443, "protocol": "tcp"}
FILE = {"path": "/etc/passwd", "flags": "O_RDWR|O_CREAT", "mode": 0o4755}
EVENTS: dict[str, list[dict[str, Any]]] = {
    "exec": [{"exe_sha256": "ab" * 32, "exe_memory": True, "exe_written": START}],
    "open": [{**FILE, "wrote": False}, {**FILE, "wrote": True}],
    "create": [FILE],
    "write": [FILE],
    "connect": [
        {**ENDS, "direction": "outbound", "domain": "example.org", "bytes_out": 7, "bytes_in": 9},
        {"socket_path": "/run/x.sock"},
    ],
    "accept": [{**ENDS, "direction": "inbound", "domain": "example.org"}],
    "bind": [{"src_ip": "10.0.0.7", "src_port": 80, "protocol": "tcp"}, {"socket_path": "/run/x.sock"}],
    "listen": [{"src_ip": "10.0.0.7", "src_port": 80, "protocol": "tcp"}, {"socket_path": "/run/x.sock"}],
    "dns": [{**ENDS, "domain": "example.org", "query_type": "A", "answers": ["192.0.2.9"]}],
    "dup": [{**ENDS, "request": "0"}],
    "rename": [{"path": "/tmp/a", "path_to": "/tmp/b"}],
    "link": [{"path": "/tmp/a", "path_to": "/tmp/b"}],
    "unlink": [{"path": "/tmp/a"}],
    "chmod": [{"path": "/tmp/a", "mode": 0o4755}],
    "mount": [{"path": "/mnt", "flags": "MS_BIND"}],
    "ptrace": [{"request": "ATTACH", "target_pid": 9}],
    "vm_write": [{"request": "process_vm_writev", "target_pid": 9}],
    "memfd": [{"path": "memfd:x"}],
    "module_load": [{"request": "finit_module", "path": "/tmp/x.ko"}],
    "unshare": [{"request": "unshare", "flags": "CLONE_NEWUSER"}],
    "setns": [{"request": "setns", "flags": "CLONE_NEWNET"}],
    "kill": [{"request": "SIGKILL", "target_pid": 9}],
    "setuid": [{"request": "setuid"}],
    "syscall": [{"request": "chroot", "path": "/mnt"}, {"request": "mkdir", "path": "/srv/new"}],
}
"""Per kind an event of every shape that sensors write, with all that they can know."""
AUDITED = {
    name: True
    if kind == pl.Boolean
    else 201
    if kind == pl.Int32
    else ["a"]
    if kind == pl.List(pl.String)
    else "a"
    for name, kind in AUDIT.items()
    if name not in ("host", "seq", "stage_time", "received", "cut")
} | {
    "verb": "create",
    "resource": "pods",
    "images": ["shop/web:1"],
    "uri": "/api/v1/namespaces/shop/pods/web/exec?command=%73h&stdin=true",
    "role": "ClusterRole/admin",
    "subjects": ["User:alice", "Group:ops", "ServiceAccount:shop/web"],
    "cluster": "prod",
}
BY_LITERAL = {
    "fd.num": "fd.num >= 0",
    "proc.tty": "proc.tty != 0",
    "proc.duration": "proc.duration > 5000000000",
    "container.id": "container.id != host",
    "evt.num": "not evt.num = 0",
    "evt.dir": "evt.dir = <",
    "evt.source": "evt.source = syscall",
}
"""Fields that can be compared with a few values only: a test that they can pass."""


def events_of(kind: str) -> list[dict[str, Any]]:
    if kind == "audit":
        return [{"kind": "audit", **AUDITED}]
    return [{"kind": kind, **WHO, **more} for more in EVENTS.get(kind, [{}])]


def value_in(event: dict[str, Any], column: str) -> Any:
    """What rules see in a column of an event; null where the event has none."""
    needed = sorted(sources([column]))
    frame = _frame([event]).select(input_of(name).alias(name) for name in needed)
    value = frame.select(VIEWS[column].expression if column in VIEWS else pl.col(column)).item()
    many = column in LISTS and isinstance(value, str)
    return value.split(SEPARATOR)[0] if many else value


def seen(kinds: tuple[str, ...], column: str) -> tuple[dict[str, Any], Any]:
    """An event of one of these kinds that has the column, and its value there."""
    for kind in kinds:
        for event in events_of(kind):
            value = value_in(event, column)
            if value is not None:
                return event, value
    raise AssertionError(f"no event of kind {' or '.join(kinds)} has {column}: the field has no witness")


FALCO = [
    (name, kinds or ("exec",), column)
    for name in _data()["fields"]
    for kinds, column in field_of(name, None).columns
] + [
    (f"{name}[{n}]", ("exec",), field_of(name, str(n)).columns[0][1])
    for name in ("proc.aname", "proc.aexe", "proc.aexepath")
    for n in range(9)
]


def falco_hits(folder: Path, condition: str, event: dict[str, Any], source: str = "syscall") -> bool:
    file = folder / "rule.yaml"
    file.write_text(f"- rule: r\n  condition: |\n    {condition}\n  priority: NOTICE\n  source: {source}\n")
    rules, skipped = load_falco([file])
    assert not skipped, skipped
    return matches(rules[0], [event]) == [True]


def quoted(value: Any) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value).lower()


@pytest.mark.parametrize(("field", "kinds", "column"), FALCO, ids=[f"{f}-{c}" for f, _, c in FALCO])
def test_a_field_of_falco_is_true_of_some_event(
    tmp_path: Path, field: str, kinds: tuple[str, ...], column: str
):
    for kind in kinds:
        event, value = seen((kind,), column)
        assert falco_hits(tmp_path, f"{field} exists", event)
        assert falco_hits(tmp_path, BY_LITERAL.get(field, f"{field} = {quoted(value)}"), event), (kind, value)


@pytest.mark.parametrize("field", _data()["constants"])
def test_a_constant_field_of_falco_is_true_of_some_event(tmp_path: Path, field: str):
    assert falco_hits(tmp_path, f"proc.name = curl and {BY_LITERAL[field]}", events_of("exec")[0])


def test_every_system_call_of_falco_is_an_event(tmp_path: Path):
    for kind, calls in _data()["kinds"].items():
        for call in calls.split():
            condition = f"evt.type = {call} and proc.name = curl"
            if call in _data()["rare"].split():
                condition = f"evt.type in ({calls.replace(' ', ',')}) and proc.name = curl"
            assert falco_hits(tmp_path, condition, {**events_of(kind)[0], "request": call}), call


def test_what_no_capture_holds_is_no_field_too():
    data = _data()
    missing = data["missing"].split()
    assert not set(missing) & {*data["fields"], *data["constants"]} and len(missing) == len(set(missing))
    assert all(field_of(name, None).columns[0][1].startswith(MISSING) for name in missing)
    kinds = {
        kind
        for entry in data["fields"].values()
        if isinstance(entry, dict)
        for k in entry
        for kind in k.split()
    }
    assert kinds <= set(KINDS)


OF_AUDIT = [name for group in _GUARDS for name in audit_data()[group]]
ARGUMENTS = {
    "ka.uri.param": ("ka.uri.param[command]", "sh"),
    "ka.req.volume.hostpath": ("ka.req.volume.hostpath[a*]", "true"),
}


@pytest.mark.parametrize("name", OF_AUDIT)
def test_a_field_of_the_audit_log_is_true_of_some_event(tmp_path: Path, name: str):
    (event,) = events_of("audit")
    field, value = ARGUMENTS.get(name, (name, None))
    found = audit_field(*split(field))
    if value is None:
        value = value_in(event, found.columns[0][1])
        assert value is not None, f"{field} has no witness"
    tests = [f"{field} {how} ({quoted(value)})" for how in ("in", "intersects")]
    tests += [] if found.listed else [f"{field} = {quoted(value)}"]
    for test in tests:
        if not found.literals or any(literal.split()[0] in test.split() for literal in found.literals):
            assert falco_hits(tmp_path, test, event, "k8s_audit"), test
            assert not falco_hits(tmp_path, test, {"kind": "audit"}, "k8s_audit"), test
    assert falco_hits(tmp_path, f"{field} exists", event, "k8s_audit")
    assert falco_hits(tmp_path, f"not {field} exists", {"kind": "audit"}, "k8s_audit")


@pytest.mark.parametrize("field", audit_data()["constants"])
def test_a_constant_field_of_the_audit_log_is_true_of_some_event(tmp_path: Path, field: str):
    (event,) = events_of("audit")
    value = audit_data()["constants"][field]
    compared = f"not {field} = 0" if field in audit_data()["literals"] else f"{field} = {value}"
    assert falco_hits(tmp_path, f"ka.verb = create and {field} exists and {compared}", event, "k8s_audit")


def split(field: str) -> tuple[str, str | None]:
    name, bracket, argument = field.partition("[")
    return name, argument.removesuffix("]") if bracket else None


def test_what_no_audit_log_holds_is_no_field_too():
    missing = audit_data()["missing"].split()
    assert not set(missing) & set(OF_AUDIT) and len(missing) == len(set(missing))
    assert all(audit_field(name, None).columns[0][1].startswith(MISSING) for name in missing)


SIGMA = [
    (category, name, column)
    for category, source in log_sources().items()
    for name, columns in source.fields.items()
    for column in columns.split()
]


@pytest.mark.parametrize(("category", "field", "column"), SIGMA, ids=[f"{c}-{f}-{x}" for c, f, x in SIGMA])
def test_a_field_of_sigma_is_true_of_some_event(category: str, field: str, column: str):
    source = log_sources()[category]
    kinds = (*source.kinds, *source.more_kinds.get(field, ()))
    more: dict[str, Any] = {}
    if "/" in category:
        product, service = category.split("/")
        more = {"logsource": {"product": product, "service": service}}
    found = []
    for kind in kinds:
        for event in events_of(kind):
            value = value_in(event, column)
            if value is not None:
                one = sigma_rule({field: value}, category, **more)
                found.append(matches(one, [event]) == [True])
    assert any(found), f"{field} of {category}: {len(found)} events have {column}, none is a witness"


def test_every_column_that_a_field_names_is_one():
    known = {*TYPES, *DERIVED, *VIEWS, "parent_image", "parent_cmdline", "ancestors"}
    assert {column for *_, column in [*FALCO, *SIGMA]} <= known
