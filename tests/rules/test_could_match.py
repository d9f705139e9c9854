"""Whether a rule could match at all: what is null throughout, seen through the forms of Falco."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtml.rules import evaluate
from rtml.rules.falco.loading import load_falco
from rtml.rules.language.inputs import blank
from rtml.rules.language.views import VIEWS, dead_views
from tests.rules.conftest import capture_of
from tests.rules.sigma_text import rule as sigma_rule

ROWS = [
    {"kind": "exec", "exe": "/bin/sh", "comm": "sh", "cmdline": "sh -c id"},
    {"kind": "open", "path": "/etc/passwd", "result": 0},
    {"kind": "create", "path": "/tmp/x", "result": 0},
]
"""No working directory, no terminal, no image, no flags."""


def account(tmp_path: Path, condition: str) -> tuple[int, bool, str | None]:
    """Return hits of a Falco rule on `ROWS`, whether it could match, and why not."""
    file = tmp_path / "rule.yaml"
    file.write_text(f"- rule: r\n  condition: {condition!r}\n  priority: NOTICE\n")
    rules, skipped = load_falco([file])
    assert skipped == []
    table = evaluate(capture_of(ROWS), rules).table
    hits, could, why = table.select("hits", "could_match", "why_not").row(0)
    return hits, could, why


@pytest.mark.parametrize(
    ("condition", "missing"),
    [
        ("evt.type = execve and proc.cwd startswith /tmp", "cwd"),
        ("evt.type = execve and proc.tty != 0", "tty"),
        ("evt.type = execve and container.image.repository = nginx", "image"),
        ("evt.type = execve and proc.name = sh and proc.cwd = /tmp/", "cwd"),
        ("evt.type = open and fd.name = /etc/passwd and proc.name = cat", "comm, exe"),
        ("evt.type = open and (proc.exe = a or proc.cmdline = b)", "cmdline, comm, exe"),
    ],
)
def test_a_form_of_what_is_null_throughout_cannot_match(tmp_path: Path, condition: str, missing: str):
    assert account(tmp_path, condition) == (0, False, f"always null here: {missing}")


@pytest.mark.parametrize(
    ("condition", "hits"),
    [
        ("evt.type = execve and proc.name = sh", 1),
        ("evt.type = execve and (proc.cwd startswith /tmp or proc.name = bash)", 0),
        ("evt.type = execve and not proc.cwd startswith /tmp", 1),
        ("evt.type = execve and proc.cmdline startswith 'sh '", 1),
        ("evt.type = open and fd.num >= 0", 2),
        ("evt.type = open and evt.res = SUCCESS", 2),
        ("evt.type = creat and evt.arg.flags contains O_CREAT", 1),
    ],
)
def test_what_holds_or_needs_nothing_of_it_could_match(tmp_path: Path, condition: str, hits: int):
    assert account(tmp_path, condition) == (hits, True, None)


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_dead_exactly_when_it_is_null_where_all_it_needs_is(name: str):
    view = VIEWS[name]
    value = blank(view.needs).select(view.expression.alias(name))[name].item()
    assert (name in dead_views(set(view.needs))) == (value is None)
    assert (name in dead_views(set(view.needs[1:]))) == view.every


@pytest.mark.parametrize(
    "condition", ["evt.type = execve and container.id = host", "evt.type = execve and evt.type = open"]
)
def test_what_no_event_of_a_container_satisfies_cannot_match(tmp_path: Path, condition: str):
    assert account(tmp_path, condition) == (0, False, "no event of a container can satisfy it")


USERS = "names of users are known for root only, others by their number"
CLIENT = "the client's end of connections is not known here"


@pytest.mark.parametrize(
    ("condition", "could", "why"),
    [
        ("evt.type = execve and user.name = www-data", False, USERS),
        ("evt.type = execve and user.name in (www-data, nobody)", False, USERS),
        ("evt.type = execve and user.name startswith www", False, USERS),
        ("evt.type = execve and user.name in (root, www-data)", True, f"partly: {USERS}"),
        ("evt.type = execve and not user.name = www-data", True, f"partly: {USERS}"),
        ("evt.type = execve and (user.name = www-data or proc.name = sh)", True, f"partly: {USERS}"),
        ("evt.type = execve and user.name = root", True, None),
        ('evt.type = execve and user.name = "33"', True, None),
        ("evt.type = connect and fd.name startswith '10.0.0.1:'", False, CLIENT),
        ("evt.type = connect and fd.name = '10.0.0.1:5->192.0.2.1:80'", False, CLIENT),
        ("evt.type = connect and fd.name = '->192.0.2.1:80'", True, None),
        ("evt.type = connect and fd.name endswith '192.0.2.1:80'", True, None),
    ],
)
def test_a_field_that_stands_for_less_says_so(tmp_path: Path, condition: str, could: bool, why: str | None):
    rows = [
        {"kind": "exec", "exe": "/bin/sh", "comm": "sh", "uid": 33},
        {"kind": "connect", "dst_ip": "192.0.2.1", "dst_port": 80, "direction": "outbound"},
    ]
    file = tmp_path / "rule.yaml"
    file.write_text(f"- rule: r\n  condition: {condition!r}\n  priority: NOTICE\n")
    rules, skipped = load_falco([file])
    assert skipped == []
    row = evaluate(capture_of(rows), rules).table.row(0, named=True)
    assert (row["could_match"], row["why_not"]) == (could, why)


def test_where_the_client_is_known_its_end_is_looked_at(tmp_path: Path):
    rows = [{"kind": "connect", "src_ip": "10.0.0.1", "src_port": 5, "dst_ip": "192.0.2.1", "dst_port": 80}]
    file = tmp_path / "rule.yaml"
    file.write_text("- rule: r\n  condition: fd.name startswith '10.0.0.1:'\n  priority: NOTICE\n")
    row = evaluate(capture_of(rows), load_falco([file])[0]).table.row(0, named=True)
    assert (row["hits"], row["why_not"]) == (1, None)


@pytest.mark.parametrize(("user", "could", "why"), [("www-data", False, USERS), ("33", True, None)])
def test_a_user_of_sigma_says_so_too(user: str, could: bool, why: str | None):
    table = evaluate(
        capture_of([{"kind": "exec", "exe": "/bin/sh", "uid": 33}]), [sigma_rule({"User": user})]
    ).table
    assert table.select("could_match", "why_not").rows() == [(could, why)]
